"""Which of an image's on-demand scans is taken for the run's, and what starts another, without an account."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from golden_ami import times
from golden_ami.engines.ami.scans import OnDemandScans
from golden_ami.models import Ami, AmiEntry, Config, Run

AMI = Ami(
    run_id="run-1",
    batch="",
    key="ami-1",
    ami_id="ami-1",
    entry=AmiEntry(ami_id="ami-1"),
    engine="ami",
    region="us-east-1",
    account="123456789012",
    scan="failed",
)


def run(opened: int = 30) -> Run:
    """A run that was opened so many minutes ago."""
    started_at = times.iso(times.now() - timedelta(minutes=opened))
    return Run(
        run_id="run-1",
        execution_arn="",
        started_at=started_at,
        account=AMI.account,
        region=AMI.region,
        parameter="",
        config=Config(),
        batches=[],
        ami_count=1,
        needs_instances=False,
    )


def listing(*scans: dict[str, Any]) -> Mock:
    """Inspector with these scans."""
    inspector = Mock(**{"start_on_demand_scan.return_value": {"scanId": "started"}})
    inspector.get_paginator.return_value.paginate.return_value = [{"items": list(scans)}]
    return inspector


def scan(name: str, minutes: int) -> dict[str, Any]:
    return {"scanId": name, "scanStatus": "SUCCESSFUL", "startedAt": times.now() - timedelta(minutes=minutes)}


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
    now = times.now()
    item = {"scanId": "found", "scanStatus": status, "startedAt": now - timedelta(minutes=begun)}
    inspector: Any = SimpleNamespace(
        get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: [{"items": [item]}]),
        start_on_demand_scan=lambda **_: {"scanId": "started"},
    )
    assert OnDemandScans(inspector).start(run(opened), AMI) == taken
