"""The definition as a course: which state follows which, what each task is given, what is kept of its answer."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields
from scenarios import changes_nothing

State = dict[str, Any]

ROOT = Path(__file__).parents[2]
MACHINE: dict[str, Any] = json.loads((ROOT / "statemachine" / "assessment.asl.json").read_text())
STATES: dict[str, State] = MACHINE["States"]
MAPS = {name: state["ItemProcessor"] for name, state in STATES.items() if state["Type"] == "Map"}
ALL = STATES | {name: state for processor in MAPS.values() for name, state in processor["States"].items()}
TASKS = {name: state for name, state in ALL.items() if state["Type"] == "Task"}
# The function of a task inside a Map has the Map's name; Terminate All is Terminate of everything.
FUNCTIONS = {name: name.removesuffix(" All") for name in TASKS} | {
    processor["StartAt"]: name for name, processor in MAPS.items()
}

TRANSIENT = [
    "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException", "Lambda.ResourceNotReadyException",
]  # fmt: skip
DIED = ["Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout"]


# ---------------------------------------------------------------- tasks and their functions


def members(name: str, kind: str) -> set[str]:
    """The members of the Event or the Answer of a task's function, as they are outside."""
    module = importlib.import_module(f"handlers.{FUNCTIONS[name].lower().replace(' ', '_')}")
    return {field.encode_name for field in fields(getattr(module, kind))}


DROPPED = {"Ensure Target Template", "Start Run", "Await Completion"}  # tasks whose function's answer nothing reads
# Where the definition finds the members of an event.
SOURCES = {
    "runId": "$$.Execution.Name",
    "executionArn": "$$.Execution.Id",
    "startedAt": "$$.Execution.StartTime",
    "input": "$$.Execution.Input",
    "state": "$",
    "batch": "$.batch",
    "wave": "$.wave",
    "launches": "$.launches",
    "findings": "$.findings",
    "batches": "$.run.assessment.batches",
    "taskToken": "$$.Task.Token",
}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_invokes_the_function_of_its_name(name: str) -> None:
    token = f"${{{FUNCTIONS[name].replace(' ', '')}Arn}}"
    assert TASKS[name]["Parameters"].keys() == {"FunctionName", "Payload"}
    assert TASKS[name]["Parameters"]["FunctionName"] == token


@pytest.mark.parametrize("name", TASKS)
def test_a_task_passes_on_what_its_function_reads(name: str) -> None:
    read = members(name, "Event") - ({"batches"} if name == "Terminate All" else set())
    assert TASKS[name]["Parameters"]["Payload"] == {f"{member}.$": SOURCES[member] for member in read}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_keeps_every_member_of_its_functions_answer(name: str) -> None:
    answer = set[str]() if name in DROPPED else members(name, "Answer")
    selected = TASKS[name].get("ResultSelector", {})
    if name == REPLACES:
        assert (selected["launches"], selected["findings"]) == ([], [])
        selected = selected["run"]
    assert selected == {f"{member}.$": f"$.Payload.{member}" for member in answer}


def test_only_await_completion_waits_for_a_callback() -> None:
    waiting = {name for name, task in TASKS.items() if task["Resource"].endswith(".waitForTaskToken")}
    assert waiting == {"Await Completion"}
    assert STATES["Await Completion"]["TimeoutSecondsPath"] == "$.run.assessment.nextLookSeconds"


# ---------------------------------------------------------------- where results are kept

# Its result and its fault replace the input, which may be any JSON: "$" is the default (Amazon States Language).
REPLACES = "Load Config"
# Plan Wave and Aggregate read launches and findings, Aggregate instances, error and terminateError (report/faults.py),
# Choices and Maps the others.
RESULTS = {
    "Ensure Target Template": None,
    "Plan Wave": "$.wave",
    "Launch Instances": "$.launches",
    "Launch Batch": "$.launch",
    "Check Agents": "$.agents",
    "Start Run": None,
    "Await Completion": None,
    "Check Run": "$.run.assessment",
    "Tag Findings": "$.findings",
    "Tag Batch": "$.tagging",
    "Terminate": "$.ended",
    "Terminate All": "$.instances",
    "Aggregate": "$.result",
}
CAUGHT = {REPLACES: "$", "Terminate": None, "Terminate All": "$.terminateError", "Aggregate": "$.result"}


def test_a_result_is_kept_where_it_is_read() -> None:
    assert {name: state["ResultPath"] for name, state in ALL.items() if "ResultPath" in state} == RESULTS


def test_a_fault_is_kept_where_it_is_read() -> None:
    for name, state in ALL.items():
        for catcher in state.get("Catch", ()):
            if catcher["ErrorEquals"] == ["States.ALL"]:
                assert catcher.get("ResultPath", "$") == CAUGHT.get(name, "$.error"), name


