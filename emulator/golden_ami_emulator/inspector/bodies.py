"""Findings given as data, without the resource that carries them.

The data has the shape of `aws inspector2 list-findings`; any member may be missing. Beside a finding's own members an
optional member `details` holds what BatchGetFindingDetails adds: `cisaData` (dateAdded, dateDue, action) marks a
vulnerability that CISA lists as known exploited, `cwes`, `ttps`, `tools`, `evidences`, `referenceUrls`, `riskScore`.
Of `status`, SUPPRESSED is what a suppression rule of Inspector's hides; what is CLOSED was mended before the AMI was
built, and is found on nothing.
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
    suppressed: bool = False

    @property
    def vulnerability(self) -> str:
        """CVE id, or the empty string."""
        return str(self.members.get("packageVulnerabilityDetails", {}).get("vulnerabilityId", ""))

    @property
    def of_language_packages(self) -> bool:
        """Whether it is on packages of programming languages alone, which only deep inspection sees on an instance."""
        packages = self.members.get("packageVulnerabilityDetails", {}).get("vulnerablePackages", [])
        return bool(packages) and all(package.get("packageManager", "OS") != "OS" for package in packages)


def bodies(findings: Iterable[Mapping[str, Any]]) -> list[Body]:
    """The findings of an image that are not closed. Two with one ARN in the data are one finding, listed twice."""
    return [_body(finding, number) for number, finding in enumerate(findings) if finding.get("status") != "CLOSED"]


def end_of_support(system: str) -> Body:
    """Inspector's own finding on a discontinued operating system.

    That there is one, and that it is CRITICAL, the User Guide says ("Supported operating systems and programming
    languages"). Its shape is documented nowhere, so this one is inferred: a title, and neither CVE nor package.
    """
    text = f"{system} has reached its end of support. Amazon Inspector will stop making findings on it."
    finding = {
        "findingArn": f"end of support of {system}",
        "severity": "CRITICAL",
        "title": f"{system} is no longer supported (end of support)",
        "description": text,
        "fixAvailable": "NO",
        "exploitAvailable": "NO",
        "remediation": {"recommendation": {"text": "Move to an operating system that is supported."}},
    }
    return _body(finding, 0)


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
    suppressed = finding.get("status") == "SUPPRESSED"
    return Body(str(finding.get("findingArn") or number), members, details, suppressed)


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
