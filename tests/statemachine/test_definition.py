"""The definition as a document: what AWS would refuse, or would do differently from what we mean, found without AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from golden_ami import errors

State = dict[str, Any]
States = dict[str, State]

DEFINITION = Path(__file__).parents[2] / "statemachine" / "assessment.asl.json"
MACHINE: dict[str, Any] = json.loads(DEFINITION.read_text())
STATES: States = MACHINE["States"]
TERMINAL = {name for name, state in STATES.items() if state["Type"] == "Fail"} | {"Assessment Complete"}

# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html and
# https://docs.aws.amazon.com/lambda/latest/dg/API_Invoke.html (errors), as the lambda:invoke integration names them.
THROTTLE = "Lambda.TooManyRequestsException"
TRANSIENT = {
    THROTTLE,
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ResourceNotReadyException",
}
DIED = {"Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout"}
RESERVED = {"States.ALL", "States.Timeout"}


def inner(name: str) -> States:
    states: States = STATES[name]["ItemProcessor"]["States"]
    return states


def all_states() -> Iterator[tuple[str, State]]:
    for name, state in STATES.items():
        yield name, state
        if state["Type"] == "Map":
            yield from inner(name).items()


TASKS = {name: state for name, state in all_states() if state["Type"] == "Task"}
TOP_TASKS = {name: state for name, state in TASKS.items() if name in STATES}
MAPS = {name: state for name, state in STATES.items() if state["Type"] == "Map"}


def class_names(base: type[Exception]) -> set[str]:
    return {base.__name__}.union(*(class_names(each) for each in base.__subclasses__()))


def next_of(state: State) -> set[str]:
    """The states that may follow, on any path."""
    following = {state[key] for key in ("Next", "Default") if key in state}
    return following | {each["Next"] for each in (*state.get("Choices", ()), *state.get("Catch", ()))}


def reachable(start: str, states: States, without: str = "") -> set[str]:
    seen: set[str] = set()
    pending = [start]
    while pending:
        name = pending.pop()
        if name not in seen and name != without:
            seen.add(name)
            pending += next_of(states[name])
    return seen


# ---------------------------------------------------------------- the graph


def test_every_state_is_reached_and_every_transition_leads_to_a_state() -> None:
    assert reachable(MACHINE["StartAt"], STATES) == set(STATES)
    for name in MAPS:
        processor = STATES[name]["ItemProcessor"]
        assert reachable(processor["StartAt"], processor["States"]) == set(processor["States"])


def test_state_names_are_unique_across_the_maps() -> None:
    names = [name for name, _ in all_states()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "start", ["Launch Instances", "Wait For Boot", "Start Run", "Await Completion", "Tag Findings"]
)
def test_once_instances_may_run_no_execution_ends_without_terminating(start: str) -> None:
    assert not reachable(start, STATES, without="Terminate All") & (TERMINAL | {"Aggregate"})


def test_no_execution_ends_without_a_report_or_a_word_that_there_is_none() -> None:
    assert not reachable(MACHINE["StartAt"], STATES, without="Aggregate") & TERMINAL


def test_the_whole_execution_has_a_bound() -> None:
    assert MACHINE["TimeoutSeconds"] == 86400


# ---------------------------------------------------------------- tasks


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_task_has_a_timeout(task: State) -> None:
    assert ("TimeoutSeconds" in task) != ("TimeoutSecondsPath" in task)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_task_names_its_function_by_token_and_its_partition_too(task: State) -> None:
    assert re.fullmatch(r"arn:\$\{Partition\}:states:::lambda:invoke(\.waitForTaskToken)?", task["Resource"])
    assert re.fullmatch(r"\$\{\w+Arn\}", task["Parameters"]["FunctionName"])


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_task_retries_throttles_and_transient_faults_with_backoff_and_jitter(task: State) -> None:
    [retrier] = [each for each in task["Retry"] if "Throttled" in each["ErrorEquals"]]
    assert set(retrier["ErrorEquals"]) == {"Throttled", "ServiceFault"} | TRANSIENT - {THROTTLE}
    assert retrier["MaxAttempts"] >= 5
    assert retrier["BackoffRate"] > 1
    assert retrier["MaxDelaySeconds"] <= 60


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_task_waits_until_the_account_has_concurrency_for_it(task: State) -> None:
    """Another task of the account may hold it for 15 minutes, Lambda's longest time-out."""
    [retrier] = [each for each in task["Retry"] if THROTTLE in each["ErrorEquals"]]
    delays = [min(2 * 2**number, retrier["MaxDelaySeconds"]) for number in range(retrier["MaxAttempts"])]
    assert sum(delays) > 900


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_function_that_dies_is_tried_a_few_times_only(task: State) -> None:
    [retrier] = [each for each in task["Retry"] if "Lambda.Unknown" in each["ErrorEquals"]]
    callback = "TimeoutSecondsPath" in task  # there a time-out is the poll interval, not a fault
    assert set(retrier["ErrorEquals"]) == DIED | (set() if callback else {"States.Timeout"})
    assert retrier["MaxAttempts"] == 2