def test_only_the_first_and_the_last_state_narrow_their_input() -> None:
    narrow = {name: state["InputPath"] for name, state in ALL.items() if "InputPath" in state}
    assert narrow == {REPLACES: None, "Assessment Complete": "$.result.output"}
    assert not any("OutputPath" in state for state in ALL.values())


# A member more would do more: HeartbeatSeconds ends a wait that nobody answers meanwhile (Amazon States Language).
TASK = {"Resource", "Parameters", "TimeoutSeconds", "TimeoutSecondsPath", "InputPath", "ResultSelector", "ResultPath"}
MEMBERS = {
    "Task": TASK | {"Retry", "Catch", "Next", "End"},
    "Map": {"ItemsPath", "MaxConcurrency", "ItemSelector", "ItemProcessor", "ResultPath", "Catch", "Next"},
    "Choice": {"Choices", "Default"},
    "Wait": {"SecondsPath", "Next"},
    "Pass": {"InputPath", "Parameters", "Next", "End"},
    "Fail": {"ErrorPath", "CausePath"},
}


@pytest.mark.parametrize("name", ALL)
def test_a_state_has_no_other_member(name: str) -> None:
    assert ALL[name].keys() - {"Type", "Comment"} <= MEMBERS[ALL[name]["Type"]]


@pytest.mark.parametrize(
    ("name", "member"), [("Assessment Failed", ("error", "cause")), ("Report Failed", ("Error", "Cause"))]
)
def test_a_failure_says_what_aggregate_or_its_catch_kept(name: str, member: tuple[str, str]) -> None:
    error, cause = member
    paths = {"ErrorPath": f"$.result.{error}", "CausePath": f"$.result.{cause}"}
    assert STATES[name] == {"Type": "Fail", "Comment": STATES[name]["Comment"], **paths}


# An operator reads it in the console, beside the graph: the word for what is decided is in the name.
_LONGEST_COMMENT = 250


@pytest.mark.parametrize("name", ALL)
def test_a_state_says_in_a_sentence_what_it_is_for(name: str) -> None:
    comment = ALL[name]["Comment"]
    assert re.fullmatch(r"[A-Z].*\.", comment)
    assert 20 < len(comment) <= _LONGEST_COMMENT
    assert not re.search(r"\$\.|ResultPath|JSONPath|InputPath", comment), "words of the definition, not of an operator"
    assert re.fullmatch(r"[A-Z][a-z]+( [A-Z][a-z]+){0,3}\??", name)
    assert name.endswith("?") == (ALL[name]["Type"] == "Choice")
    assert len({state["Comment"] for state in ALL.values()}) == len(ALL), "each its own"


# ---------------------------------------------------------------- retries and bounds, as docs/state-machine.md has them


def retriers(name: str) -> Iterator[State]:
    spread = {"BackoffRate": 2, "JitterStrategy": "FULL"}
    if name == "Tag Batch":
        yield {
            "ErrorEquals": ["FindingsIncomplete"],
            "IntervalSeconds": 30,
            "MaxAttempts": 16,
            "MaxDelaySeconds": 300,
        } | spread
    if FUNCTIONS[name] == "Terminate":
        yield {
            "ErrorEquals": ["LaunchNotListed"],
            "IntervalSeconds": 30,
            "MaxAttempts": 20,
            "MaxDelaySeconds": 60,
        } | spread
    busy = ["Lambda.TooManyRequestsException"]
    yield {"ErrorEquals": busy, "IntervalSeconds": 2, "MaxAttempts": 20, "MaxDelaySeconds": 60} | spread
    faults = ["Throttled", "ServiceFault", *TRANSIENT]
    yield {"ErrorEquals": faults, "IntervalSeconds": 2, "MaxAttempts": 6, "MaxDelaySeconds": 60} | spread
    died = DIED if name == "Await Completion" else [*DIED, "States.Timeout"]
    yield {"ErrorEquals": died, "IntervalSeconds": 5, "MaxAttempts": 2} | spread


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_retried_as_the_page_says(name: str) -> None:
    assert TASKS[name]["Retry"] == list(retriers(name))


def test_batches_are_taken_eight_at_a_time() -> None:
    # Four launches each at once: EC2 refills RunInstances by two a second (instances/launch.py). With two batches of
    # findings beside them, ten invocations: so many a new account may have.
    assert {name: STATES[name]["MaxConcurrency"] for name in MAPS} == {"Launch Instances": 8, "Tag Findings": 8}


# ---------------------------------------------------------------- the course of a run


