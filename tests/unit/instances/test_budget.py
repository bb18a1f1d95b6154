"""Whether an execution has the time and the events for another wave."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_world import ami, run_of

from golden_ami.executions import EVENT_LIMIT as EVENTS
from golden_ami.instances.budget import exhausted
from golden_ami.models import Ami
from golden_ami.times import after, iso, now

RUN = run_of(started_at=after(-3_600))


def finished(minutes: float) -> list[Ami]:
    since, until = iso(now() - timedelta(minutes=minutes)), iso(now())
    return [ami("ami-0a", instance_id="i-1", launched_at=since, terminated_at=until, findings_key="key")]


def test_a_young_execution_has_both() -> None:
    assert exhausted(RUN, finished(20), 1_000, 4) == ""


@pytest.mark.parametrize(("left", "enough"), [(1_150, False), (1_250, True)])
def test_a_wave_takes_as_long_as_the_slowest_ami_so_far_whose_boot_is_in_that(left: int, enough: bool) -> None:
    late = run_of(started_at=after(left - 79_200))
    assert (exhausted(late, finished(20), 1_000, 4) == "") is enough


def test_without_an_ami_that_is_over_a_scan_takes_what_it_is_said_to_take() -> None:
    assert "takes up to 3,840 seconds" in exhausted(run_of(started_at=after(3_000 - 79_200)), [], 0, 4)


@given(st.integers(0, EVENTS), st.integers(1, 200))
def test_more_events_or_more_amis_never_help(events: int, amis: int) -> None:
    if exhausted(RUN, [], events, amis):
        assert exhausted(RUN, [], events + 1, amis)
        assert exhausted(RUN, [], events, amis + 1)