def test_retries_are_spread() -> None:
    assert all(retrier["JitterStrategy"] == "FULL" for task in TASKS.values() for retrier in task["Retry"])


def test_only_what_can_heal_is_retried() -> None:
    healing = class_names(errors.Retriable) - {"Retriable"} | TRANSIENT | DIED | {"States.Timeout"}
    for task in TASKS.values():
        names = [name for retrier in task["Retry"] for name in retrier["ErrorEquals"]]
        assert len(names) == len(set(names)), "the first retrier that names an error takes it; a second is never used"
        assert set(names) <= healing


def test_every_retriable_fault_is_retried_somewhere() -> None:
    retried = {name for task in TASKS.values() for retrier in task["Retry"] for name in retrier["ErrorEquals"]}
    assert class_names(errors.Retriable) - {"Retriable"} <= retried


def test_findings_that_are_not_listed_yet_are_waited_for_where_findings_are_read() -> None:
    naming = {
        name
        for name, task in TASKS.items()
        if any("FindingsIncomplete" in each["ErrorEquals"] for each in task["Retry"])
    }
    assert naming == {"Tag Batch"}


def test_every_error_name_exists() -> None:
    known = class_names(errors.AssessmentError) | TRANSIENT | DIED | RESERVED
    for name, state in all_states():
        for handler in (*state.get("Retry", ()), *state.get("Catch", ())):
            assert set(handler["ErrorEquals"]) <= known, name


# ---------------------------------------------------------------- catchers


def test_states_all_stands_alone_and_last() -> None:
    for name, state in all_states():
        catchers = [catcher["ErrorEquals"] for catcher in state.get("Catch", ())]
        assert not catchers or catchers[-1] == ["States.ALL"], name
        assert not any("States.ALL" in each for each in catchers[:-1]), name


@pytest.mark.parametrize("name", [*TOP_TASKS, *MAPS])
def test_every_fault_leads_to_terminate_then_to_aggregate_then_to_a_failure(name: str) -> None:
    after_fault = {"Terminate All": "Aggregate", "Aggregate": "Report Failed", "Load Config": "Loading Failed"}
    after_fault["Terminate"] = "Plan Wave"  # the other AMIs are assessed; Terminate All tries again, and tells
    assert STATES[name]["Catch"][-1]["Next"] == after_fault.get(name, "Terminate All")
    assert STATES["Loading Failed"]["Next"] == "Terminate All"


def test_only_the_poll_interval_is_caught_by_name() -> None:
    by_name = {name: state["Catch"][:-1] for name, state in all_states() if len(state.get("Catch", ())) > 1}
    look = {"ErrorEquals": ["States.Timeout"], "ResultPath": None, "Next": "Check Run"}
    assert by_name == {"Await Completion": [look]}


def test_a_fault_is_kept_beside_the_state_and_never_in_its_place() -> None:
    for name, state in all_states():
        for catcher in state.get("Catch", ()):
            assert (catcher.get("ResultPath", "$") == "$") == (name == "Load Config"), name  # which has no state yet
    assert STATES["Loading Failed"]["Parameters"] == {"error": {"Error.$": "$.Error", "Cause.$": "$.Cause"}}


def test_no_path_is_applied_to_the_execution_s_input() -> None:
    """It may be any JSON. A path into an array, a number or null, or a result beside it, ends as States.Runtime.

    Step Functions Developer Guide, "Context object" ($$.Execution.Input), "InputPath" (null: {}), "ResultPath".
    """
    first = STATES[MACHINE["StartAt"]]
    assert first["InputPath"] is None
    assert not reads(first)
    assert "ResultPath" not in first  # the default, "$": the result replaces the input
    assert not any("ResultPath" in catcher for catcher in first["Catch"])
    assert first["Parameters"]["Payload"]["input.$"] == "$$.Execution.Input"


@pytest.mark.parametrize("name", MAPS)
def test_a_batch_that_fails_says_which_and_lets_the_others_go_on(name: str) -> None:
    states = inner(name)
    [task] = [state for state in states.values() if state["Type"] == "Task"]
    [catcher] = task["Catch"]
    failed = states[catcher["Next"]]
    assert failed["Type"] == "Pass"
    assert failed["End"]
    # The cause may be 32 KiB long: forty of them would break the 256 KiB that a state may hold.
    wave = {"wave.$": "$.wave"} if name == "Launch Instances" else {}
    assert failed["Parameters"] == {"batch.$": "$.batch", "amis.$": "$.amis", **wave, "error.$": "$.error.Error"}


# ---------------------------------------------------------------- data


def paths_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, member in value.items():
            if key.endswith(".$"):
                yield member
            else:
                yield from paths_in(member)


