"""on-execution-end: what is done when an execution has ended without Terminate or Aggregate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from golden_ami.aws.clients import Clients
from golden_ami.errors import InvalidEvent, ServiceFault
from golden_ami.models import AMI_TAG, ASSESSMENT_TAG, RUN_TAG, STACK_TAG
from handlers.on_execution_end import handler as on_execution_end

if TYPE_CHECKING:
    from tests.adapters.ec2.conftest import Stack

ACCOUNT = "123456789012"
AMI = "ami-00000000000000001"


def ended(status: str, run_id: str = "run-1", **detail: Any) -> dict[str, Any]:
    """The event as Step Functions sends it to EventBridge."""
    execution = f"arn:aws:states:us-east-1:{ACCOUNT}:execution:golden:{run_id}"
    return {
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "resources": [execution],
        "detail": {
            "executionArn": execution,
            "stateMachineArn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:golden",
            "name": run_id,
            "status": status,
            "startDate": 1775030400000,
            "stopDate": 1775034000000,
            "input": "{}",
            "error": None,
            "cause": None,
        }
        | detail,
    }


def launched(stack: Stack) -> None:
    stack.image(AMI)
    stack.load([{"ami-id": AMI}])
    stack.launch(AMI)
    stack.clock.shift(timedelta(seconds=60))


def test_a_duplicate_leaves_nothing(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    archived: list[str] = []
    monkeypatch.setattr("handlers.on_execution_end.archive", lambda told, *_: archived.append(told.run_id))
    given = ended("SUCCEEDED", output='{"duplicateOf": "run-0"}')
    assert on_execution_end(given, None) == {"terminated": 0}
    assert (archived, list(stack.ledger.rows("run-1")), stack.published()) == ([], [], [])


@pytest.mark.parametrize(
    ("status", "output"),
    [
        ("SUCCEEDED", None),
        ("SUCCEEDED", ""),
        ("SUCCEEDED", "{"),
        ("SUCCEEDED", '"duplicateOf"'),
        ("SUCCEEDED", '{"run": {"duplicateOf": ""}}'),
        ("SUCCEEDED", '{"duplicateOf": "run-0", "run": {}}'),
        ("FAILED", '{"duplicateOf": "run-0"}'),
    ],
)
def test_what_is_no_duplicate_is_archived(
    stack: Stack, status: str, output: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    archived: list[str] = []
    monkeypatch.setattr("handlers.on_execution_end.archive", lambda told, *_: archived.append(told.run_id))
    on_execution_end(ended(status, output=output), None)
    assert archived == ["run-1"]


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT", "FAILED"])
def test_terminates_and_reports(stack: Stack, status: str) -> None:
    launched(stack)
    assert on_execution_end(ended(status), None) == {"terminated": 1}
    assert stack.running() == set()
    run = stack.ledger.run("run-1")
    assert (run.verdict, bool(run.report_key)) == ("NOT_ASSESSED", True)
    assert len(stack.published()) == 1
    assert on_execution_end(ended(status), None) == {"terminated": 1}, "again terminates and reports nothing more"
    assert len(stack.published()) == 1


@pytest.mark.parametrize("profile", ["", "somebody-elses"])
def test_an_end_terminates_nothing_of_somebody_else(stack: Stack, profile: str) -> None:
    launched(stack)
    tags = {ASSESSMENT_TAG: "true", STACK_TAG: "golden", RUN_TAG: "run-1", AMI_TAG: AMI}
    foreign = stack.foreign(tags, profile)
    assert on_execution_end(ended("ABORTED"), None) == {"terminated": 1}
    assert stack.running() == {foreign}


def test_a_run_that_was_never_opened_is_reported_too(stack: Stack) -> None:
    assert on_execution_end(ended("ABORTED"), None) == {"terminated": 0}
    assert len(stack.published()) == 1


def test_success_needs_nothing(stack: Stack) -> None:
    launched(stack)
    assert on_execution_end(ended("SUCCEEDED"), None) == {"terminated": 0}
    assert len(stack.running()) == 1


def test_a_termination_that_fails_is_reported_and_raised(stack: Stack) -> None:
    launched(stack)
    stack.calls.fail("TerminateInstances", "InternalError", status=500)
    with pytest.raises(ServiceFault):
        on_execution_end(ended("ABORTED"), None)
    [(_, message)] = stack.published()
    assert "still be running" in message
    assert on_execution_end(ended("ABORTED"), None) == {"terminated": 1}


STOPPED = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)  # as `ended` has it


@pytest.mark.parametrize(
    ("status", "redriven", "terminates"),
    [
        ("RUNNING", timedelta(seconds=1), False),
        ("PENDING_REDRIVE", timedelta(seconds=1), False),
        ("FAILED", timedelta(seconds=1), True),  # it has ended anew
        ("RUNNING", -timedelta(seconds=1), True),  # DescribeExecution is of before this end
        ("RUNNING", None, True),
    ],
)
def test_a_late_end_does_not_touch_an_execution_that_was_redriven_since(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, status: str, redriven: timedelta | None, terminates: bool
) -> None:
    launched(stack)
    answer: dict[str, Any] = {"status": status}
    if redriven is not None:
        answer |= {"redriveCount": 1, "redriveDate": STOPPED + redriven}
    states, original = SimpleNamespace(describe_execution=lambda **_: answer), Clients.client

    def client(clients: Clients, service: str, *place: Any) -> Any:
        return states if service == "stepfunctions" else original(clients, service, *place)

    monkeypatch.setattr(Clients, "client", client)
    archived: list[str] = []
    monkeypatch.setattr("handlers.on_execution_end.archive", lambda told, *_: archived.append(told.run_id))
    assert on_execution_end(ended("ABORTED"), None) == {"terminated": int(terminates)}
    assert len(stack.running()) == int(not terminates)
    assert (len(stack.published()), len(archived)) == (int(terminates), int(terminates))


@pytest.mark.parametrize("event", [{}, {"detail": None}, {"detail": {"name": 3}}, {"detail": {"name": ""}}])
def test_other_events_are_refused(stack: Stack, event: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent, match="name"):
        on_execution_end(event, None)
