"""Which of an image's on-demand scans is taken for the run's, and what starts another, without an account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from report_world import ami, run_of

from golden_ami import times
from golden_ami.engines.ami.scans import OnDemandScans
from golden_ami.models import Run

AMI = ami("ami-1", engine="ami", scan="failed")


def run(opened: int = 30) -> Run:
    """A run that was opened so many minutes ago."""
    return run_of(started_at=times.iso(times.now() - timedelta(minutes=opened)))


def listing(*scans: dict[str, Any]) -> Mock:
    """Inspector with these scans."""
    inspector = Mock(**{"start_on_demand_scan.return_value": {"scanId": "started"}})
    inspector.get_paginator.return_value.paginate.return_value = [{"items": list(scans)}]
    return inspector


def scan(name: str, minutes: int, status: str = "SUCCESSFUL") -> dict[str, Any]:
    return {"scanId": name, "scanStatus": status, "startedAt": times.now() - timedelta(minutes=minutes)}


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_scans_since_the_run_the_newest_is_taken(order: int) -> None:
    """EC2 shows the results of that one."""
    scans = [scan("older", 20), scan("newest", 5)][::order]
    assert OnDemandScans(listing(*scans)).start(run(), AMI) == "newest"


def test_a_second_scan_has_a_token_of_its_own() -> None:
    """With the first one's, Inspector may answer the scan that failed."""
    inspector = listing()
    scans = OnDemandScans(inspector)
    assert scans.start(run(), AMI) == "started"
    assert scans.start_again(run(), AMI, scan("failed", 10)) == "started"
    first, second = [call.kwargs["clientToken"] for call in inspector.start_on_demand_scan.call_args_list]
    assert first != second


@pytest.mark.parametrize(
    ("opened", "begun", "status", "taken"),
    [
        (30, 20, "SUCCESSFUL", "found"),  # its id was lost
        (30, 20, "FAILED", "started"),
        (30, 40, "SUCCESSFUL", "started"),  # before the run
        (180, 120, "SUCCESSFUL", "started"),  # of a run that was redriven long after
        (180, 120, "IN_PROGRESS", "found"),  # whoever asked for it
    ],
)
def test_a_scan_is_the_runs_own_for_an_hour(opened: int, begun: int, status: str, taken: str) -> None:
    """`opened` and `begun` are minutes: since the run was opened, and since the scan was started."""
    assert OnDemandScans(listing(scan("found", begun, status))).start(run(opened), AMI) == taken
