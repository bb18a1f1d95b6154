"""reap and on-execution-end: what is done when a run has not ended as it should."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from moto.sns.models import sns_backends

from golden_ami.errors import InvalidEvent, ServiceFault, ServiceRejected
from golden_ami.models import ASSESSMENT_TAG, EXPIRY_TAG, STACK_TAG
from on_execution_end.app import handler as on_execution_end
from reap.app import handler as reap

if TYPE_CHECKING:
    from tests.adapters.ec2.conftest import Stack

ACCOUNT = "123456789012"
AMI = "ami-00000000000000001"


def instance(stack: Stack, expiry: str | None, region: str = "us-east-1", **tags: str) -> str:
    """An instance with our tags, launched now."""
    tags = {ASSESSMENT_TAG: "true", STACK_TAG: "golden"} | tags
    if expiry is not None:
        tags[EXPIRY_TAG] = expiry
    specification = {"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
    answer = stack.client("ec2", region).run_instances(
        ImageId=AMI, MinCount=1, MaxCount=1, TagSpecifications=[specification]
    )
    return str(answer["Instances"][0]["InstanceId"])


def running(stack: Stack, region: str = "us-east-1") -> set[str]:
    return {name for name, one in stack.instances(region).items() if one["State"]["Name"] == "running"}


def published() -> list[tuple[str, str]]:
    topics = sns_backends[ACCOUNT]["us-east-1"].topics.values()
    return [(str(sent[2] or ""), str(sent[1])) for topic in topics for sent in topic.sent_notifications]


def metrics(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if "_aws" in line]


def test_only_what_is_past_its_expiry(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    expired = {instance(stack, "2026-04-01T07:59:59Z"), instance(stack, "2026-04-01T08:00:00+00:00")}
    kept = {
        instance(stack, "2026-04-01T08:00:01Z"),
        instance(stack, "yesterday"),
        instance(stack, None),
        instance(stack, "2020-01-01T00:00:00Z", **{STACK_TAG: "another"}),
        instance(stack, "2020-01-01T00:00:00Z", **{ASSESSMENT_TAG: "false"}),
    }
    abroad = instance(stack, "2026-04-01T07:00:00Z", region="eu-west-1")
    assert reap({}, None) == {"found": 3, "terminated": 3}
    assert running(stack) == kept
    assert not expired & running(stack)
    assert running(stack, "eu-west-1") == set()
    [(subject, message)] = published()
    assert "3 orphaned" in subject
    assert all(name in message for name in (*expired, abroad))
    [metric] = metrics(capsys.readouterr().out)
    assert (metric["ReapedInstances"], metric["Stack"]) == ([3.0], "golden")
    assert reap({}, None) == {"found": 0, "terminated": 0}
    assert len(published()) == 1, "no message when there is nothing to do"


@pytest.mark.parametrize("expiry", [None, "", "yesterday", "0x"])
def test_without_a_readable_expiry_a_day_is_enough(stack: Stack, expiry: str | None) -> None:
    instance(stack, expiry)
    stack.clock.shift(timedelta(hours=23, minutes=59))
    assert reap({}, None) == {"found": 0, "terminated": 0}
    stack.clock.shift(timedelta(minutes=1))
    assert reap({}, None) == {"found": 1, "terminated": 1}


def test_a_dry_run_only_looks(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    name = instance(stack, "2026-04-01T07:00:00Z")
    assert reap({"dryRun": True}, None) == {"found": 1, "terminated": 0}
    assert running(stack) == {name}
    assert published() == []
    assert metrics(capsys.readouterr().out) == []
    with pytest.raises(InvalidEvent, match="dryRun"):
        reap({"dryRun": "yes"}, None)


def test_one_that_resists_and_one_region_that_fails_do_not_keep_the_others(stack: Stack) -> None:
    resisting, other = (instance(stack, "2026-04-01T07:00:00Z") for _ in range(2))
    stack.client("ec2").modify_instance_attribute(InstanceId=resisting, DisableApiTermination={"Value": True})
    with pytest.raises(ServiceRejected, match=resisting):
        reap({}, None)
    assert running(stack) == {resisting}
    [(_, message)] = published()
    assert other in message
    assert "Still running" in message
    instance(stack, "2026-04-01T07:00:00Z", region="eu-west-1")
    stack.calls.fail("DescribeInstances", "InternalError", status=500)
    with pytest.raises(ServiceFault):
        reap({}, None)
    assert running(stack, "eu-west-1") == set()


# ---------------------------------------------------------------- on-execution-end


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


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT", "FAILED"])
def test_terminates_and_reports(stack: Stack, status: str) -> None:
    launched(stack)
    assert on_execution_end(ended(status), None) == {"terminated": 1}
    assert running(stack) == set()
    run = stack.ledger.run("run-1")
    assert (run.verdict, bool(run.report_key)) == ("NOT_ASSESSED", True)
    assert len(published()) == 1
    assert on_execution_end(ended(status), None) == {"terminated": 1}, "again terminates and reports nothing more"
    assert len(published()) == 1


def test_a_run_that_was_never_opened_is_reported_too(stack: Stack) -> None:
    assert on_execution_end(ended("ABORTED"), None) == {"terminated": 0}
    assert len(published()) == 1


def test_success_needs_nothing(stack: Stack) -> None:
    launched(stack)
    assert on_execution_end(ended("SUCCEEDED"), None) == {"terminated": 0}
    assert len(running(stack)) == 1


def test_a_termination_that_fails_is_reported_and_raised(stack: Stack) -> None:
    launched(stack)
    stack.calls.fail("TerminateInstances", "InternalError", status=500)
    with pytest.raises(ServiceFault):
        on_execution_end(ended("ABORTED"), None)
    [(_, message)] = published()
    assert "still be running" in message
    assert on_execution_end(ended("ABORTED"), None) == {"terminated": 1}


@pytest.mark.parametrize("event", [{}, {"detail": None}, {"detail": {"name": 3}}, {"detail": {"name": ""}}])
def test_other_events_are_refused(stack: Stack, event: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent, match="name"):
        on_execution_end(event, None)
