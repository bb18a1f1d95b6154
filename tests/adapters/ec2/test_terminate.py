"""terminate: every instance of the run, as EC2 says, whatever the ledger says."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from golden_ami.errors import AccessDenied, LaunchNotListed, ServiceFault, ServiceRejected
from golden_ami.models import AMI_TAG, ASSESSMENT_TAG, RUN_TAG, STACK_TAG, Evidence, Failure, Reason
from golden_ami.times import iso, now

if TYPE_CHECKING:
    from tests.adapters.ec2.conftest import Stack

FIRST, SECOND = "ami-00000000000000001", "ami-00000000000000002"
NONE = {"launched": 0, "terminated": 0, "running": 0}
BOTH = {"launched": 2, "terminated": 2, "running": 0}


def launched(stack: Stack, run_id: str = "run-1", **config: Any) -> None:
    """Two AMIs, each on an instance, seconds ago."""
    for image in (FIRST, SECOND):
        stack.image(image)
    answer = stack.load({"amis": [{"amiId": FIRST}, {"amiId": SECOND}]} | config, run_id=run_id)
    for batch in answer["batches"]:
        stack.launch(batch, run_id)
    stack.clock.shift(timedelta(seconds=60))


def test_all_of_the_run_and_nothing_else(stack: Stack) -> None:
    launched(stack)
    launched(stack, "run-2")
    stack.client("ec2").run_instances(ImageId=FIRST, MinCount=1, MaxCount=1)
    assert stack.terminate() == BOTH
    assert stack.states() == ["running"] * 3 + ["terminated"] * 2
    assert stack.terminate() == BOTH, "again changes nothing"
    assert stack.terminate("run-2") == BOTH


@pytest.mark.parametrize("profile", ["", "somebody-elses"])
def test_somebody_elses_instance_with_the_runs_tags_stays(stack: Stack, profile: str) -> None:
    launched(stack)
    tags = {ASSESSMENT_TAG: "true", STACK_TAG: "golden", RUN_TAG: "run-1", AMI_TAG: FIRST}
    foreign = stack.foreign(tags, profile)
    assert stack.terminate() == BOTH
    assert stack.instances()[foreign]["State"]["Name"] == "running"


def test_one_that_ends_by_itself_meanwhile_is_no_fault(stack: Stack) -> None:
    """With its end it loses the profile on which the permission depends, and EC2 refuses the call."""
    launched(stack)
    gone = stack.ledger.amis("run-1")[0].instance_id
    stack.calls.fail("TerminateInstances", "UnauthorizedOperation", status=403, times=2, after=True)
    assert stack.terminate() == BOTH
    assert gone in str(stack.calls.of("DescribeInstances"))


def test_stopped_instances_too(stack: Stack) -> None:
    launched(stack)
    stack.client("ec2").stop_instances(InstanceIds=list(stack.instances()))
    assert stack.terminate() == BOTH
    assert stack.states() == ["terminated"] * 2


def test_without_a_run_in_the_ledger(stack: Stack) -> None:
    assert stack.terminate() == NONE
    launched(stack)
    stack.client("dynamodb").delete_item(TableName="ledger", Key={"pk": {"S": "RUN#run-1"}, "sk": {"S": "RUN"}})
    assert stack.terminate() == BOTH


def test_an_instance_that_the_ledger_does_not_know(stack: Stack) -> None:
    launched(stack)
    for ami in stack.ledger.amis("run-1"):
        stack.ledger.update_ami(ami, instance_id="")
    assert stack.terminate() == BOTH


def test_instances_that_ec2_has_forgotten_count_as_terminated(stack: Stack) -> None:
    launched(stack)
    for ami in stack.ledger.amis("run-1"):
        stack.ledger.update_ami(ami, instance_id=f"i-{ami.key[4:]}")
    stack.client("ec2").terminate_instances(InstanceIds=list(stack.instances()))
    pages = stack.client("ec2").describe_instances()["Reservations"]
    ids = [one["InstanceId"] for entry in pages for one in entry["Instances"]]
    stack.client("ec2").delete_tags(Resources=ids, Tags=[{"Key": "continuous-assessment-run"}])
    stack.clock.shift(timedelta(minutes=5))
    assert stack.terminate() == BOTH


def test_one_that_ec2_does_not_know_yet_is_asked_for_again(stack: Stack) -> None:
    launched(stack)
    first = stack.ledger.amis("run-1")[0]
    unknown = "i-0123456789abcdef0"
    stack.ledger.update_ami(first, launched_at="2026-04-01T08:00:55Z", instance_id=unknown)
    with pytest.raises(LaunchNotListed, match=unknown):
        stack.terminate()
    assert stack.states() == ["terminated"] * 2, "the others did not wait for it"
    stack.clock.shift(timedelta(seconds=290))
    with pytest.raises(LaunchNotListed, match=unknown):
        stack.terminate()
    stack.clock.shift(timedelta(seconds=10))
    assert stack.terminate() == {"launched": 3, "terminated": 3, "running": 0}


def unlisted(stack: Stack) -> list[str]:
    """The run's instances, which no listing of EC2's has any more."""
    ids = list(stack.instances())
    stack.client("ec2").delete_tags(Resources=ids, Tags=[{"Key": RUN_TAG}])
    return ids


@pytest.mark.parametrize("age", [0, 3600])
def test_a_known_instance_is_terminated_whatever_is_listed(stack: Stack, age: int) -> None:
    launched(stack)
    unlisted(stack)
    stack.clock.shift(timedelta(seconds=age))
    assert stack.terminate() == BOTH
    assert stack.states() == ["terminated"] * 2


def test_a_known_instance_is_terminated_where_nothing_can_be_listed(stack: Stack) -> None:
    launched(stack)
    stack.calls.fail("DescribeInstances", "InternalError", status=500)
    with pytest.raises(ServiceFault):
        stack.terminate()
    assert stack.states() == ["terminated"] * 2


@pytest.mark.parametrize(
    ("code", "status"), [("InvalidInstanceID.NotFound", 400), ("UnauthorizedOperation", 403)], ids=["unknown", "denied"]
)
def test_a_young_instance_that_ec2_does_not_know_is_not_gone(stack: Stack, code: str, status: int) -> None:
    launched(stack)
    unlisted(stack)
    stack.calls.fail("TerminateInstances", code, status=status, times=3)
    stack.calls.fail(
        "DescribeInstances", "InvalidInstanceID.NotFound", times=2, when=lambda call: "InstanceIds" in call
    )
    with pytest.raises(LaunchNotListed):
        stack.terminate()
    assert stack.terminate() == BOTH
    assert stack.states() == ["terminated"] * 2


def test_one_that_ec2_lists_and_does_not_terminate_is_not_gone(stack: Stack) -> None:
    launched(stack)
    stack.clock.shift(timedelta(hours=1))
    stack.calls.fail("TerminateInstances", "InvalidInstanceID.NotFound", times=3)
    with pytest.raises(LaunchNotListed):
        stack.terminate()
    assert stack.terminate() == BOTH


def test_a_launch_without_answer_minutes_ago_may_be_about_to_appear(stack: Stack) -> None:
    stack.image(FIRST)
    stack.load([{"ami-id": FIRST}])
    stack.calls.fail("RunInstances", "InternalError", status=500)
    with pytest.raises(ServiceFault):
        stack.launch(FIRST)
    stack.clock.shift(timedelta(seconds=290))
    with pytest.raises(LaunchNotListed, match="does not list yet"):
        stack.terminate()
    stack.clock.shift(timedelta(seconds=10))
    assert stack.terminate() == NONE


def test_an_earlier_instance_does_not_stand_for_a_later_launch(stack: Stack) -> None:
    """The first instance has died, the second one's launch was not answered and is not listed."""
    stack.image(FIRST)
    stack.load([{"ami-id": FIRST}])
    stack.launch(FIRST)
    stack.client("ec2").terminate_instances(InstanceIds=list(stack.instances()))
    stack.ledger.update_ami(stack.ledger.amis("run-1")[0], instance_id="")
    stack.calls.fail("RunInstances", "InternalError", status=500)
    with pytest.raises(ServiceFault):
        stack.launch(FIRST)
    with pytest.raises(LaunchNotListed, match=FIRST):
        stack.terminate()


