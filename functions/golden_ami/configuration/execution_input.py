"""An execution's input, which is any JSON: the parameter, the schedule's instant that started it, who started it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from golden_ami.characters import printable
from golden_ami.configuration.problems import shown
from golden_ami.errors import InvalidEvent
from golden_ami.times import iso, now

USUAL = "ContinuousAssessmentInput"  # the template's default for ParameterName
# What a parameter's name or ARN is made of, with a version or label (Systems Manager API, GetParameter: Name).
_NAME = re.compile(r"[A-Za-z0-9_./:-]{1,2048}")
# A schedule's ARN, of at most 1,224 characters (botocore's model of EventBridge Scheduler, ScheduleArn).
_SCHEDULE = re.compile(r"arn:aws[a-z-]*:scheduler:[a-z0-9-]+:[0-9]{12}:schedule/[0-9a-zA-Z_.-]+/[0-9a-zA-Z_.-]+")
_SCHEDULE_LIMIT = 1_224
STARTER_LIMIT = 256  # characters
# By so much the scheduler's clock may be ahead. A claim on a later instant would keep the schedule's own run from it.
_AHEAD = timedelta(minutes=1)
_BY_HAND = "to start a run by hand, leave out scheduledTime"


class Scheduled(NamedTuple):
    """The instant of a schedule for which an execution was started."""

    schedule: str  # ARN
    time: str  # ISO 8601, UTC; every delivery of the instant has the same


def parameter_of(given: object, usual: str = "") -> str:
    """The parameter's name. `usual` is the name that an error suggests. Raises InvalidEvent."""
    parameter = given.get("AMIsParamName") if isinstance(given, Mapping) else None
    if not isinstance(parameter, str) or not _NAME.fullmatch(parameter.strip()):
        raise InvalidEvent(_wrong_parameter(given, usual))
    return parameter.strip()


def scheduled_of(given: object) -> Scheduled | None:
    """The scheduled instant; None for an execution that no schedule started. Raises InvalidEvent.

    EventBridge Scheduler writes both members (its User Guide, "Adding context attributes"): the time that was
    specified for the schedule, as 2022-03-22T18:59:43Z, and the schedule's ARN.
    """
    if not isinstance(given, Mapping) or "scheduledTime" not in given:
        return None
    if "schedule" not in given:
        raise InvalidEvent(
            f"the execution's input has scheduledTime {shown(given['scheduledTime'])} and lacks schedule; "
            f"give the schedule's ARN, or {_BY_HAND}"
        )
    schedule = given["schedule"]
    if not isinstance(schedule, str) or len(schedule) > _SCHEDULE_LIMIT or not _SCHEDULE.fullmatch(schedule):
        raise _wrong("schedule", schedule, "the ARN of a schedule of EventBridge Scheduler", _BY_HAND)
    return Scheduled(schedule, _instant(given["scheduledTime"]))


def started_by_of(given: object) -> str:
    """Who started the execution: its schedule's ARN, else what the starter said of himself; "" when nobody said.

    The starter's own word is a hint that nothing is decided by. Raises InvalidEvent.
    """
    if scheduled := scheduled_of(given):
        return scheduled.schedule
    said = given.get("startedBy", "") if isinstance(given, Mapping) else ""
    if not isinstance(said, str) or len(said) > STARTER_LIMIT or printable(said) != said:
        right = f"a text of at most {STARTER_LIMIT} characters, without line breaks and other control characters"
        raise _wrong("startedBy", said, right, "give the name of the person or pipeline that starts the run")
    return said.strip()


def _instant(value: object) -> str:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
        time = iso(instant) if instant else ""
    except (ValueError, OverflowError):
        time = ""
    if not time:
        raise _wrong("scheduledTime", value, "an instant as 2026-03-22T18:59:43Z", _BY_HAND)
    if datetime.fromisoformat(time) > now() + _AHEAD:
        raise _wrong("scheduledTime", value, "an instant that has come", _BY_HAND)
    return time


def _wrong(field: str, value: object, right: str, remedy: str) -> InvalidEvent:
    return InvalidEvent(f"{field} in the execution's input is {shown(value)}, not {right}; {remedy}")


def _wrong_parameter(given: object, usual: str) -> str:
    """What is wrong with an input that names no parameter, and the right one."""
    if not isinstance(given, Mapping):
        said = f"the execution's input is {shown(given)}, not an object with AMIsParamName"
    elif "AMIsParamName" not in given:
        names = ", ".join(shown(name) for name in list(given)[:3]) or "nothing"
        said = f"the execution's input lacks AMIsParamName; it has {names}"
    else:
        said = f"AMIsParamName in the execution's input is {shown(given['AMIsParamName'])}, not a parameter's name"
    name = usual or USUAL
    return f'{said}; give the name of the SSM parameter with the golden AMIs: {{"AMIsParamName": "{name}"}}'
