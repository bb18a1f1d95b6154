"""The stored findings are held against what the ledger counted when they were collected."""

from __future__ import annotations

from typing import Any

import pytest
from report_world import World, ami, finding

CLEAN = [finding("CVE-1", severity="LOW")]


@pytest.mark.parametrize(
    ("counts", "stored"),
    [
        ({"LOW": 1, "CRITICAL": 3}, CLEAN),
        ({"LOW": 1}, []),
        ({"CRITICAL": 1}, CLEAN),
        ({"LOW": 1}, CLEAN * 2),
    ],
    ids=["fewer", "none", "other severities", "more"],
)
def test_other_findings_than_were_collected_give_no_verdict(world: World, counts: Any, stored: Any) -> None:
    images = [(ami("ami-0a", counts=counts), stored), (ami("ami-0b", lineage="b"), CLEAN)]
    amis = {one.ami_id: one for one in world.run("run-1", "2026-04-02T03:00:00Z", images).amis}
    assert amis["ami-0a"].verdict == "NOT_ASSESSED"
    assert amis["ami-0a"].reason
    assert amis["ami-0a"].reason.code == "FINDINGS_UNREADABLE"
    assert amis["ami-0b"].verdict == "PASS"
