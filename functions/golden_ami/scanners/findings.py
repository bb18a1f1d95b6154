"""Findings of every engine and form as one: `models.Finding`. Pure, and total: any member may be missing or odd.

Forms read here: inspector2 ListFindings (and the EventBridge events, whose dates are not ISO 8601), ec2
GetImageFindings, inspector2 GetCisScanResultDetails, and Inspector Classic's DescribeFindings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from msgspec.structs import replace

from golden_ami import times
from golden_ami.models import SEVERITIES, Finding, Package, Severity

LIST_FINDINGS = "inspector2:ListFindings"
FINDING_EVENT = "EventBridge:OnDemand AMI Scan Findings"
IMAGE_FINDINGS = "ec2:GetImageFindings"
CIS_RESULTS = "inspector2:GetCisScanResultDetails"
DESCRIBE_FINDINGS = "inspector:DescribeFindings"

# A CIS check has no severity, only a profile level: 1 is the base, 2 is defence in depth. Both stay below the default
# threshold, so that asking for a benchmark does not by itself fail every image.
_CIS_SEVERITY: dict[str, Severity] = {"LEVEL_1": "MEDIUM", "LEVEL_2": "LOW"}
_MAYBE_UNKNOWN = frozenset("nN ")  # how a placeholder begins
_TYPES = ("PACKAGE_VULNERABILITY", "NETWORK_REACHABILITY", "CODE_VULNERABILITY")


def from_inspector(raw: object, source: str = LIST_FINDINGS) -> Finding:
    """A finding of Amazon Inspector, as listed or as the detail of an event."""
    finding = _map(raw)
    package = _map(finding.get("packageVulnerabilityDetails"))
    code = _map(finding.get("codeVulnerabilityDetails"))
    network = _map(finding.get("networkReachabilityDetails"))
    recommendation = _map(_map(finding.get("remediation")).get("recommendation"))
    exploit = _map(finding.get("exploitabilityDetails"))
    vulnerability = _text(package.get("vulnerabilityId")) or _text(code.get("ruleId")) or _text(code.get("detectorId"))
    return Finding(
        arn=_arn(finding.get("findingArn"), finding),
        severity=severity(finding.get("severity")),
        title=_text(finding.get("title")) or vulnerability or _text(finding.get("type")) or "untitled",
        type=_type(finding, package, network, code),
        source=source,
        vulnerability_id=vulnerability,
        description=_text(finding.get("description")),
        score=_score(finding, package),
        epss=_number(_map(finding.get("epss")).get("score")),
        exploit_available=finding.get("exploitAvailable") in ("YES", True),
        last_known_exploit_at=times.read(exploit.get("lastKnownExploitAt")),
        fix_available=_fix(finding.get("fixAvailable")),
        first_observed_at=times.read(finding.get("firstObservedAt")),
        packages=[_package(one) for one in _list(package.get("vulnerablePackages")) if isinstance(one, Mapping)],
        network=_network(network) if network else None,
        urls=_urls(package, code, recommendation),
        cwes=_texts(code.get("cwes")),
        remedy=_known(recommendation.get("text")),
    )


def with_details(finding: Finding, raw: object) -> Finding:
    """The finding with what BatchGetFindingDetails adds: CISA KEV dates, CWEs, EPSS, last exploit, addresses."""
    details = _map(raw)
    cisa = _map(details.get("cisaData"))
    exploit = _map(details.get("exploitObserved"))
    epss = _number(details.get("epssScore"))
    return replace(
        finding,
        known_exploited_since=times.read(cisa.get("dateAdded")) or finding.known_exploited_since,
        known_exploited_due=times.read(cisa.get("dateDue")) or finding.known_exploited_due,
        last_known_exploit_at=finding.last_known_exploit_at or times.read(exploit.get("lastSeen")),
        cwes=list(dict.fromkeys([*finding.cwes, *_texts(details.get("cwes"))])),
        urls=list(dict.fromkeys([*finding.urls, *_texts(details.get("referenceUrls"))])),
        epss=epss if finding.epss is None else finding.epss,
    )


def from_image_row(raw: object, image_id: str) -> Finding:
    """A row of ec2 GetImageFindings: fewer members, no ARN; its identity is the image, title and snapshot."""
    row = _map(raw)
    title = _text(row.get("Title")) or "untitled"
    paths = _texts(row.get("Paths"))
    snapshot = _text(row.get("SnapshotId"))
    vulnerability, _, package = title.partition(" - ")
    fix = row.get("FixAvailable")
    return Finding(
        arn=f"{image_id}/image-finding/{_digest(title, snapshot, *paths)}",
        severity=severity(row.get("SeverityLabel")),
        title=title,
        type="PACKAGE_VULNERABILITY",
        source=IMAGE_FINDINGS,
        vulnerability_id=vulnerability if vulnerability.startswith(("CVE-", "GHSA-", "ALAS")) else "",
        score=_number(row.get("Score")),
        fix_available="" if fix is None else "YES" if fix else "NO",
        first_observed_at=times.read(row.get("FirstObservedAt")),
        packages=[Package(name=name.strip(), path=paths[0] if paths else "") for name in package.split(",") if name],
    )


def from_cis(raw: object, instance_id: str) -> Finding:
    """A failed check of a CIS benchmark (a member of GetCisScanResultDetails)."""
    check = _map(raw)
    check_id = _text(check.get("checkId"))
    return Finding(
        arn=_text(check.get("findingArn")) or f"{instance_id}/cis/{check_id or _digest(repr(sorted(map(str, check))))}",
        severity=_CIS_SEVERITY.get(_text(check.get("level")), "MEDIUM"),
        title=_text(check.get("title")) or check_id or "untitled",
        type="CIS",
        source=CIS_RESULTS,
        vulnerability_id=check_id,
        description=_text(check.get("checkDescription")) or _text(check.get("statusReason")),
        remedy=_known(check.get("remediation")),
    )


def from_classic(raw: object) -> Finding:
    """A finding of Inspector Classic. It has no CRITICAL; Undefined is UNTRIAGED."""
    finding = _map(raw)
    attributes = {
        _text(one.get("key")).upper(): _text(one.get("value"))
        for one in map(_map, _list(finding.get("attributes")))
        if one.get("key")
    }
    package = attributes.get("PACKAGE_NAME", "")
    score = attributes.get("CVSS3_SCORE") or attributes.get("CVSS2_SCORE") or finding.get("numericSeverity")
    return Finding(
        arn=_arn(finding.get("arn"), finding),
        severity=severity(finding.get("severity")),
        title=_text(finding.get("title")) or _text(finding.get("id")) or "untitled",
        type="CLASSIC",
        source=DESCRIBE_FINDINGS,
        vulnerability_id=attributes.get("CVE_ID") or _text(finding.get("id")),
        description=_text(finding.get("description")),
        score=_number(score),
        first_observed_at=times.read(finding.get("createdAt")),
        packages=[Package(name=package)] if package else [],
        remedy=_known(finding.get("recommendation")),
    )


def severity(value: object) -> Severity:
    """Any engine's word for a severity; what is unknown is UNTRIAGED, never dropped."""
    word = _text(value).upper()
    return word if word in SEVERITIES else "UNTRIAGED"


