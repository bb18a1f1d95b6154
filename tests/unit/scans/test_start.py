"""Start Run, of a turn of the loop: an engine that cannot be used costs its own AMIs, and no others of the run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from report_world import ami, run_of

from golden_ami.errors import EngineBusy
from golden_ami.models import Ami, Reason
from golden_ami.scans import coordinate

WAITING = ami("ami-0b", engine="classic", instance_id="i-0b")


class FakeLedger:
    """The rows of a run, and the reasons written to them."""

    def __init__(self, *others: Ami) -> None:
        self.refused: list[tuple[str, str]] = []
        self._amis = [*others, WAITING]

    def run_and_amis(self, _: str) -> tuple[Any, list[Ami]]:
        return run_of(), self._amis

    def not_assessed(self, one: Ami, reason: Reason) -> None:
        self.refused.append((one.key, reason.code))


def start(ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise EngineBusy("another run has replaced the assessment template")

    monkeypatch.setattr(coordinate, "adapter", lambda *_: SimpleNamespace(start=busy))
    nothing = cast("Any", None)
    coordinate.Scans(nothing, nothing, cast("Any", ledger)).start("run-1")


@pytest.mark.parametrize(
    "other",
    [
        ami("ami-0a", instance_id="i-0a", scan="i-0a", scan_status="PENDING"),
        ami("ami-0a", instance_id="i-0a", scan="i-0a", scan_status="COMPLETED"),
        ami("ami-0a", instance_id="i-0a", findings_key="stored"),
        ami("ami-0a"),
    ],
    ids=["running", "over", "collected", "launched later"],
)
def test_it_costs_its_own_amis_while_the_run_has_others(other: Ami, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = FakeLedger(other)
    start(ledger, monkeypatch)
    assert ("ami-0b", "ENGINE_BUSY") in ledger.refused
    assert "ami-0a" not in dict(ledger.refused)


@pytest.mark.parametrize(
    "others",
    [[], [ami("ami-0a", reason=Reason(code="AMI_NOT_FOUND", message="", remedy=""))]],
    ids=["alone", "beside one that is not assessed"],
)
def test_without_another_ami_the_fault_is_the_runs(others: list[Ami], monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = FakeLedger(*others)
    with pytest.raises(EngineBusy):
        start(ledger, monkeypatch)
    assert ledger.refused == []
