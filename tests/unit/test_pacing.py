"""Launches within the rate at which EC2 takes them."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from golden_ami.instances import pacing
from golden_ami.parallel import side_by_side
from golden_ami_emulator.throttles import Bucket

DEFINITION = Path(__file__).parents[2] / "statemachine" / "assessment.asl.json"


def test_the_definition_runs_as_many_batches_at_once() -> None:
    launching = json.loads(DEFINITION.read_text())["States"]["Launch Instances"]
    assert launching["MaxConcurrency"] == pacing.BATCHES_AT_ONCE


@pytest.mark.parametrize(("amis", "batches"), [(6, 6), (40, 40), (41, 40), (1_000, 40), (10_000, 40)])
def test_batches_side_by_side_stay_below_the_refill(amis: int, batches: int) -> None:
    at_once = min(batches, pacing.BATCHES_AT_ONCE)
    assert at_once / pacing.interval(amis, batches) < 2


@pytest.mark.parametrize("amis", range(1, 6))
def test_what_ec2_takes_at_once_does_not_wait(amis: int, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(pacing, "sleep", slept.append)
    pacing.pause(pacing.interval(amis, amis))
    assert slept == []


def test_eight_batches_of_25_are_hardly_throttled_and_end_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight at once, as the definition has them, few are throttled, and the SDK repeats those."""
    slept: list[float] = []
    monkeypatch.setattr(pacing, "sleep", slept.append)
    launches: list[float] = []
    for _ in range(8):
        at = 0.0
        for _ in range(25):
            pacing.pause(pacing.interval(1_000, 40))
            at += slept[-1]
            launches.append(at)
        assert at < 290, "launch-instances has 300 seconds"
    bucket = Bucket(5, 2)
    throttled = sum(not bucket.take(1, at) for at in sorted(launches))
    assert throttled < 30


def test_what_comes_before_an_item_is_done_by_the_caller() -> None:
    done: list[str] = []
    caller = threading.current_thread()

    def before() -> None:
        done.append("before" if threading.current_thread() is caller else "elsewhere")

    for count in range(4):
        done.clear()
        assert side_by_side(lambda item: item, range(count), 2, before) == [*range(count)]
        assert done == ["before"] * count