def follows(name: str, data: State) -> str:
    """The state after this one when nothing fails."""
    state = STATES[name]
    otherwise = str(state.get("Default") or state.get("Next") or "")
    return next((one["Next"] for one in state.get("Choices", ()) if _holds(one, data)), otherwise)


def _holds(choice: State, data: Any) -> bool:
    for member in choice["Variable"].removeprefix("$.").split("."):
        data = data[member]
    [comparison] = choice.keys() - {"Variable", "Next"}
    expected = choice[comparison]
    if comparison not in ("NumericEquals", "BooleanEquals", "StringEquals"):
        raise NotImplementedError(comparison)
    return type(data) is type(expected) and bool(data == expected)


def course(
    *,
    assessable: int,
    left: tuple[str, ...] = (),
    agents: int = 0,
    looks: int = 1,
    succeeded: bool = True,
    duplicate_of: str = "",
) -> list[str]:
    """The states that a run passes and that do something.

    Plan Wave answers what is left, one after the other; the run waits for agents and asks Inspector so many times.
    """
    data: State = {
        "run": {"assessable": assessable, "assessment": {"collect": False}, "duplicateOf": duplicate_of},
        "agents": {"proceed": False},
        "result": {"succeeded": succeeded},
    }
    passed = [MACHINE["StartAt"]]
    while following := follows(passed[-1], data):
        passed.append(following)
        assert len(passed) < 100
        data["wave"] = {"next": [*left, "FINISH"][max(0, passed.count("Plan Wave") - 1)]}
        data["agents"]["proceed"] = passed.count("Check Agents") > agents
        data["run"]["assessment"]["collect"] = passed.count("Check Run") >= looks
    return [name for name in passed if not changes_nothing(STATES[name])]


BEGIN = ["Load Config", "Duplicate?", "Anything To Assess?"]
PLAN = ["Plan Wave", "What Is Left?"]
READY = [*BEGIN, "Ensure Target Template", *PLAN]
LAUNCH = ["Launch Instances", *PLAN, "Wait For Boot"]
ASK = ["Check Agents", "Agents Ready?"]
LOOK = ["Await Completion", "Check Run", "Over?"]
COLLECT = ["Tag Findings", "Terminate", *PLAN]
END = ["Aggregate", "Succeeded?"]
COMPLETE = [*END, "Assessment Complete"]


@pytest.mark.parametrize("assessable", [1, 2, 40, 10_000])
def test_a_run_without_instances(assessable: int) -> None:
    expected = [*READY, "Start Run", *LOOK, *COLLECT, "Terminate All", *COMPLETE]
    assert course(assessable=assessable, left=("START",)) == expected


def test_a_run_with_instances_waits_asks_and_looks_again() -> None:
    waits = [*ASK, "Wait For Agents", *ASK, "Wait For Agents", *ASK]
    looks = ["Start Run", *LOOK, *LOOK, *LOOK]
    expected = [*READY, *LAUNCH, *waits, *looks, *COLLECT, "Terminate All"]
    assert course(assessable=3, left=("LAUNCH", "BOOT"), agents=2, looks=3) == [*expected, *COMPLETE]


def test_a_run_goes_round_until_nothing_is_left() -> None:
    """A wave, the scans of it that are over later, a wait for room, another wave."""
    turn = [*ASK, "Start Run", *LOOK, *COLLECT]
    expected = [*READY, *LAUNCH, *turn, *LOOK, *COLLECT, "Wait For Room", *PLAN, *LAUNCH, *turn, "Terminate All"]
    assert course(assessable=3, left=("LAUNCH", "BOOT", "AWAIT", "WAIT", "LAUNCH", "BOOT")) == [*expected, *COMPLETE]


def test_a_run_that_launches_nothing_ends_without_waiting_for_a_boot() -> None:
    expected = [*READY, "Launch Instances", *PLAN, "Terminate All", *COMPLETE]
    assert course(assessable=3, left=("LAUNCH",)) == expected


def test_with_nothing_to_assess_a_run_reports_at_once() -> None:
    assert course(assessable=0) == [*BEGIN, *COMPLETE]


def test_a_duplicate_ends_at_once() -> None:
    passed = course(assessable=0, duplicate_of="run-0")
    assert passed == ["Load Config", "Duplicate?", "End As Duplicate"]
    assert STATES["End As Duplicate"]["End"] is True


def test_a_run_whose_report_names_a_fault_fails() -> None:
    assert course(assessable=0, succeeded=False) == [*BEGIN, *END, "Assessment Failed"]


@pytest.mark.parametrize("name", MAPS)
def test_a_batch_is_one_task_or_its_failure(name: str) -> None:
    processor = MAPS[name]
    task, failed = processor["States"]
    assert processor["StartAt"] == task
    assert processor["States"][task]["End"] is True
    assert processor["States"][failed]["End"] is True