def test_a_launch_is_waited_for_whose_repetition_is_refused(stack: Stack) -> None:
    stack.image(FIRST)
    stack.load([{"ami-id": FIRST}])
    stack.calls.fail("RunInstances", "InternalError", status=500)
    with pytest.raises(ServiceFault):
        stack.launch(FIRST)
    stack.calls.fail("RunInstances", "VcpuLimitExceeded")
    stack.launch(FIRST)
    with pytest.raises(LaunchNotListed, match=FIRST):
        stack.terminate()


def test_a_refused_launch_is_not_waited_for(stack: Stack) -> None:
    stack.image(FIRST)
    stack.load([{"ami-id": FIRST}])
    stack.calls.fail("RunInstances", "VcpuLimitExceeded")
    stack.launch(FIRST)
    assert stack.terminate() == NONE


def test_one_protected_instance_does_not_protect_the_others(stack: Stack) -> None:
    launched(stack)
    protected = stack.ledger.amis("run-1")[0].instance_id
    change = {"InstanceId": protected, "DisableApiTermination": {"Value": True}}
    stack.client("ec2").modify_instance_attribute(**change)
    with pytest.raises(ServiceRejected, match=rf"{protected}.*protect"):
        stack.terminate()
    assert stack.states() == ["running", "terminated"]
    stack.client("ec2").modify_instance_attribute(**change | {"DisableApiTermination": {"Value": False}})
    assert stack.terminate() == BOTH


