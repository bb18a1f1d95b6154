"""Findings of instances as `models.Finding`: details that are asked for apart, and failed checks of a CIS benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from golden_ami import times
from golden_ami.engines.findings import digest, known, mapping, number, text, texts
from golden_ami.models import Finding, Severity

CIS_RESULTS = "inspector2:GetCisScanResultDetails"
# A CIS check has no severity, only a profile level: 1 is the base, 2 is defence in depth. Both stay below the default
# threshold, so that asking for a benchmark does not by itself fail every image.
_CIS_SEVERITY: dict[str, Severity] = {"LEVEL_1": "MEDIUM", "LEVEL_2": "LOW"}


def with_details(finding: Finding, raw: object) -> Finding:
    """The finding with what BatchGetFindingDetails adds: CISA KEV dates, CWEs, EPSS, last exploit, addresses."""
    details = mapping(raw)
    cisa = mapping(details.get("cisaData"))
    exploit = mapping(details.get("exploitObserved"))
    epss = number(details.get("epssScore"))
    return replace(
        finding,
        known_exploited_since=_listed_since(cisa) or finding.known_exploited_since,
        known_exploited_due=times.read(cisa.get("dateDue")) or finding.known_exploited_due,
        last_known_exploit_at=finding.last_known_exploit_at or times.read(exploit.get("lastSeen")),
        cwes=list(dict.fromkeys([*finding.cwes, *texts(details.get("cwes"))])),
        urls=list(dict.fromkeys([*finding.urls, *texts(details.get("referenceUrls"))])),
        epss=epss if finding.epss is None else finding.epss,
    )


def _listed_since(cisa: Mapping[str, Any]) -> str:
    """Since when CISA lists it, of a finding with `cisaData`; today, when that does not say."""
    return (times.read(cisa.get("dateAdded")) or times.iso(times.now())) if cisa else ""


def without_details(finding: Finding) -> Finding:
    """The finding when BatchGetFindingDetails has no answer: nobody says whether CISA lists it."""
    return replace(finding, unanswered=[*finding.unanswered, "knownExploited"])


def from_cis(raw: object, instance_id: str) -> Finding:
    """A failed check of a CIS benchmark (a member of GetCisScanResultDetails)."""
    check = mapping(raw)
    check_id = text(check.get("checkId"))
    return Finding(
        arn=text(check.get("findingArn")) or f"{instance_id}/cis/{check_id or digest(repr(sorted(map(str, check))))}",
        severity=_CIS_SEVERITY.get(text(check.get("level")), "MEDIUM"),
        title=text(check.get("title")) or check_id or "untitled",
        type="CIS",
        source=CIS_RESULTS,
        vulnerability_id=check_id,
        description=text(check.get("checkDescription")) or text(check.get("statusReason")),
        remedy=known(check.get("remediation")),
    )
