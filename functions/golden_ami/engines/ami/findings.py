"""Rows of ec2 GetImageFindings as `models.Finding`."""

from __future__ import annotations

from golden_ami import times
from golden_ami.engines.findings import digest, mapping, number, severity, text, texts
from golden_ami.models import Finding, Package

IMAGE_FINDINGS = "ec2:GetImageFindings"


def from_image_row(raw: object, image_id: str) -> Finding:
    """A row of ec2 GetImageFindings: fewer members, no ARN; its identity is the image, title and snapshot."""
    row = mapping(raw)
    title = text(row.get("Title")) or "untitled"
    paths = texts(row.get("Paths"))
    snapshot = text(row.get("SnapshotId"))
    vulnerability, _, package = title.partition(" - ")
    fix = row.get("FixAvailable")
    return Finding(
        arn=f"{image_id}/image-finding/{digest(title, snapshot, *paths)}",
        severity=severity(row.get("SeverityLabel")),
        title=title,
        type="PACKAGE_VULNERABILITY",
        source=IMAGE_FINDINGS,
        vulnerability_id=vulnerability if vulnerability.startswith(("CVE-", "GHSA-", "ALAS")) else "",
        score=number(row.get("Score")),
        fix_available="" if fix is None else "YES" if fix else "NO",
        first_observed_at=times.read(row.get("FirstObservedAt")),
        packages=[Package(name=name.strip(), path=paths[0] if paths else "") for name in package.split(",") if name],
    )
