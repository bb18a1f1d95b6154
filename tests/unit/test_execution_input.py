"""What an execution's input says beside the parameter: the scheduled instant, and who started it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami import times
from golden_ami.characters import printable
from golden_ami.configuration.execution_input import Scheduled, scheduled_of, started_by_of
from golden_ami.errors import InvalidEvent

ARN = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/golden-ami-AssessmentSchedule-1A2B"
TIME = "2026-03-22T18:59:43Z"


@pytest.mark.parametrize("time", [TIME, "2026-03-22T18:59:43.000Z", "2026-03-22T19:59:43+01:00", "2026-03-22T18:59:43"])
def test_a_scheduled_instant_is_one_however_it_is_written(time: str) -> None:
    given = {"AMIsParamName": "P", "schedule": ARN, "scheduledTime": time}
    assert scheduled_of(given) == Scheduled(ARN, TIME)
    assert started_by_of(given | {"startedBy": "somebody else"}) == ARN


@pytest.mark.parametrize("given", [{}, {"schedule": ARN}, {"schedule": 3}, None, [], 3, "text"])
def test_a_start_without_a_scheduled_time_is_on_purpose(given: Any) -> None:
    assert scheduled_of(given) is None
    assert started_by_of(given) == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"scheduledTime": None}, "scheduledTime in the execution's input is null, not an instant as 2026"),
        ({"scheduledTime": 1774205983}, "scheduledTime in the execution's input is 1774205983, not an instant"),
        ({"scheduledTime": ""}, 'scheduledTime in the execution\'s input is "", not an instant'),
        ({"scheduledTime": "2026-03-22"}, "not an instant"),
        ({"scheduledTime": "Tuesday"}, "not an instant"),
        ({"scheduledTime": "9999-12-31T23:59:59-14:00"}, "not an instant"),
        ({"scheduledTime": "<aws.scheduler.scheduled-time>"}, '"<aws.scheduler.scheduled-time>", not an instant'),
        ({"schedule": None}, "schedule in the execution's input is null, not the ARN of a schedule"),
        ({"schedule": "<aws.scheduler.schedule-arn>"}, "not the ARN of a schedule"),
        ({"schedule": "AssessmentSchedule"}, "not the ARN of a schedule"),
        ({"schedule": ARN + "\n"}, "not the ARN of a schedule"),
        ({"schedule": ARN + "x" * 1224}, "not the ARN of a schedule"),
    ],
)
def test_a_scheduled_instant_that_cannot_be_told_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        scheduled_of({"schedule": ARN, "scheduledTime": TIME} | changed)
    assert said in str(caught.value)
    assert str(caught.value).endswith("; to start a run by hand, leave out scheduledTime")


def test_a_scheduled_time_without_its_schedule_is_refused() -> None:
    with pytest.raises(InvalidEvent, match=f'scheduledTime "{TIME}" and lacks schedule; give the schedule\'s ARN, or'):
        scheduled_of({"scheduledTime": TIME})


def test_nobody_claims_an_instant_before_it_has_come() -> None:
    def at(**ahead: float) -> dict[str, str]:
        return {"schedule": ARN, "scheduledTime": times.iso(times.now() + timedelta(**ahead))}

    assert scheduled_of(at(seconds=50))
    with pytest.raises(InvalidEvent, match="not an instant that has come"):
        scheduled_of(at(seconds=70))


@pytest.mark.parametrize("said", ["arn:aws:iam::123456789012:user/Ünï", "pipeline golden #42 <b>", "x" * 256, ""])
def test_a_starter_names_himself(said: str) -> None:
    assert started_by_of({"startedBy": f" {said}" if len(said) < 256 else said}) == said


@pytest.mark.parametrize(
    "said", [None, 3, ["me"], {"name": "me"}, "x" * 257, "a\nb", "\x1b[2J", "\u202eevil", "a\u200bb"]
)
def test_a_starter_that_could_deceive_is_refused(said: Any) -> None:
    with pytest.raises(InvalidEvent, match=r"startedBy in the execution's input is .*, not a text of at most 256"):
        started_by_of({"startedBy": said})


_JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=2))


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("schedule", "scheduledTime", "startedBy"), _JSON)))
def test_any_input_is_read_or_refused(given: dict[str, Any]) -> None:
    with suppress(InvalidEvent):
        assert printable(started_by_of(given)) == started_by_of(given)
