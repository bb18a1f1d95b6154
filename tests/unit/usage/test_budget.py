"""What an execution takes at most: the definition's loops are all named, and every accepted configuration fits."""

from __future__ import annotations

import json
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from golden_ami.aws.consistency import LISTED_WITHIN
from golden_ami.configuration.config import schema
from golden_ami.configuration.waits import budget_problems
from golden_ami.executions import EVENT_LIMIT, TIME_LIMIT
from golden_ami.instances import planning
from golden_ami.instances.waves import SETTLED
from golden_ami.models import BATCHES, Waits
from golden_ami.usage import budget
from golden_ami.usage.budget import LOOPS, OWN, most_events, most_seconds, successors

ROOT = Path(__file__).parents[3]
MACHINE: dict[str, Any] = json.loads((ROOT / "statemachine" / "assessment.asl.json").read_text())
STATES: dict[str, Any] = MACHINE["States"]
INNER = {
    name: state for one in STATES.values() for name, state in one.get("ItemProcessor", {}).get("States", {}).items()
}
FOREIGN = {"Throttled", "ServiceFault"}  # raised for as long as AWS answers so; and whatever has a dot in its name
WAITS = schema()["$defs"]["waits"]["properties"]


def bounds(member: str) -> tuple[int, int]:
    return WAITS[member]["minimum"], WAITS[member]["maximum"]


@st.composite
def waits(draw: st.DrawFn) -> Waits:
    """Waits that the schema takes and that do not contradict each other."""
    deadline = draw(st.integers(*bounds("completionDeadlineSeconds")))
    agents = draw(st.integers(*bounds("agentDeadlineSeconds")))
    return Waits(
        boot_seconds=draw(st.integers(*bounds("bootSeconds"))),
        agent_deadline_seconds=agents,
        agent_poll_seconds=draw(st.integers(1, max(1, min(agents, bounds("agentPollSeconds")[1])))),
        completion_deadline_seconds=deadline,
        poll_seconds=draw(st.integers(1, min(deadline - 1, bounds("pollSeconds")[1]))),
        findings_seconds=draw(st.integers(*bounds("findingsSeconds"))),
    )


AMIS = st.integers(0, 200)


@given(waits(), AMIS)
def test_every_accepted_configuration_fits(given: Waits, amis: int) -> None:
    if not budget_problems(given, amis):
        assert most_seconds(given, amis) <= TIME_LIMIT
        assert most_events(given, amis) <= EVENT_LIMIT


@given(waits(), AMIS)
def test_a_refusal_names_the_smallest_intervals_that_fit(given: Waits, amis: int) -> None:
    told = {problem.path: problem for problem in budget_problems(given, amis)}
    told.pop("waits.completionDeadlineSeconds", None)
    names = {"waits.pollSeconds": "poll_seconds", "waits.agentPollSeconds": "agent_poll_seconds"}
    fitting = {}
    for path, problem in told.items():
        assert problem.value == str(getattr(given, names[path]))
        fitting[names[path]] = int(problem.remedy.removeprefix("give at least ").partition(": ")[0].replace(",", ""))
    assert most_events(replace(given, **fitting), amis) <= EVENT_LIMIT or len(fitting) == 2
    if len(fitting) == 1:
        [(name, least)] = fitting.items()
        assert most_events(replace(given, **{name: least - 1}), amis) > EVENT_LIMIT


def test_the_schema_takes_no_deadline_that_no_configuration_could_have() -> None:
    low = {name: bounds(name)[0] for name in ("bootSeconds", "agentDeadlineSeconds", "findingsSeconds")}
    longest = Waits(
        boot_seconds=low["bootSeconds"],
        agent_deadline_seconds=low["agentDeadlineSeconds"],
        findings_seconds=low["findingsSeconds"],
        completion_deadline_seconds=bounds("completionDeadlineSeconds")[1],
    )
    assert budget_problems(longest, 1) == []


def test_the_limits_are_those_of_the_definition() -> None:
    assert MACHINE["TimeoutSeconds"] == TIME_LIMIT
    assert BATCHES == 40, "Step Functions Developer Guide, Map state, inline mode: 40 iterations at once"
    assert OWN["LaunchNotListed"](Waits()) == LISTED_WITHIN.total_seconds()


def test_room_is_looked_for_until_a_refusal_is_no_instance_of_ours() -> None:
    assert budget.ROOM.passes(Waits()) == SETTLED.total_seconds() / planning.ROOM


def test_every_loop_is_named() -> None:
    back = {(loop.states[-1], loop.states[0]) for loop in LOOPS}
    graph = {name: {each for each in successors(state) if (name, each) not in back} for name, state in STATES.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError
    for processor in (state["ItemProcessor"]["States"] for state in STATES.values() if "ItemProcessor" in state):
        TopologicalSorter({name: set(successors(state)) for name, state in processor.items()}).prepare()


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.states[0])
def test_a_loop_is_one(loop: budget.Loop) -> None:
    for one, following in zip(loop.states, (*loop.states[1:], loop.states[0]), strict=True):
        assert following in successors(STATES[one])


@pytest.mark.parametrize("name", [name for name, state in (STATES | INNER).items() if state["Type"] == "Task"])
def test_what_bounds_a_task_is_known(name: str) -> None:
    """A retrier whose error is raised for a certain time only is named in OWN; it has a longest delay."""
    state = (STATES | INNER)[name]
    assert "TimeoutSeconds" in state or "TimeoutSecondsPath" in state
    for retrier in state["Retry"]:
        errors = set(retrier["ErrorEquals"])
        assert errors <= OWN.keys() or all("." in error or error in FOREIGN for error in errors)
        assert "MaxDelaySeconds" in retrier or not errors & OWN.keys()


def test_the_figures_of_a_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand: 2 + 5 + 2 x 3 for Work, 4 + 3 x (2 + 5) for Each, 2 for Done; 3 x 100 + 5 + 10 s, two rounds of 50 s."""
    retrier = {"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 5, "MaxAttempts": 2, "BackoffRate": 2}
    item = {"StartAt": "Item", "States": {"Item": {"Type": "Task", "TimeoutSeconds": 50, "End": True}}}
    states = {
        "Work": {"Type": "Task", "TimeoutSeconds": 100, "Retry": [retrier], "Next": "Each"},
        "Each": {"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": item, "Next": "Done"},
        "Done": {"Type": "Succeed"},
    }
    monkeypatch.setattr(budget, "shipped_graph", lambda: {"StartAt": "Work", "States": states})
    monkeypatch.setattr(budget, "LOOPS", ())
    assert most_events(Waits(), 3) == 2 + 11 + 25 + 2
    assert most_seconds(Waits(), 3) == budget.waited(Waits()) + 315 + 100
