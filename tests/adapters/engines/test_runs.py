"""Whole runs of every engine, against the emulated Inspector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from golden_ami.models import Engine
from golden_ami_emulator.world import Behaviour

Make = Callable[..., Any]


@pytest.mark.parametrize("engine", ["classic", "instance", "ami"])
def test_a_good_day(make: Make, engine: Engine) -> None:
    harness = make()
    [ami] = harness.run(engine)
    assert ami.reason is None
    assert ami.scan_status == "COMPLETED"
    assert ami.counts == {"HIGH": 1}
    [token] = harness.callbacks.answered  # with engine ami a look for events that may still come follows
    assert token in [f"run-1-token-{harness.waits - before}" for before in (1, 2, 3, 4)]
    [found] = harness.stored(ami)
    assert found.tags == ami.tags
    assert found.severity == "HIGH"


@pytest.mark.parametrize("engine", ["classic", "instance", "ami"])
def test_a_lost_message_costs_poll_intervals_not_the_run(make: Make, engine: Engine) -> None:
    harness = make(behaviours={"*": Behaviour(events=())})
    harness.deliver = False
    [ami] = harness.run(engine)
    assert ami.scan_status == "COMPLETED"
    assert ami.counts == {"HIGH": 1}
    assert harness.callbacks.answered == []


@pytest.mark.parametrize("engine", ["classic", "instance", "ami"])
def test_no_findings_is_an_empty_object_not_a_missing_one(make: Make, engine: Engine) -> None:
    harness = make(findings={"*": []})
    [ami] = harness.run(engine)
    assert ami.findings_key
    assert ami.counts == {}
    assert harness.stored(ami) == []
