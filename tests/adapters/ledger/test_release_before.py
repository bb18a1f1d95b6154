"""Rows of a run under way that the release before wrote: functions that answer events read them (ADR 12).

`tests/fixtures/ledger/awaiting.jsonl` is the whole table while two scans are awaited, as the first release with
published versions wrote it. It is not written anew: what a later release cannot read here breaks runs under way.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from golden_ami.ledger import Ledger
from golden_ami.models import Completion

RUN = "run-of-the-release-before"
TABLE = "ledger"  # of the fixture
FIXTURE = Path(__file__).parents[2] / "fixtures" / "ledger" / "awaiting.jsonl"
ROWS = [json.loads(line) for line in FIXTURE.read_text().splitlines()]


def later(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a later release may write it: with members that this one does not know, in what it nests as well."""
    more = {"ofLater": {"M": {"value": {"L": [{"S": "x"}]}}}}
    return {
        name: {"M": value["M"] | more} if name in ("config", "entry") else value for name, value in row.items()
    } | more


@pytest.mark.parametrize("rows", [ROWS, [later(row) for row in ROWS]], ids=["before", "later"])
def test_a_run_under_way_is_read_resumed_and_changed(dynamodb: Any, ledger: Ledger, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        dynamodb.put_item(TableName=TABLE, Item=row)
    run, amis = ledger.run_and_amis(RUN)
    assert (run.run_id, run.ami_count, [ami.launched_at != "" for ami in amis]) == (RUN, 2, [True, True])
    assert ledger.run_ids() == [RUN]
    scans = sorted(ami.instance_id for ami in amis)
    assert sorted(ledger.outstanding(RUN)) == scans
    [resumption] = ledger.complete_scan(Completion(scans[0], "COMPLETED"))  # one over is enough to go and look
    assert resumption.run_id == RUN
    ledger.update_run(RUN, report_key="runs/x/report.json")
    assert ledger.reported(RUN)
    assert ledger.update_ami(amis[0], scan_status="COMPLETED").scan_status == "COMPLETED"