@pytest.mark.parametrize(
    ("code", "status", "fault"),
    [("InternalError", 500, ServiceFault), ("UnauthorizedOperation", 403, AccessDenied)],
)
def test_what_could_not_be_terminated_is_named(stack: Stack, code: str, status: int, fault: type[Exception]) -> None:
    launched(stack)
    stack.calls.fail("TerminateInstances", code, status=status, times=3)
    with pytest.raises(fault, match=stack.ledger.amis("run-1")[1].instance_id):
        stack.terminate()
    assert stack.terminate() == BOTH


def test_every_region_of_the_run(stack: Stack) -> None:
    stack.image(FIRST)
    stack.image(SECOND, region="eu-west-1")
    answer = stack.load({"amis": [{"amiId": FIRST}, {"amiId": SECOND, "region": "eu-west-1"}]})
    for batch in answer["batches"]:
        stack.launch(batch)
    stack.clock.shift(timedelta(seconds=60))
    stack.calls.fail("DescribeInstances", "InternalError", status=500)
    with pytest.raises(ServiceFault):
        stack.terminate()
    assert stack.states("eu-west-1") == ["terminated"], "one region's fault does not keep the other's running"
    assert stack.terminate() == BOTH
    assert stack.states("us-east-1") == stack.states("eu-west-1") == ["terminated"]


def test_a_region_in_which_nothing_could_be_launched_is_not_asked(stack: Stack) -> None:
    stack.image(FIRST)
    stack.load({"amis": [{"amiId": FIRST}, {"amiId": SECOND, "region": "ap-east-1"}]})
    stack.launch(FIRST)
    stack.clock.shift(timedelta(seconds=60))
    assert stack.terminate() == {"launched": 1, "terminated": 1, "running": 0}
    assert len(stack.calls.of("DescribeInstances")) == 1


def test_many_instances_in_few_calls(stack: Stack) -> None:
    entries = [{"ami-id": stack.image(f"ami-{number:017x}")} for number in range(120)]
    stack.client("s3").put_object(Bucket="reports", Key="config/a.json", Body=str(entries).replace("'", '"').encode())
    for batch in stack.load({"document": "s3://reports/config/a.json"})["batches"]:
        stack.launch(batch)
    stack.clock.shift(timedelta(seconds=60))
    assert stack.terminate() == {"launched": 120, "terminated": 120, "running": 0}
    assert len(stack.calls.of("TerminateInstances")) == 2
    assert set(stack.states()) == {"terminated"}


def test_what_has_ended_and_is_forgotten_is_not_asked_for_again(stack: Stack) -> None:
    """One id that EC2 does not know any more has it terminate none of a call."""
    launched(stack)
    first = stack.ledger.amis("run-1")[0]
    stack.ledger.update_ami(first, instance_id="i-0123456789abcdef0", terminated_at=iso(now()))
    stack.client("ec2").delete_tags(Resources=[first.instance_id], Tags=[{"Key": RUN_TAG}])
    assert stack.terminate() == BOTH
    assert len(stack.calls.of("TerminateInstances")) == 1


