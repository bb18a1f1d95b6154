"""Evidence as a scan that saw everything leaves it."""

from __future__ import annotations

from golden_ami.evidence.requirements import DEFAULT
from golden_ami.models import Evidence


def complete_evidence() -> list[Evidence]:
    """What PASS requires by default, complete."""
    return [Evidence(kind=kind, status="COMPLETE", detail="seen") for kind in DEFAULT]
