"""What Inspector knows of a vulnerability, whatever it is found on: what the world's findings say of it.

Shape: botocore 1.44.5's model of inspector2 SearchVulnerabilities. That it and a finding never differ is inferred: both
are of one service. A finding under another id, as ALAS2-…, tells of the CVE ids that it is related to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from golden_ami_emulator.inspector.bodies import Body
from golden_ami_emulator.inspector.wire import conform, output_member

_CVE = re.compile(r"CVE-[12][0-9]{3}-[0-9]{1,10}")  # the model's VulnId, which names nothing else
_OF_DETAILS = ("cwes", "cisaData", "exploitObserved", "referenceUrls")
_OF_THE_PACKAGE = ("vendorSeverity", "relatedVulnerabilities", "vendorCreatedAt", "vendorUpdatedAt", "sourceUrl")


def is_cve(name: str) -> bool:
    """Whether the service takes an id."""
    return _CVE.fullmatch(name) is not None


def known(bodies: Iterable[Body]) -> dict[str, dict[str, Any]]:
    """By CVE id, an entry as SearchVulnerabilities answers it; of several findings the first word on a member holds."""
    found: dict[str, dict[str, Any]] = {}
    shape = output_member("inspector2", "SearchVulnerabilities", "vulnerabilities")
    for body in bodies:
        told = {name: value for name, value in conform(_told(body), shape).items() if value not in ({}, [])}
        for name in _names(body):
            found[name] = {**told, **found.get(name, {"id": name, "source": "NVD"})}
    return found


def _names(body: Body) -> Iterator[str]:
    details = body.members.get("packageVulnerabilityDetails", {})
    own = body.vulnerability
    yield from filter(is_cve, [own] if is_cve(own) else details.get("relatedVulnerabilities", []))


def _told(body: Body) -> Mapping[str, Any]:
    details = body.members.get("packageVulnerabilityDetails", {})
    told: dict[str, Any] = {name: body.details.get(name) for name in _OF_DETAILS}
    told |= {name: details.get(name) for name in _OF_THE_PACKAGE}
    told |= {"description": body.members.get("description"), "epss": body.members.get("epss")}
    if body.members.get("exploitAvailable") == "YES" and not told["exploitObserved"]:
        told["exploitObserved"] = {"lastSeen": _last_exploit(body)}
    for score in details.get("cvss", []):
        told[f"cvss{str(score.get('version'))[:1]}"] = score
    return told


def _last_exploit(body: Body) -> Any:
    known_at = body.members.get("exploitabilityDetails", {}).get("lastKnownExploitAt")
    return known_at or body.members.get("firstObservedAt") or 0
