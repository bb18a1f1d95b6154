"""Which of an image's on-demand scans is taken for the run's, and what starts another, without an account."""

from __future__ import annotations

from datetime import timedelta
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


def run() -> Run:
    started_at = times.iso(times.now() - timedelta(minutes=30))
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
