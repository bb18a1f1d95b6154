"""The evidence of an AMI's verdict as the formats show it."""

from __future__ import annotations

from golden_ami.models import Evidence
from golden_ami.report.model import AmiReport


def status_words(evidence: Evidence) -> str:
    """A status for people, for example "not applicable"."""
    return evidence.status.lower().replace("_", " ")


def line(evidence: Evidence) -> str:
    """An evidence on a line; what is complete needs no detail."""
    detail = f": {evidence.detail}" if evidence.detail and evidence.status != "COMPLETE" else ""
    return f"{evidence.kind} {evidence.status}{detail}"


def summary(ami: AmiReport) -> str:
    """All of it on a line, for example "packages COMPLETE; languagePackages PARTIAL: …"."""
    return "; ".join(map(line, ami.evidence))


def values(ami: AmiReport) -> dict[str, str]:
    """All of it by kind: its status, and what was seen."""
    return {one.kind: f"{one.status}: {one.detail}" if one.detail else one.status for one in ami.evidence}
