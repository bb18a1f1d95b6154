"""Which AMIs of a run the engines are asked about."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from report_world import ACCOUNT, REGION, ami, run_of

from golden_ami import times
from golden_ami.engines.instance.adapter import _unsettled
from golden_ami.models import NO_BATCH, Ami, Config, Reason, Waits
from golden_ami.places import Place
from golden_ami.scans import coordinate
from golden_ami.scans.coordinate import Agents, Scans

RUN = run_of(config=Config(waits=Waits(findings_seconds=60)))


def scans(monkeypatch: pytest.MonkeyPatch, *amis: Ami) -> tuple[Scans, list[Place]]:
    """The scans of a run of these AMIs, and the places whose engine has been asked."""
    asked: list[Place] = []

    def adapter(_engine: str, place: Place, *_: Any) -> Any:
        asked.append(place)
        return SimpleNamespace(close=lambda _run, _amis: None)

    monkeypatch.setattr(coordinate, "adapter", adapter)
    ledger: Any = SimpleNamespace(run_and_amis=lambda _: (RUN, list(amis)))
    given: Any = None
    return Scans(given, given, ledger), asked


def test_nothing_is_removed_where_nothing_was_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account of an AMI without a batch may not let us in: the other AMIs' runs would end in that fault."""
    reason = Reason(code="PLACE_UNREACHABLE", message="no", remedy="allow it")
    unreachable = ami("ami-0b", account="222222222222", batch=NO_BATCH, reason=reason)
    found, asked = scans(monkeypatch, ami("ami-0a"), unreachable)
    found.close("run-1")
    assert asked == [Place(ACCOUNT, REGION)]


def test_once_its_scan_has_started_no_agent_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the agents' deadline a silent one would cost the AMI the scan that it has."""
    found, asked = scans(monkeypatch, ami("ami-0a", instance_id="i-0a", scan="i-0a", scan_status="PENDING"))
    assert found.check_agents("run-1") == Agents(proceed=True, ready=1, waiting=0, failed=0)
    assert asked == []


@pytest.mark.parametrize(("seconds", "settled"), [(30, False), (61, True)])
def test_a_listing_settles_within_the_time_that_is_given(seconds: int, settled: bool) -> None:
    scanned = ami("ami-0a", scanned_at=times.after(-seconds))
    assert (_unsettled(RUN, scanned, None) <= 0) is settled
