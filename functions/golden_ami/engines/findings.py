"""Amazon Inspector's findings as `models.Finding`, and how members of any engine's findings are read.

Pure, and total: any member may be missing or odd. Forms read here: inspector2 ListFindings, and the EventBridge events,
whose dates are not ISO 8601.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Literal

from golden_ami import times
from golden_ami.models import END_OF_SUPPORT, SEVERITIES, Finding, Package, Severity

LIST_FINDINGS = "inspector2:ListFindings"

# From which score on a severity is given: Inspector User Guide, "Severity levels for Amazon Inspector findings".
_RATINGS: tuple[tuple[Severity, float], ...] = (
    ("CRITICAL", 9.0),
    ("HIGH", 7.0),
    ("MEDIUM", 4.0),
    ("LOW", 0.1),
)
_MAYBE_UNKNOWN = frozenset("nN ")  # how a placeholder begins
_OUT_OF_SUPPORT = re.compile(
    r"end[ -]of[ -](life|(standard )?support)|\bEO[LS]\b|no longer supported|out of support|discontinued", re.IGNORECASE
)
_TYPES = ("PACKAGE_VULNERABILITY", "NETWORK_REACHABILITY", "CODE_VULNERABILITY")


def from_inspector(raw: object, source: str = LIST_FINDINGS) -> Finding:
    """A finding of Amazon Inspector, as listed or as the detail of an event."""
    finding = mapping(raw)
    package = mapping(finding.get("packageVulnerabilityDetails"))
    code = mapping(finding.get("codeVulnerabilityDetails"))
    network = mapping(finding.get("networkReachabilityDetails"))
    recommendation = mapping(mapping(finding.get("remediation")).get("recommendation"))
    exploit = mapping(finding.get("exploitabilityDetails"))
    vulnerability = text(package.get("vulnerabilityId")) or text(code.get("ruleId")) or text(code.get("detectorId"))
    kind, score = _type(finding, package, network, code), _score(finding, package)
    packages = [_package(one) for one in listed(package.get("vulnerablePackages")) if isinstance(one, Mapping)]
    title = text(finding.get("title"))
    unnamed = not (text(package.get("vulnerabilityId")) or listed(package.get("vulnerablePackages")))
    tells_exploit = finding.get("exploitAvailable") in ("YES", "NO", True, False)
    return Finding(
        arn=arn_of(finding.get("findingArn"), finding),
        severity=severity(finding.get("severity"), score),
        title=title or vulnerability or text(finding.get("type")) or "untitled",
        type=END_OF_SUPPORT if kind == "PACKAGE_VULNERABILITY" and unnamed and is_end_of_support(title) else kind,
        source=source,
        vulnerability_id=vulnerability,
        description=text(finding.get("description")),
        score=score,
        epss=number(mapping(finding.get("epss")).get("score")),
        exploit_available=finding.get("exploitAvailable") in ("YES", True),
        last_known_exploit_at=times.read(exploit.get("lastKnownExploitAt")),
        fix_available=_fix(finding.get("fixAvailable")),
        first_observed_at=times.read(finding.get("firstObservedAt")),
        packages=packages,
        network=_network(network) if network else None,
        urls=_urls(package, code, recommendation),
        cwes=texts(code.get("cwes")),
        remedy=known(recommendation.get("text")),
        suppressed=finding.get("status") == "SUPPRESSED",
        closed=source == LIST_FINDINGS and finding.get("status") == "CLOSED",
        related=texts(package.get("relatedVulnerabilities")),
        unanswered=[] if tells_exploit or kind != "PACKAGE_VULNERABILITY" else ["exploitAvailable"],
    )


def is_end_of_support(title: str) -> bool:
    """Whether a finding that names no vulnerability is Amazon Inspector's own: the system is out of support.

    The User Guide ("Supported operating systems") says that there is one and not what it looks like. Inferred: its
    title says so, and it names neither a vulnerability nor, behind " - ", a package. What names either is judged as
    any finding.
    """
    return _OUT_OF_SUPPORT.search(title) is not None and " - " not in title


def severity(value: object, score: float | None) -> Severity:
    """Any engine's word for a severity; of a word that is unknown or missing, what the score stands for.

    Without a score, or with 0, it is UNTRIAGED, which Amazon Inspector says of what its vendor has not scored yet.
    """
    word = text(value).strip().upper()
    if word in SEVERITIES:
        return word
    return next((name for name, least in _RATINGS if score and score >= least), "UNTRIAGED")


def _type(finding: Mapping[str, Any], package: object, network: object, code: object) -> str:
    told = text(finding.get("type"))
    if told in _TYPES:
        return told
    if network:
        return "NETWORK_REACHABILITY"
    return "CODE_VULNERABILITY" if code and not package else "PACKAGE_VULNERABILITY"


def _score(finding: Mapping[str, Any], package: Mapping[str, Any]) -> float | None:
    inspector = number(finding.get("inspectorScore"))
    if inspector:
        return inspector
    bases = [number(mapping(one).get("baseScore")) for one in listed(package.get("cvss"))]
    return max((base for base in bases if base is not None), default=inspector)


def _package(raw: Mapping[str, Any]) -> Package:
    return Package(
        name=text(raw.get("name")) or "unnamed",
        version=_version(raw),
        fixed_in=known(raw.get("fixedInVersion")),
        architecture=text(raw.get("arch")),
        manager=text(raw.get("packageManager")),
        path=text(raw.get("filePath")),
        remediation=known(raw.get("remediation")),
    )


def _version(raw: Mapping[str, Any]) -> str:
    """As package managers write it, `epoch:version-release`, to be comparable with the fixed version."""
    version, release, epoch = text(raw.get("version")), text(raw.get("release")), raw.get("epoch")
    full = f"{version}-{release}" if version and release else version
    return f"{epoch}:{full}" if full and isinstance(epoch, int) and epoch > 0 else full


def _network(raw: Mapping[str, Any]) -> dict[str, str]:
    ports = mapping(raw.get("openPortRange"))
    begin, end = number(ports.get("begin")), number(ports.get("end"))
    steps = [mapping(step) for step in listed(mapping(raw.get("networkPath")).get("steps"))]
    path = " > ".join(text(step.get("componentId")) for step in steps if step.get("componentId"))
    bounds = [f"{port:.0f}" for port in dict.fromkeys([begin, end]) if port is not None]
    return {"protocol": text(raw.get("protocol")), "ports": "-".join(bounds), "path": path}


def _urls(*holders: Mapping[str, Any]) -> list[str]:
    found = []
    for holder in filter(None, holders):
        found += [text(holder.get("sourceUrl")), *texts(holder.get("referenceUrls")), text(holder.get("Url"))]
    return [url for url in dict.fromkeys(found) if url]


def _fix(value: object) -> Literal["YES", "NO", "PARTIAL", ""]:
    return value if value in ("YES", "NO", "PARTIAL") else ""


def arn_of(value: object, finding: Mapping[str, Any]) -> str:
    """The finding's ARN, or a name made of its members where it has none."""
    return text(value) or f"no-arn/{digest(repr(sorted((str(k), str(v)) for k, v in finding.items())))}"


def digest(*parts: str) -> str:
    """32 hexadecimal digits that stand for the texts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def known(value: object) -> str:
    """Text, but "" for the placeholders that Inspector writes when it knows nothing."""
    told = text(value)
    if told[:1] not in _MAYBE_UNKNOWN:
        return told
    return "" if told.replace(" ", "").lower() in ("notavailable", "noneprovided") else told


def text(value: object) -> str:
    """A text as it can be stored; "" for anything else."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()  # no lone surrogates
    return ""


def texts(value: object) -> list[str]:
    """The texts in a list."""
    return [text(one) for one in value if isinstance(one, str) and one] if isinstance(value, list) else []


def number(value: object) -> float | None:
    """A number, also one that is written as a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if abs(read) < 1e9 else None  # also leaves out NaN and infinities, which JSON cannot hold


def mapping(value: object) -> Mapping[str, Any]:
    """An object's members; none for anything else."""
    if isinstance(value, dict):  # nearly all are, and it is known sooner than of any Mapping
        return value
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Any]:
    """A list's members; none for anything else."""
    return value if isinstance(value, list) else []
