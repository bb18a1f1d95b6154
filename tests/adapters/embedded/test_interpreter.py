"""The interpreter in emulated time, against what Step Functions documents."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from threading import Event, Thread, current_thread
from typing import Any

import pytest
from botocore.exceptions import ClientError
from machines import CALLBACK, Definition, Machine, open_machine, task
from patience import HANGS

from golden_ami.executions import EVENT_LIMIT


@pytest.fixture
def machine() -> Iterator[Machine]:
    with open_machine(Machine()) as machine:
        yield machine


def elapsed(answer: Definition) -> float:
    return float((answer["stopDate"] - answer["startDate"]).total_seconds())


def test_a_wait_of_an_hour_takes_no_hour_and_stands_in_the_history(machine: Machine) -> None:
    arn = machine.start({"W": {"Type": "Wait", "Seconds": 3600, "End": True}})
    started = time.perf_counter()
    answer = machine.finish(arn)
    assert answer["status"] == "SUCCEEDED"
    assert elapsed(answer) == pytest.approx(3600, abs=2)
    assert time.perf_counter() - started < HANGS < 3600
    events = machine.client.get_execution_history(executionArn=arn)["events"]
    exited = next(event for event in events if event["type"] == "WaitStateExited")
    assert (exited["timestamp"] - events[0]["timestamp"]).total_seconds() == pytest.approx(3600, abs=2)


def test_a_callback_resumes_the_execution(machine: Machine) -> None:
    arn = machine.start({"T": task(CALLBACK, TimeoutSeconds=600)})
    machine.clock.sleep(60)
    machine.client.send_task_success(taskToken=machine.tokens[0], output='{"done": true}')
    answer = machine.finish(arn)
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"done": True})
    assert elapsed(answer) == pytest.approx(60, abs=2)


def test_a_callbacks_failure_keeps_error_and_cause(machine: Machine) -> None:
    arn = machine.start({"T": task(CALLBACK, TimeoutSeconds=600)})
    machine.clock.sleep(1)
    machine.client.send_task_failure(taskToken=machine.tokens[0], error="Broken", cause="because")
    answer = machine.finish(arn)
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "Broken", "because")


def test_a_callback_that_never_comes_times_out_and_a_late_one_is_refused(machine: Machine) -> None:
    late = {"Type": "Wait", "Seconds": 100, "End": True}
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]
    arn = machine.start({"T": task(CALLBACK, TimeoutSeconds=600, Catch=catch), "Late": late})
    machine.clock.sleep(650)
    assert "TaskTimedOut" in machine.kinds(arn)
    with pytest.raises(ClientError) as refused:
        machine.client.send_task_success(taskToken=machine.tokens[0], output="{}")
    assert refused.value.response["Error"]["Code"] == "TaskTimedOut"
    answer = machine.finish(arn)
    assert answer["status"] == "SUCCEEDED"
    assert elapsed(answer) == pytest.approx(700, abs=2)


def test_a_token_is_answered_once(machine: Machine) -> None:
    arn = machine.start({"T": task(CALLBACK, TimeoutSeconds=600)})
    machine.clock.sleep(1)
    machine.client.send_task_success(taskToken=machine.tokens[0], output="1")
    with pytest.raises(ClientError, match="TaskTimedOut"):
        machine.client.send_task_success(taskToken=machine.tokens[0], output="2")
    assert machine.finish(arn)["output"] == "1"
    with pytest.raises(ClientError, match="TaskTimedOut"):
        machine.client.send_task_failure(taskToken=machine.tokens[0], error="E")
    with pytest.raises(ClientError, match="InvalidToken"):
        machine.client.send_task_success(taskToken="no such token", output="2")


def test_a_heartbeat_that_stops_fails_the_task(machine: Machine) -> None:
    arn = machine.start({"T": task(CALLBACK, TimeoutSeconds=600, HeartbeatSeconds=50)})
    for _ in range(3):
        machine.clock.sleep(40)
        machine.client.send_task_heartbeat(taskToken=machine.tokens[0])
    answer = machine.finish(arn)
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Timeout")
    assert elapsed(answer) == pytest.approx(170, abs=2)


def test_retries_back_off_up_to_the_maximal_delay(machine: Machine) -> None:
    retry = [
        {"ErrorEquals": ["ValueError"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 4, "MaxDelaySeconds": 10}
    ]
    machine.answers = [ValueError("x")] * 4 + [{"ok": 1}]
    answer = machine.finish(machine.start({"T": task(Retry=retry)}))
    assert answer["status"] == "SUCCEEDED"
    delays = [later - earlier for earlier, later in zip(machine.invoked_at, machine.invoked_at[1:], strict=False)]
    assert delays == pytest.approx([2, 6, 10, 10], abs=1)


def test_jitter_shortens_a_delay(machine: Machine) -> None:
    retry = [{"ErrorEquals": ["ValueError"], "IntervalSeconds": 100, "MaxAttempts": 1, "JitterStrategy": "FULL"}]
    machine.answers = [ValueError("x"), {"ok": 1}]
    assert elapsed(machine.finish(machine.start({"T": task(Retry=retry)}))) < 101


def test_an_execution_times_out_whatever_it_waits_for(machine: Machine) -> None:
    answer = machine.finish(arn := machine.start({"T": task(CALLBACK, TimeoutSeconds=9000)}, limit=300))
    assert answer["status"] == "TIMED_OUT"
    assert elapsed(answer) == pytest.approx(300, abs=2)
    assert machine.kinds(arn)[-1] == "ExecutionTimedOut"
    assert machine.published[-1]["status"] == "TIMED_OUT"


CATCH: Definition = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]}
DONE: Definition = {"Type": "Succeed"}
LOOP: Definition = {"L": {"Type": "Choice", "Choices": [], "Default": "L"}, "Done": DONE}
LOOP["L"]["Choices"] = [{"Variable": "$.no", "IsPresent": True, "Next": "Done"}]


def mapped(states: Definition) -> Definition:
    """The states in a Map that catches every fault."""
    within = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": next(iter(states)), "States": states}
    return {"M": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": within, "End": True, **CATCH}, "Done": DONE}


@pytest.mark.parametrize(
    ("states", "limit"), [(LOOP, 25_000), (mapped(LOOP), 200)], ids=["loop", "in a map, with a limit of 200"]
)
def test_an_execution_with_a_full_history_fails_whatever_it_catches(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, states: Definition, limit: int
) -> None:
    """Step Functions Developer Guide, "Avoid reaching the history quota"; the last event is the failure itself."""
    if limit != EVENT_LIMIT:
        monkeypatch.setattr("golden_ami_emulator.interpreter.EVENT_LIMIT", limit)
    answer = machine.finish(arn := machine.start(states, input={"items": [1, 2]}))
    cause = "The execution reached the maximum number of history events (25000)."
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "States.Runtime", cause)
    events = machine.interpreter.events(arn)
    assert [event["id"] for event in events] == [*range(1, limit + 1)]
    assert events[-1]["type"] == "ExecutionFailed"
    assert events[-1]["executionFailedEventDetails"] == {"error": "States.Runtime", "cause": cause}
    assert [event["status"] for event in machine.published] == ["RUNNING", "FAILED"]


@pytest.mark.parametrize(("limit", "status"), [(6, "SUCCEEDED"), (5, "FAILED")])
def test_success_may_be_the_last_event_of_a_full_history(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, limit: int, status: str
) -> None:
    monkeypatch.setattr("golden_ami_emulator.interpreter.EVENT_LIMIT", limit)
    arn = machine.start({"P": {"Type": "Pass", "Next": "Done"}, "Done": DONE})
    assert machine.finish(arn)["status"] == status
    assert len(machine.kinds(arn)) == limit


@pytest.mark.parametrize(
    "states",
    [
        {"T": {"Type": "Wait", "Seconds": 5000, "End": True}},
        {"T": task(CALLBACK, TimeoutSeconds=5000, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "C"}]),
         "C": {"Type": "Succeed"}},
        {"T": task(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5000, "MaxAttempts": 3}])},
        {"M": {"Type": "Map", "ItemsPath": "$.items", "End": True, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "T",
            "States": {"T": {"Type": "Wait", "Seconds": 5000, "End": True}}}}},
    ],
    ids=["wait", "callback", "retry", "map"],
)  # fmt: skip
def test_stopping_takes_effect_at_once_and_skips_every_catch(machine: Machine, states: Definition) -> None:
    machine.answers = [ValueError("x")] * 5 if "Retry" in states.get("T", {}) else []
    arn = machine.start(states, input={"items": [1, 2]})
    machine.clock.sleep(30)
    stopped = machine.client.stop_execution(executionArn=arn, error="Operator", cause="enough")
    answer = machine.client.describe_execution(executionArn=arn)
    assert (answer["status"], answer["error"], answer["cause"]) == ("ABORTED", "Operator", "enough")
    assert stopped["stopDate"] == answer["stopDate"]
    assert elapsed(answer) == pytest.approx(30, abs=2)
    history = machine.kinds(arn)
    machine.clock.sleep(10_000)
    assert machine.kinds(arn) == history
    assert history[-1] == "ExecutionAborted"
    assert [event["status"] for event in machine.published] == ["RUNNING", "ABORTED"]


def test_an_end_is_told_once_though_two_threads_see_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    end = machine.interpreter._end

    def slowly(*ending: Any) -> None:
        end(*ending)
        machine.clock.wait(machine.interpreter.running(arn).settled)  # by the execution's own thread

    monkeypatch.setattr(machine.interpreter, "_end", slowly)
    arn = machine.start({"T": task(CALLBACK, TimeoutSeconds=5000)})
    machine.clock.sleep(30)
    stopped = machine.client.stop_execution(executionArn=arn, error="Operator", cause="enough")
    assert stopped["stopDate"] == machine.client.describe_execution(executionArn=arn)["stopDate"]
    assert [event["status"] for event in machine.published] == ["RUNNING", "ABORTED"]
    assert (machine.published[-1]["error"], machine.published[-1]["cause"]) == ("Operator", "enough")


@pytest.mark.parametrize("state", ["Choose", "Pass", "Last"])
@pytest.mark.parametrize("moment", ["StateEntered", "StateExited"])
def test_a_stop_at_the_moment_of_a_state_aborts(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, state: str, moment: str
) -> None:
    """StopExecution's status is ABORTED, and ExecutionAborted the last event, wherever the program stands."""
    from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

    record, end, settle = EventManager.add_event, machine.interpreter._end, machine.interpreter._settle
    stopped = Event()

    def recorded(manager: Any, *args: Any, **event: Any) -> int:
        number: int = record(manager, *args, **event)
        kind = str(getattr(event["event_type"], "value", event["event_type"]))
        if kind.endswith(moment) and next(iter(event["event_details"].values()))["name"] == state:
            program.append(current_thread())
            Thread(target=machine.client.stop_execution, kwargs={"executionArn": arns[0], "error": "Stop"}).start()
            stopped.wait()
        return number

    def ended(*ending: Any) -> None:
        end(*ending)
        stopped.set()

    def settled(running: Any) -> None:
        Thread.join(program[0])  # the program goes on, and comes to its own end first
        settle(running)

    monkeypatch.setattr(EventManager, "add_event", recorded)
    monkeypatch.setattr(machine.interpreter, "_end", ended)
    monkeypatch.setattr(machine.interpreter, "_settle", settled)
    program: list[Thread] = []
    arns: list[str] = []
    wait: Definition = {"Type": "Wait", "Seconds": 1, "Next": "Choose"}
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "Pass"}]}
    states = {"W": wait, "Choose": choice, "Pass": {"Type": "Pass", "Next": "Last"}, "Last": {"Type": "Succeed"}}
    arns.append(machine.start(states, input={"n": 1}))
    answer = machine.finish(arns[0])
    assert (answer["status"], answer["error"]) == ("ABORTED", "Stop")
    machine.clock.sleep(60)
    assert machine.kinds(arns[0])[-1] == "ExecutionAborted"
    assert [event["status"] for event in machine.published] == ["RUNNING", "ABORTED"]


