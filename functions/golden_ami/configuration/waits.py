"""Which waits no execution can end with: they contradict each other, or exceed its time or its history. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from golden_ami.errors import Problem
from golden_ami.executions import EVENT_LIMIT, TIME_LIMIT
from golden_ami.models import Waits
from golden_ami.usage.budget import most_events, most_seconds, waited

_POLLS = {  # interval -> the wait that it divides; both as Waits and the document name them
    "poll_seconds": ("pollSeconds", "completion_deadline_seconds"),
    "agent_poll_seconds": ("agentPollSeconds", "agent_deadline_seconds"),
}


def contradictions(given: Mapping[str, Any], waits: Waits, *, timed: bool) -> list[Problem]:
    """Waits that contradict each other; `given` are those that the document names.

    `timed` says whether an engine may be used whose scans last `assessmentSeconds`.
    """
    return list(_contradictions(given, waits, timed=timed))


def budget_problems(waits: Waits, amis: int) -> list[Problem]:
    """Why an execution that assesses so many AMIs could end before its run: more seconds or events than it has."""
    return [*_too_long(waits, amis), *_too_many_events(waits, amis)]


def _contradictions(given: Mapping[str, Any], waits: Waits, *, timed: bool) -> Iterator[Problem]:
    deadline = waits.completion_deadline_seconds
    if deadline <= waits.poll_seconds:
        yield _problem("completionDeadlineSeconds", deadline, f"give more than pollSeconds, {waits.poll_seconds}")
    if (timed or "assessmentSeconds" in given) and deadline <= waits.assessment_seconds:
        remedy = f"give more than assessmentSeconds, {waits.assessment_seconds}"
        yield _problem("completionDeadlineSeconds", deadline, remedy)
    languages = waits.language_packages_seconds
    if "languagePackagesSeconds" in given and languages > deadline:
        yield _problem("languagePackagesSeconds", languages, f"give at most completionDeadlineSeconds, {deadline}")
    if waits.agent_poll_seconds > (most := max(waits.agent_deadline_seconds, 1)):
        remedy = f"give at most {most}, as agentDeadlineSeconds is {waits.agent_deadline_seconds}"
        yield _problem("agentPollSeconds", waits.agent_poll_seconds, remedy)


def _too_long(waits: Waits, amis: int) -> Iterator[Problem]:
    over = most_seconds(waits, amis) - TIME_LIMIT
    if over <= 0:
        return
    total = waited(waits)
    remedy = (
        f"keep it, bootSeconds and agentDeadlineSeconds (in whole agentPollSeconds) together, now {total:,}, within "
        f"{total - over:,}: everything else in a run of {amis:,} AMIs may take the rest of the {TIME_LIMIT:,} seconds "
        "of an execution"
    )
    yield _problem("completionDeadlineSeconds", waits.completion_deadline_seconds, remedy)


def _too_many_events(waits: Waits, amis: int) -> Iterator[Problem]:
    """The interval to blame is the one whose change alone helps; where neither does, both."""
    if most_events(waits, amis) <= EVENT_LIMIT:
        return
    fitting = {name: _smallest(name, waits, amis) for name in _POLLS}
    if not any(fitting.values()):
        slow = {name: getattr(waits, deadline) for name, (_, deadline) in _POLLS.items()}
        fitting = {name: _smallest(name, replace(waits, **(slow | {name: 1})), amis) for name in _POLLS}
    for name, least in fitting.items():
        if least:
            member, value = _POLLS[name][0], getattr(waits, name)
            remedy = (
                f"give at least {least:,}: a run could have {most_events(waits, amis):,} events, and Step Functions "
                f"ends an execution at {EVENT_LIMIT:,}"
            )
            yield _problem(member, value, remedy)


def _smallest(name: str, waits: Waits, amis: int) -> int:
    """The smallest interval with which the events fit, the other waits being as they are; 0 when there is none."""
    low, high = getattr(waits, name), getattr(waits, _POLLS[name][1])
    if high <= low or most_events(replace(waits, **{name: high}), amis) > EVENT_LIMIT:
        return 0
    while low < high:
        middle = (low + high) // 2
        if most_events(replace(waits, **{name: middle}), amis) > EVENT_LIMIT:
            low = middle + 1
        else:
            high = middle
    return int(low)


def _problem(member: str, value: int, remedy: str) -> Problem:
    return Problem(f"waits.{member}", str(value), remedy)
