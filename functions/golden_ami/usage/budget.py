"""The most events and seconds that an execution takes, calculated from the definition. Pure.

What is assumed of faults: every state meets one, of one kind, for as long as its retriers stand it; and in a loop every
task of every pass is retried once. That every retrier of a state is used up, one after the other, would take as many
outages, each from the run's start to its end (docs/adr/0011-budgets-from-the-definition.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from math import ceil
from typing import Any, NamedTuple

from golden_ami.engines.registry import shortest_look
from golden_ami.models import BATCHES, Waits
from golden_ami.usage.paths import Definition, shipped_graph

State = Mapping[str, Any]

# Events of a pass without fault, those of an execution's start and end, of an iteration of a Map, and of one more
# attempt of a task. Their types are those of HistoryEventType (Step Functions API Reference, HistoryEvent): a task is
# TaskStateEntered, TaskScheduled, TaskStarted, TaskSucceeded and TaskStateExited, a callback has TaskSubmitted too.
_EVENTS = {"Task": 5, "Map": 4, "Choice": 2, "Wait": 2, "Pass": 2, "Succeed": 2, "Fail": 1}
_ROOM_LOOKS = 10  # at most for one wave: every 30 s for five minutes (instances.planning, instances.waves)
_EXECUTION, _ITERATION, _ATTEMPT = 2, 2, 3
_CALLBACK = ".waitForTaskToken"

# Errors of our own that are raised for a certain time only, and that time in seconds.
OWN: Mapping[str, Callable[[Waits], int]] = {
    "FindingsIncomplete": lambda waits: waits.findings_seconds,
    "LaunchNotListed": lambda _: 300,  # aws.consistency.LISTED_WITHIN
}


class Loop(NamedTuple):
    """States that an execution may enter again, from the one by which it comes in to the one that leads back to it."""

    states: tuple[str, ...]
    passes: Callable[[Waits], int]  # at most, after the first
    beside: int = 0  # how many of these may lie outside the wait that bounds them, beside the first
    way_out: tuple[str, ...] = ()  # states entered once more after the last pass, where its last state does not end it


def agent_looks(waits: Waits) -> int:
    """How often agents are waited for and looked at again at most."""
    return ceil(waits.agent_deadline_seconds / waits.agent_poll_seconds)


def completion_looks(waits: Waits) -> int:
    """How often Inspector is asked again at most; once beside the polls, for a completion message."""
    return 1 + ceil(waits.completion_deadline_seconds / shortest_look(waits))


# Every loop of the definition. The first look at the agents sets their deadline, so it and the last one lie outside.
AGENTS = Loop(("Check Agents", "Agents Ready?", "Wait For Agents"), agent_looks, beside=1)
LOOKS = Loop(("Await Completion", "Check Run", "Over?"), completion_looks)
ROOM = Loop(("Plan Wave", "What Is Left?", "Wait For Room"), lambda _: _ROOM_LOOKS)
# Another turn or wave begins only while time and history have room for it: instances.budget.
TURN = Loop(
    ("Plan Wave", "What Is Left?", "Await Completion", "Check Run", "Over?", "Tag Findings", "Terminate"),
    lambda _: 0,
    way_out=("Plan Wave", "What Is Left?", "Terminate All"),
)
# Plan Wave is asked once more when the instances are launched, and then leads to their boot.
WAVE = Loop(
    ("Plan Wave", "What Is Left?", "Launch Instances"),
    lambda _: 0,
    way_out=("Plan Wave", "What Is Left?", "Wait For Boot"),
)
LOOPS = (AGENTS, LOOKS, ROOM, TURN, WAVE)


def waited(waits: Waits) -> int:
    """The seconds of all waits, but for that for findings."""
    return waits.boot_seconds + agent_looks(waits) * waits.agent_poll_seconds + waits.completion_deadline_seconds


def most_seconds(waits: Waits, amis: int) -> int:
    """How long an execution that assesses so many AMIs lasts at most."""

    definition = shipped_graph()
    states = definition["States"]
    # A Map's iterations are only on the path.
    again = sum(loop.beside * _seconds(states[name], waits, 0) for loop in LOOPS for name in loop.states)
    return waited(waits) + ceil(_longest(definition, lambda state: _seconds(state, waits, _batches(amis))) + again)


def most_events(waits: Waits, amis: int) -> int:
    """How many events the history of an execution that assesses so many AMIs has at most."""
    definition = shipped_graph()
    path = _longest(definition, lambda state: _events(state, _batches(amis), retries=_retries))
    again = sum(loop.passes(waits) * events_of_pass(loop) for loop in LOOPS)
    return _EXECUTION + ceil(path) + again


def events_of_pass(loop: Loop, retried: int = 1) -> int:
    """The events of one pass of a loop in which every task is retried so often; those of a Map's iterations are not."""
    return sum(_events(shipped_graph()["States"][name], 0, retries=lambda _: retried) for name in loop.states)


