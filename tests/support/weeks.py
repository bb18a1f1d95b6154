"""Weekly assessments of one AMI, whose lineage remembers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from report_world import World, ami, finding, package

from golden_ami.models import Config, Finding, Policy
from golden_ami.register.register import Register
from golden_ami.register.store import read
from golden_ami.report.model import AmiReport

START = date(2026, 1, 5)
GRACE = Config(policy=Policy(grace_days=10))
FROM_EVENT = finding("CVE-1", package(path="vol-0123456789abcdef0:/p1:usr/lib/a.so"), source="event")
FROM_ROW = finding(
    "CVE-1", package(manager="", architecture="", version="", path="/usr"), source="ec2:GetImageFindings"
)


def week(world: World, number: int, findings: Sequence[Finding], config: Config = GRACE, **fields: Any) -> AmiReport:
    """One AMI, assessed in a week."""
    at = f"{START + timedelta(weeks=number)}T03:00:00Z"
    given: dict[str, Any] = {"ami_id": "ami-1"} | fields
    (found,) = world.run(f"run-{number}", at, [(ami(given.pop("ami_id"), **given), findings)], config).amis
    return found


def changes(found: AmiReport) -> tuple[int, int, int]:
    change = found.since_last_run or found.since_previous_ami
    assert change
    return change.new, change.open, change.fixed


def register_of(world: World, lineage: str = "web") -> Register:
    note = world.history.notes[f"123456789012/us-east-1/{lineage}"]
    return read(world.store.read(note.key), note)
