"""What the state of a CIS benchmark makes of the scans of a run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from report_world import ACCOUNT, REGION, ami, run_of

from golden_ami import times
from golden_ami.engines.base import Progress
from golden_ami.engines.instance.cis import Cis
from golden_ami.models import Config
from golden_ami.places import Place


def judged(status: str, *, late: bool) -> Progress:
    """The progress of a scan that is over, while the benchmark has this status; "": Inspector does not know it yet."""
    scans = [{"scanArn": "arn", "status": status}] if status else []
    pages = SimpleNamespace(paginate=lambda **_: [{"scans": scans, "targetResourceAggregations": []}])
    inspector: Any = SimpleNamespace(get_paginator=lambda _: pages)
    ledger: Any = None
    run = run_of(started_at=times.after(-20_000), config=Config(cis="LEVEL_1"))
    image = ami("ami-0a", instance_id="i-0a", assessment_started_at=times.after(-10_801 if late else -600))
    [found] = Cis(inspector, ledger, Place(ACCOUNT, REGION)).judge(run, [image], [Progress("ami-0a", "COMPLETED")])
    return found


@pytest.mark.parametrize("status", ["", "IN_PROGRESS"])
def test_a_benchmark_is_waited_for_until_the_deadline(status: str) -> None:
    assert judged(status, late=False).status == "RUNNING"


@pytest.mark.parametrize(
    ("status", "late"),
    [("", True), ("IN_PROGRESS", True), ("FAILED", False), ("CANCELLED", False), ("COMPLETED", False)],
)
def test_without_a_benchmark_the_scan_is_over_and_its_findings_count(status: str, late: bool) -> None:
    found = judged(status, late=late)
    assert found.status == "COMPLETED"
    assert [(one.kind, one.status) for one in found.evidence] == [("cis", "MISSING")]