def events_without_faults(state: State, batches: int) -> int:
    """The events of a pass of a state, those of a Map's iterations included."""
    return _events(state, batches, retries=lambda _: 0)


# ---------------------------------------------------------------- a state


def _batches(amis: int) -> int:
    return min(amis, BATCHES)


def _events(state: State, batches: int, retries: Callable[[State], int]) -> int:
    events = _EVENTS[state["Type"]]
    if state["Type"] == "Map":
        iteration = _longest(state["ItemProcessor"], lambda inner: _events(inner, batches, retries))
        return events + batches * (_ITERATION + ceil(iteration))
    submitted = int(state.get("Resource", "").endswith(_CALLBACK))
    return events + submitted + (_ATTEMPT + submitted) * retries(state)


def _retries(state: State) -> int:
    """How often a state's task is retried at most by one kind of fault, and by errors of our own."""
    own, foreign = ([int(one["MaxAttempts"]) for one in part] for part in _retriers(state))
    return sum(own) + max(foreign, default=0)


def _seconds(state: State, waits: Waits, batches: int) -> float:
    """The longest pass of a state; of a Map, of all its rounds. A wait and what a callback sleeps take nothing here."""
    if state["Type"] == "Map":
        rounds: int = ceil(batches / state["MaxConcurrency"])
        return rounds * _longest(state["ItemProcessor"], lambda inner: _seconds(inner, waits, batches))
    own, foreign = _retriers(state)
    limit: int = state.get("TimeoutSeconds", 0)
    faults = [limit, *(_back_off(one) + _hanging(one, limit) for one in foreign)]
    return max(faults) + sum(min(_back_off(one), _bound(one, waits)) for one in own)


def _retriers(state: State) -> tuple[list[State], list[State]]:
    """A state's retriers of our own errors, and the others."""
    retriers: list[State] = state.get("Retry", [])
    own = [one for one in retriers if OWN.keys() & one["ErrorEquals"]]
    return own, [one for one in retriers if one not in own]


def _bound(retrier: State, waits: Waits) -> float:
    """For how long an error of our own is retried: the delay that has begun when its time is over is the last."""
    bound: float = max(OWN[name](waits) for name in retrier["ErrorEquals"]) + retrier["MaxDelaySeconds"]
    return bound


def _back_off(retrier: State) -> float:
    """The delays of a retrier, none shortened by jitter (Amazon States Language, "Retrying after error")."""
    delays = (retrier["IntervalSeconds"] * retrier["BackoffRate"] ** number for number in range(retrier["MaxAttempts"]))
    return float(sum(min(delay, retrier.get("MaxDelaySeconds", delay)) for delay in delays))


def _hanging(retrier: State, limit: int) -> int:
    """What the attempts last, where the task hangs in each; one that ends with another error is taken as short."""
    return limit * (1 + int(retrier["MaxAttempts"])) if "States.Timeout" in retrier["ErrorEquals"] else 0


# ---------------------------------------------------------------- the definition


def _longest(definition: Definition, weight: Callable[[State], float]) -> float:
    """The weight of the heaviest path from the start to an end that goes through each loop once."""
    states = definition["States"]

    @cache
    def after(name: str) -> float:
        following = [after(each) for each in successors(states[name]) if (name, each) not in _BACK]
        if way := _OUT.get(name):
            following.append(sum(weight(states[each]) for each in way[:-1]) + after(way[-1]))
        return weight(states[name]) + max(following, default=0)

    return after(definition["StartAt"])


_BACK = frozenset((loop.states[-1], loop.states[0]) for loop in LOOPS)
_OUT = {loop.states[-1]: loop.way_out for loop in LOOPS if loop.way_out}


def successors(state: State) -> Iterable[str]:
    """The states that may follow a state, whether it ends well or not."""
    ways = [state, *state.get("Choices", []), *state.get("Catch", []), {"Next": state.get("Default")}]
    return [way["Next"] for way in ways if way.get("Next")]
