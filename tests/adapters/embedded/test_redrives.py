"""RedriveExecution in the emulator: from the unsuccessful state, with what the execution has, once it may be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from machines import CALLBACK, Machine, open_machine, task

FIRST = {"Type": "Pass", "Result": {"first": True}, "Next": "B"}
DAY = 86_400
WHOLE = {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f", "Payload.$": "$"}


@pytest.fixture
def machine() -> Iterator[Machine]:
    with open_machine(Machine()) as opened:
        yield opened


def redrive(machine: Machine, arn: str, **more: Any) -> dict[str, Any]:
    machine.client.redrive_execution(executionArn=arn, **more)
    return machine.finish(arn)


def refused(machine: Machine, arn: str) -> str:
    """The refusal, which DescribeExecution has told before."""
    described = machine.client.describe_execution(executionArn=arn)
    assert described["redriveStatus"] == "NOT_REDRIVABLE"
    with pytest.raises(ClientError) as raised:
        machine.client.redrive_execution(executionArn=arn)
    error = raised.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ExecutionNotRedrivable", described["redriveStatusReason"])
    return str(error["Message"])


def test_it_goes_on_from_the_unsuccessful_state(machine: Machine) -> None:
    machine.answers = [ValueError("once")]
    arn = machine.start({"A": FIRST, "B": task(Parameters=WHOLE)}, input={"x": 1})
    failed = machine.finish(arn)
    assert (failed["status"], failed["redriveCount"], failed["redriveStatus"]) == ("FAILED", 0, "REDRIVABLE")
    assert "redriveDate" not in failed
    machine.clock.sleep(DAY)
    ended = redrive(machine, arn)
    assert (ended["status"], ended["redriveCount"], ended["startDate"]) == ("SUCCEEDED", 1, failed["startDate"])
    assert ended["redriveDate"] - failed["stopDate"] == timedelta(days=1)
    assert (json.loads(ended["input"]), "error" in ended) == ({"x": 1}, False)
    events = machine.client.get_execution_history(executionArn=arn)["events"]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    kinds = [event["type"] for event in events]
    again = kinds.index("ExecutionRedriven")
    assert kinds[again - 1] == "ExecutionFailed"
    assert kinds[again + 1 :] == [
        "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"
    ]  # fmt: skip
    assert events[again]["executionRedrivenEventDetails"] == {"redriveCount": 1}
    scheduled = [
        json.loads(e["taskScheduledEventDetails"]["parameters"]) for e in events if e["type"] == "TaskScheduled"
    ]
    assert scheduled[0] == scheduled[1]
    statuses = [one["status"] for one in machine.published]
    assert statuses == ["RUNNING", "FAILED", "RUNNING", "SUCCEEDED"]
    assert "Execution is SUCCEEDED" in refused(machine, arn)
    [listed] = machine.client.list_executions(stateMachineArn=machine.machine)["executions"]
    assert (listed["redriveCount"], listed["redriveDate"]) == (1, ended["redriveDate"])


def test_retries_and_both_time_outs_count_anew(machine: Machine) -> None:
    machine.answers = [ValueError(), ValueError()]
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 10}]
    wait = {"Type": "Wait", "Seconds": 90, "End": True}
    retried = {name: value for name, value in task(Retry=retry, Next="W").items() if name != "End"}
    arn = machine.start({"A": retried, "W": wait}, limit=100)
    assert machine.finish(arn)["status"] == "FAILED"
    machine.answers = [ValueError()]
    assert redrive(machine, arn)["status"] == "SUCCEEDED", "a second retry, and 100 seconds from the redrive"
    assert machine.kinds(arn).count("TaskFailed") == 3


def test_a_fail_state_is_entered_again_and_fails_again(machine: Machine) -> None:
    arn = machine.start({"A": {"Type": "Fail", "Error": "E", "Cause": "c"}})
    machine.finish(arn)
    for count in (1, 2):
        ended = redrive(machine, arn)
        assert (ended["status"], ended["error"], ended["redriveCount"]) == ("FAILED", "E", count)
    assert machine.kinds(arn) == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"] + 2 * [
        "ExecutionRedriven", "FailStateEntered", "ExecutionFailed"
    ]  # fmt: skip


def test_of_a_map_only_the_unsuccessful_iterations_run_again(machine: Machine) -> None:
    process = {"StartAt": "T", "States": {"T": task(ResultSelector={"n.$": "$.Payload.n"})}}
    states = {
        "M": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "ItemProcessor": process, "Next": "W"},
        "W": {"Type": "Pass", "End": True},
    }
    machine.answers = [{"n": 1}, {"n": 2}, ValueError()]
    arn = machine.start(states, input={"items": [1, 2, 3, 4]})
    assert machine.finish(arn)["status"] == "FAILED"
    machine.answers = [{"n": 3}, ValueError()]
    assert redrive(machine, arn)["status"] == "FAILED"
    machine.answers = [{"n": 4}]
    ended = redrive(machine, arn)
    assert json.loads(ended["output"]) == [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}]
    assert len(machine.invoked_at) == 6
    assert machine.kinds(arn).count("MapStateEntered") == 1


@pytest.mark.parametrize("end", ["stop", "time-out"])
def test_a_callback_awaits_a_new_token(machine: Machine, end: str) -> None:
    arn = machine.start({"A": task(CALLBACK)}, limit=100)
    machine.clock.sleep(50)
    if end == "stop":
        machine.client.stop_execution(executionArn=arn)
    assert machine.finish(arn)["status"] == ("ABORTED" if end == "stop" else "TIMED_OUT")
    machine.client.redrive_execution(executionArn=arn)
    machine.clock.sleep(50)
    old, new = machine.tokens
    with pytest.raises(ClientError) as late:
        machine.client.send_task_success(taskToken=old, output="{}")
    assert late.value.response["Error"]["Code"] == "TaskTimedOut"
    machine.client.send_task_success(taskToken=new, output="{}")
    assert machine.finish(arn)["status"] == "SUCCEEDED"


def test_a_wait_that_was_stopped_begins_anew(machine: Machine) -> None:
    arn = machine.start({"W": {"Type": "Wait", "Seconds": 100, "End": True}})
    machine.clock.sleep(60)
    machine.client.stop_execution(executionArn=arn)
    machine.finish(arn)
    ended = redrive(machine, arn)
    assert (ended["stopDate"] - ended["redriveDate"]).total_seconds() == 100


def test_what_cannot_be_redriven(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = machine.start({"A": task(CALLBACK)})
    assert refused(machine, arn) == "Execution is RUNNING and cannot be redriven"
    machine.client.stop_execution(executionArn=arn)
    count = len(machine.kinds(arn))
    for limit, reason in ((count + 1, "Execution history event limit exceeded"), (count + 2, "")):
        monkeypatch.setattr("golden_ami_emulator.redrives.EVENT_LIMIT", limit)
        described = machine.client.describe_execution(executionArn=arn)
        assert described.get("redriveStatusReason", "") == reason
    machine.clock.sleep(14 * DAY - 60)
    assert machine.client.describe_execution(executionArn=arn)["redriveStatus"] == "REDRIVABLE"
    machine.clock.sleep(120)
    assert refused(machine, arn) == "Execution redrivable period exceeded"


def test_a_client_token_redrives_once(machine: Machine) -> None:
    arn = machine.start({"A": {"Type": "Fail"}})
    machine.finish(arn)
    for _ in range(2):
        assert redrive(machine, arn, clientToken="t" * 36)["redriveCount"] == 1
    machine.clock.sleep(16 * 60)
    assert redrive(machine, arn, clientToken="t" * 36)["redriveCount"] == 2
