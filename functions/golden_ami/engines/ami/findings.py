"""Findings of an on-demand scan, as events bring them and as ec2 GetImageFindings lists them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from golden_ami import times
from golden_ami.engines.findings import (
    digest,
    from_inspector,
    is_end_of_support,
    mapping,
    number,
    severity,
    text,
    texts,
)
from golden_ami.models import END_OF_SUPPORT, Finding, Package

IMAGE_FINDINGS = "ec2:GetImageFindings"
FINDING_EVENT = "EventBridge:OnDemand AMI Scan Findings"
BOTH = f"{FINDING_EVENT} and {IMAGE_FINDINGS}"

# The head of a title is an id of some catalogue (inferred: GetImageFindings has no member for it, and every title that
# the documents show begins with one): CVE-2026-1, GHSA-jf85-cpcp-j695, ALAS2023-2026-001, RHSA-2026:0001, KB5034441.
_ID = re.compile(r"[A-Z][A-Z0-9]+(-[\w.:]+)+|KB\d+", re.ASCII)
_CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.ASCII | re.IGNORECASE)  # wherever a title has one
_MORE = re.compile(r"(?:(.*\S)\s+and\s+)?(\d+) more", re.ASCII | re.DOTALL)  # "openssh, openssh-clients and 1 more"


def from_event(detail: Mapping[str, Any]) -> Finding:
    """The detail of an event. It does not say whether CISA lists the vulnerability; packages may be in its title alone.

    Suppression rules do not reach on-demand findings, which are no part of Inspector's own (inferred), so an event that
    says so is not believed.
    """
    found = from_inspector(detail, FINDING_EVENT)
    packages = found.packages or [Package(name=name) for name in _names(found.title.partition(" - ")[2])]
    unanswered = [*found.unanswered, "knownExploited"]
    return replace(found, packages=packages, suppressed=False, unanswered=unanswered)


def from_image_row(raw: object, image_id: str) -> Finding:
    """A row of ec2 GetImageFindings: fewer members, no ARN; its identity is the image, title and snapshot."""
    row = mapping(raw)
    title = text(row.get("Title")) or "untitled"
    paths = texts(row.get("Paths"))
    snapshot = text(row.get("SnapshotId"))
    vulnerability, _, packages = title.partition(" - ")
    fix, score = row.get("FixAvailable"), number(row.get("Score"))
    cves = list(dict.fromkeys(one.upper() for one in _CVE.findall(title)))
    named = vulnerability if _ID.fullmatch(vulnerability) else next(iter(cves), "")
    return Finding(
        arn=f"{image_id}/image-finding/{digest(title, snapshot, *paths, text(row.get('SeverityLabel')))}",
        severity=severity(row.get("SeverityLabel"), score),
        title=title,
        type=END_OF_SUPPORT if not named and is_end_of_support(title) else "PACKAGE_VULNERABILITY",
        source=IMAGE_FINDINGS,
        vulnerability_id=named,
        related=[one for one in cves if one != named],
        score=score,
        fix_available="" if fix is None else "YES" if fix else "NO",
        first_observed_at=times.read(row.get("FirstObservedAt")),
        packages=[Package(name=name, path=paths[0] if paths else "") for name in _names(packages)],
        unanswered=["knownExploited", "exploitAvailable"],
    )


def is_count(package: Package) -> bool:
    """Whether it stands for packages that a title only counts."""
    return package.name.startswith("(")


def _names(told: str) -> list[str]:
    """The packages of a title. Those that it only counts have one entry: an exception for a package covers no other."""
    whole = _MORE.fullmatch(told.strip())
    names = [name.strip() for name in ((whole[1] or "") if whole else told).split(",")]
    return [*filter(None, names), *([f"({whole[2]} more)"] if whole else [])]