def _type(finding: Mapping[str, Any], package: object, network: object, code: object) -> str:
    told = _text(finding.get("type"))
    if told in _TYPES:
        return told
    if network:
        return "NETWORK_REACHABILITY"
    return "CODE_VULNERABILITY" if code and not package else "PACKAGE_VULNERABILITY"


def _score(finding: Mapping[str, Any], package: Mapping[str, Any]) -> float | None:
    inspector = _number(finding.get("inspectorScore"))
    if inspector is not None:
        return inspector
    bases = [_number(_map(one).get("baseScore")) for one in _list(package.get("cvss"))]
    return max((base for base in bases if base is not None), default=None)


def _package(raw: Mapping[str, Any]) -> Package:
    return Package(
        name=_text(raw.get("name")) or "unnamed",
        version=_version(raw),
        fixed_in=_known(raw.get("fixedInVersion")),
        architecture=_text(raw.get("arch")),
        manager=_text(raw.get("packageManager")),
        path=_text(raw.get("filePath")),
        remediation=_known(raw.get("remediation")),
    )


def _version(raw: Mapping[str, Any]) -> str:
    """As package managers write it, `epoch:version-release`, to be comparable with the fixed version."""
    version, release, epoch = _text(raw.get("version")), _text(raw.get("release")), raw.get("epoch")
    full = f"{version}-{release}" if version and release else version
    return f"{epoch}:{full}" if full and isinstance(epoch, int) and epoch > 0 else full


def _network(raw: Mapping[str, Any]) -> dict[str, str]:
    ports = _map(raw.get("openPortRange"))
    begin, end = ports.get("begin"), ports.get("end")
    steps = [_map(step) for step in _list(_map(raw.get("networkPath")).get("steps"))]
    path = " > ".join(_text(step.get("componentId")) for step in steps if step.get("componentId"))
    span = "" if begin is None and end is None else str(begin) if begin == end else f"{begin}-{end}"
    return {"protocol": _text(raw.get("protocol")), "ports": span, "path": path}


def _urls(*holders: Mapping[str, Any]) -> list[str]:
    found = []
    for holder in filter(None, holders):
        found += [_text(holder.get("sourceUrl")), *_texts(holder.get("referenceUrls")), _text(holder.get("Url"))]
    return [url for url in dict.fromkeys(found) if url]


def _fix(value: object) -> Literal["YES", "NO", "PARTIAL", ""]:
    return value if value in ("YES", "NO", "PARTIAL") else ""


def _arn(value: object, finding: Mapping[str, Any]) -> str:
    return _text(value) or f"no-arn/{_digest(repr(sorted((str(k), str(v)) for k, v in finding.items())))}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _known(value: object) -> str:
    """Text, but "" for the placeholders that Inspector writes when it knows nothing."""
    text = _text(value)
    if text[:1] not in _MAYBE_UNKNOWN:
        return text
    return "" if text.replace(" ", "").lower() in ("notavailable", "noneprovided") else text


def _text(value: object) -> str:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()  # no lone surrogates
    return ""


def _texts(value: object) -> list[str]:
    return [_text(one) for one in value if isinstance(one, str) and one] if isinstance(value, list) else []


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 1e9 else None  # also leaves out NaN and infinities, which JSON cannot hold


def _map(value: object) -> Mapping[str, Any]:
    if isinstance(value, dict):  # nearly all are, and it is known sooner than of any Mapping
        return value
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