def test_a_stop_before_the_first_state_aborts(machine: Machine) -> None:
    arn = machine.start({"W": {"Type": "Wait", "Seconds": 10, "End": True}})
    machine.client.stop_execution(executionArn=arn)
    assert machine.finish(arn)["status"] == "ABORTED"
    assert (machine.kinds(arn)[0], machine.kinds(arn)[-1]) == ("ExecutionStarted", "ExecutionAborted")


def test_a_stop_of_what_is_over_changes_nothing(machine: Machine) -> None:
    arn = machine.start({"W": {"Type": "Wait", "Seconds": 10, "End": True}})
    answer = machine.finish(arn)
    assert machine.client.stop_execution(executionArn=arn)["stopDate"] == answer["stopDate"]
    assert machine.client.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"
    assert [event["status"] for event in machine.published] == ["RUNNING", "SUCCEEDED"]


def test_the_status_change_has_the_shape_of_awss_event(machine: Machine) -> None:
    arn = machine.start({"F": {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "$.c"}}, input={"e": "E", "c": "C"})
    answer = machine.finish(arn)
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "E", "C")
    detail = machine.published[-1]
    assert detail["executionArn"] == arn
    assert detail["stateMachineArn"] == machine.machine
    assert (detail["status"], detail["error"], detail["cause"], detail["output"]) == ("FAILED", "E", "C", None)
    assert detail["startDate"] == int(answer["startDate"].timestamp() * 1000)
    assert json.loads(detail["input"]) == {"e": "E", "c": "C"}


def test_starting_is_idempotent_by_name(machine: Machine) -> None:
    wait = {"W": {"Type": "Wait", "Seconds": 10, "End": True}}
    arn = machine.start(wait, name="n", input={"a": 1})
    assert machine.again("n", {"a": 1}) == arn
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machine.again("n", {"a": 2})
    machine.finish(arn)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machine.again("n", {"a": 1})
    assert machine.again() != machine.again()


def test_a_payload_above_256_kib_fails_the_state(machine: Machine) -> None:
    machine.answers = [{"big": "x" * 262_144}]
    answer = machine.finish(machine.start({"T": task()}))
    assert (answer["status"], answer["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_a_maps_waits_overlap_up_to_its_concurrency(machine: Machine) -> None:
    inner = {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": "W",
        "States": {"W": {"Type": "Wait", "Seconds": 100, "End": True}},
    }
    states = {"M": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 5, "ItemProcessor": inner, "End": True}}
    answer = machine.finish(machine.start(states, input={"items": list(range(20))}))
    assert answer["status"] == "SUCCEEDED"
    assert elapsed(answer) == pytest.approx(400, abs=3)