def reads(state: State) -> set[str]:
    """The members of the state's input that it reads; AWS ends the execution with States.Runtime where one lacks."""
    paths = set(paths_in(state.get("Parameters", {})))
    paths |= {
        state[key]
        for key in ("ItemsPath", "SecondsPath", "TimeoutSecondsPath", "ErrorPath", "CausePath", "InputPath")
        if state.get(key)
    }
    paths |= {choice["Variable"] for choice in state.get("Choices", ())}
    return {path.removeprefix("$.") for path in paths if path.startswith("$.")}


def writes(state: State) -> set[str]:
    """What a state adds to its input when it succeeds: `name`, and `name.member` for each selected member."""
    if state["Type"] == "Pass":
        return members(state.get("Parameters", {}))
    path = state.get("ResultPath", "$" if state["Type"] == "Task" else None)
    if path == "$":
        return members(state["ResultSelector"])
    return members({path.removeprefix("$."): state.get("ResultSelector", {})}) if path else set()


def members(selected: dict[str, Any]) -> set[str]:
    """The names in a ResultSelector or in Parameters, and `name.member` for those of an object in it."""
    names = {name.removesuffix(".$") for name in selected}
    return names.union(
        *({f"{key}.{one}" for one in members(inside)} for key, inside in selected.items() if isinstance(inside, dict))
    )


def outcomes(state: State) -> Iterator[tuple[str, set[str]]]:
    caught = {catcher["Next"]: catcher for catcher in state.get("Catch", ())}
    for catcher in state.get("Catch", ()):
        fault: dict[str, Any] = {"Error": {}, "Cause": {}}
        path = catcher.get("ResultPath", "$")
        yield catcher["Next"], members(fault if path == "$" else {path.removeprefix("$."): fault}) if path else set()
    for following in next_of(state):
        if following not in caught or following == state.get("Next"):
            yield following, writes(state)


def certain() -> dict[str, set[str]]:
    """For each state, the members that its input has on every path that leads to it."""
    everything = set().union(*(writes(state) for state in STATES.values()))
    everything |= {name for state in STATES.values() for _, names in outcomes(state) for name in names}
    known = {name: set(everything) for name in STATES}
    known[MACHINE["StartAt"]] = set()
    changed = True
    while changed:
        changed = False
        for name, state in STATES.items():
            for following, added in outcomes(state):
                narrowed = known[following] & (known[name] | added)
                changed |= narrowed != known[following]
                known[following] = narrowed
    return known


def test_what_a_state_reads_is_there_on_every_path_to_it() -> None:
    known = certain()
    within = {"run.waits": {"bootSeconds", "agentPollSeconds"}, "run.assessment": {"nextLookSeconds"}}
    for name, state in STATES.items():
        there = known[name] | {f"{of}.{one}" for of, names in within.items() if of in known[name] for one in names}
        assert reads(state) <= there, name


def test_the_waits_that_are_read_exist_in_the_model() -> None:
    from golden_ami.models import Waits

    names = set(Waits.__struct_encode_fields__)
    read = {path.removeprefix("run.waits.") for state in STATES.values() for path in reads(state) if "waits" in path}
    assert read == {"bootSeconds", "agentPollSeconds"}
    assert read <= names


@pytest.mark.parametrize("name", MAPS)
def test_an_iteration_has_its_batch_and_amis_and_nothing_else(name: str) -> None:
    state = STATES[name]
    items, wave = {
        "Launch Instances": ("$.wave.items", {"wave.$": "$.wave.number"}),
        "Tag Findings": ("$.run.assessment.items", {}),
    }[name]
    assert state["ItemsPath"] == items
    item = {"batch.$": "$$.Map.Item.Value.batch", "amis.$": "$$.Map.Item.Value.amis"}
    assert state["ItemSelector"] == {**item, **wave}
    assert state["ItemProcessor"]["ProcessorConfig"] == {"Mode": "INLINE"}
    assert 1 <= state["MaxConcurrency"] <= 40  # AWS runs at most 40 iterations of an inline map at a time


def test_no_state_repeats_the_answer_of_lambda_around_the_payload() -> None:
    for name, task in TASKS.items():
        if task.get("ResultPath", "$") is not None:
            assert all(path.startswith("$.Payload.") for path in paths_in(task["ResultSelector"])), name


def test_it_is_plain_jsonpath() -> None:
    text = DEFINITION.read_text()
    assert not re.search(r"QueryLanguage|JSONata|\"Assign\"|\{%", text)


def test_it_is_small_enough() -> None:
    assert len(DEFINITION.read_bytes()) < 1_048_576


def test_the_callback_is_the_only_state_that_sees_the_token() -> None:
    seeing = {name for name, state in all_states() if "$$.Task.Token" in json.dumps(state)}
    assert seeing == {"Await Completion"}
    assert STATES["Await Completion"]["Resource"].endswith(".waitForTaskToken")