def test_what_the_ledger_has_as_ended_and_ec2_lists_as_alive_is_terminated(stack: Stack) -> None:
    launched(stack)
    for ami in stack.ledger.amis("run-1"):
        stack.ledger.update_ami(ami, terminated_at=iso(now()))
    assert stack.terminate() == BOTH
    assert stack.running() == set()


# ---------------------------------------------------------------- while the run goes on


def over(stack: Stack, image: str, **fields: Any) -> None:
    ami = next(one for one in stack.ledger.amis("run-1") if one.key == image)
    stack.ledger.update_ami(ami, **fields)


REASON = Reason(code="X", message="x", remedy="x")
PENDING = [Evidence(kind="findings", status="PENDING")]
SCANNED = {"scan": "i-1", "scan_status": "COMPLETED"}


@pytest.mark.parametrize(
    ("fields", "batches", "ended"),
    [
        ({"reason": REASON}, [], True),
        ({"failure": Failure(step="Tag Findings", error="X")}, [], True),
        (SCANNED | {"findings_key": "key"}, [], True),
        (SCANNED | {"findings_key": "key", "evidence": PENDING}, [], False),
        (SCANNED | {"findings_key": "key", "evidence": PENDING}, [FIRST], True),
        (SCANNED, [FIRST], True),
        (SCANNED, [SECOND], False),
        ({"scan": "i-1", "scan_status": "PENDING"}, [FIRST], False),
        ({"wave": 1}, [FIRST], False),
    ],
)
def test_only_the_instance_of_an_ami_that_is_done_with(
    stack: Stack, fields: dict[str, Any], batches: list[str], ended: bool
) -> None:
    launched(stack)
    over(stack, FIRST, **fields)
    assert stack.terminate(batches=batches) == {"launched": 2, "terminated": int(ended), "running": 2 - ended}
    first, second = stack.ledger.amis("run-1")
    assert stack.running() == {second.instance_id} | (set() if ended else {first.instance_id})
    assert bool(first.terminated_at) is ended
    assert not second.terminated_at
    asked = len(stack.calls.of("TerminateInstances"))
    assert stack.terminate(batches=batches) == {"launched": 2, "terminated": int(ended), "running": 2 - ended}
    assert len(stack.calls.of("TerminateInstances")) == asked, "again asks for nothing"
    assert stack.terminate() == BOTH, "the end of the run ends all"
    assert all(ami.terminated_at for ami in stack.ledger.amis("run-1"))


def test_an_unknown_instance_of_an_ami_that_is_done_with(stack: Stack) -> None:
    launched(stack)
    over(stack, FIRST, failure=Failure(step="Launch Instances", error="X"), instance_id="")
    assert stack.terminate(batches=[]) == {"launched": 2, "terminated": 1, "running": 1}
    assert stack.ledger.amis("run-1")[0].terminated_at


def test_an_instance_that_is_not_ended_is_not_noted(stack: Stack) -> None:
    launched(stack)
    stack.calls.fail("TerminateInstances", "InternalError", status=500, times=9)
    with pytest.raises(ServiceFault):
        stack.terminate()
    assert not any(ami.terminated_at for ami in stack.ledger.amis("run-1"))


def test_the_end_of_an_earlier_instance_is_not_that_of_the_ami(stack: Stack) -> None:
    """One that died before its launch was noted was replaced; the replacement cannot be terminated."""
    launched(stack)
    ami = stack.ledger.amis("run-1")[0]
    stack.client("ec2").terminate_instances(InstanceIds=[ami.instance_id])
    other = stack.foreign({ASSESSMENT_TAG: "true", STACK_TAG: "golden", RUN_TAG: "run-1", AMI_TAG: FIRST})
    stack.ledger.update_ami(ami, instance_id=other, reason=REASON)
    stack.calls.fail("TerminateInstances", "InternalError", status=500, times=9)
    with pytest.raises(ServiceFault):
        stack.terminate(batches=[])
    assert not stack.ledger.amis("run-1")[0].terminated_at
