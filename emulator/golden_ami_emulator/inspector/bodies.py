"""Findings given as data, without the resource that carries them.

The data has the shape of `aws inspector2 list-findings`; any member may be missing. Beside a finding's own members an
optional member `details` holds what BatchGetFindingDetails adds: `cisaData` (dateAdded, dateDue, action) marks a
vulnerability that CISA lists as known exploited, `cwes`, `ttps`, `tools`, `evidences`, `referenceUrls`, `riskScore`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from golden_ami_emulator.inspector.wire import conform, output_member

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")
# What belongs to the resource that carries the finding, not to the finding's data.
_OF_THE_RESOURCE = frozenset({"findingArn", "awsAccountId", "resources", "status"})


@dataclass(frozen=True)
class Body:
    """One finding of the data, without a resource: its members in JSON form, its details, and its identity."""

    key: str
    members: Mapping[str, Any]
    details: Mapping[str, Any]

    @property
    def vulnerability(self) -> str:
        """CVE id, or the empty string."""
        return str(self.members.get("packageVulnerabilityDetails", {}).get("vulnerabilityId", ""))


def bodies(findings: Iterable[Mapping[str, Any]]) -> list[Body]:
    """The findings of an image. Two with one ARN in the data are one finding, listed twice."""
    return [_body(finding, number) for number, finding in enumerate(findings)]


def _body(finding: Mapping[str, Any], number: int) -> Body:
    members = conform(finding, output_member("inspector2", "ListFindings", "findings"))
    members = {name: value for name, value in members.items() if name not in _OF_THE_RESOURCE}
    members.setdefault("type", "PACKAGE_VULNERABILITY")
    members.setdefault("severity", "UNTRIAGED")
    members.setdefault("remediation", {"recommendation": {"text": "None Provided"}})
    if not members.get("description"):
        members["description"] = members.get("title") or "None Provided"
    details = conform(
        finding.get("details") or {}, output_member("inspector2", "BatchGetFindingDetails", "findingDetails")
    )
    return Body(str(finding.get("findingArn") or number), members, details)


def digest(*parts: str) -> str:
    """32 hexadecimal digits that depend on the parts alone."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def counts(findings: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many distinct findings there are, by severity and as TOTAL."""
    found = dict.fromkeys((*SEVERITIES, "TOTAL"), 0)
    for severity in {finding["findingArn"]: str(finding["severity"]) for finding in findings}.values():
        found[severity] = found.get(severity, 0) + 1
        found["TOTAL"] += 1
    return found
