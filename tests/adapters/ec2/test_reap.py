"""reap: which instances are terminated that no run waits for, and what is told of them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from golden_ami.aws.clients import Clients
from golden_ami.errors import AccessDenied, InvalidEvent, ServiceFault, ServiceRejected, Throttled
from golden_ami.instances import reaping
from golden_ami.instances.termination import Instance
from golden_ami.models import ASSESSMENT_TAG, EXPIRY_TAG, RUN_TAG, STACK_TAG
from golden_ami.places import Place
from handlers.reap import handler as reap

if TYPE_CHECKING:
    from tests.adapters.ec2.conftest import Stack

ACCOUNT = "123456789012"
AMI = "ami-00000000000000001"


def instance(stack: Stack, expiry: str | None, region: str = "us-east-1", **tags: str) -> str:
    """An instance with our tags and our profile, launched now."""
    tags = {ASSESSMENT_TAG: "true", STACK_TAG: "golden"} | tags
    if expiry is not None:
        tags[EXPIRY_TAG] = expiry
    return stack.foreign(tags, region=region)


def metrics(text: str) -> list[dict[str, Any]]:
    """Those of instances that were terminated."""
    return [json.loads(line) for line in text.splitlines() if "ReapedInstances" in line and "_aws" in line]


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
    assert stack.running() == kept
    assert not expired & stack.running()
    assert stack.running("eu-west-1") == set()
    [(subject, message)] = stack.published()
    assert "3 orphaned" in subject
    assert all(name in message for name in (*expired, abroad))
    [metric] = metrics(capsys.readouterr().out)
    assert (metric["ReapedInstances"], metric["Stack"]) == ([3.0], "golden")
    assert reap({}, None) == {"found": 0, "terminated": 0}
    assert len(stack.published()) == 1, "no message when there is nothing to do"


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
    assert stack.running() == {name}
    assert stack.published() == []
    assert metrics(capsys.readouterr().out) == []
    with pytest.raises(InvalidEvent, match="dryRun"):
        reap({"dryRun": "yes"}, None)


def test_one_that_resists_and_one_region_that_fails_do_not_keep_the_others(stack: Stack) -> None:
    resisting, other = (instance(stack, "2026-04-01T07:00:00Z") for _ in range(2))
    stack.client("ec2").modify_instance_attribute(InstanceId=resisting, DisableApiTermination={"Value": True})
    with pytest.raises(ServiceRejected, match=resisting):
        reap({}, None)
    assert stack.running() == {resisting}
    [(_, message)] = stack.published()
    assert other in message
    assert "Still running" in message
    instance(stack, "2026-04-01T07:00:00Z", region="eu-west-1")
    stack.calls.fail("DescribeInstances", "InternalError", status=500)
    with pytest.raises(ServiceFault):
        reap({}, None)
    assert stack.running("eu-west-1") == set()


# ---------------------------------------------------------------- whose an instance is

LAUNCHED = datetime(2026, 4, 1, tzinfo=UTC)
PAST, FUTURE = "2026-04-01T07:00:00Z", "2026-04-01T12:00:00Z"


@pytest.mark.parametrize("profile", ["", "somebody-elses"])
@pytest.mark.parametrize("expiry", [PAST, "yesterday"])
def test_tags_alone_give_nothing_to_the_reaper(
    stack: Stack, profile: str, expiry: str, caplog: pytest.LogCaptureFixture
) -> None:
    tags = {ASSESSMENT_TAG: "true", STACK_TAG: "golden", RUN_TAG: "run-1", EXPIRY_TAG: expiry}
    foreign = stack.foreign(tags, profile)
    stack.clock.shift(timedelta(days=2))
    assert reap({}, None) == {"found": 0, "terminated": 0}
    assert stack.running() == {foreign}
    assert stack.published() == []
    [line] = [line for line in caplog.records if line.levelname == "WARNING"]
    assert (line.__dict__["instance"], line.__dict__["profile"]) == (foreign, profile or "none")


def opened(stack: Stack, expires_at: str) -> None:
    """The run run-1 in the ledger; started at 08:00."""
    stack.image(AMI)
    stack.load([{"ami-id": AMI}])
    stack.ledger.update_run("run-1", expires_at=expires_at)


def test_an_orphan_whose_run_the_ledger_does_not_have(stack: Stack) -> None:
    instance(stack, PAST, **{RUN_TAG: "run-1"})
    assert reap({}, None) == {"found": 1, "terminated": 1}
    [(_, message)] = stack.published()
    assert "run run-1 (not in the ledger)" in message


def test_the_ledgers_expiry_goes_before_the_tags(stack: Stack) -> None:
    opened(stack, FUTURE)
    kept = instance(stack, PAST, **{RUN_TAG: "run-1"})
    assert reap({}, None) == {"found": 0, "terminated": 0}
    assert stack.running() == {kept}
    stack.ledger.update_run("run-1", expires_at=PAST)
    instance(stack, FUTURE, **{RUN_TAG: "run-1"})
    assert reap({}, None) == {"found": 2, "terminated": 2}
    [(_, message)] = stack.published()
    assert "not in the ledger" not in message


def test_a_ledger_that_cannot_be_read_spares_nothing(stack: Stack) -> None:
    orphan = instance(stack, PAST, **{RUN_TAG: "run-1"})
    stack.calls.fail("GetItem", "InternalServerError", status=500)
    with pytest.raises(ServiceFault):
        reap({}, None)
    assert orphan not in stack.running()
    other = instance(stack, PAST, **{RUN_TAG: "run-2"})
    item = {"pk": {"S": "RUN#run-2"}, "sk": {"S": "RUN"}, "startedAt": {"BOOL": True}}
    stack.client("dynamodb").put_item(TableName="ledger", Item=item)
    assert reap({}, None) == {"found": 1, "terminated": 1}, "a row of another version"
    assert other not in stack.running()


# ---------------------------------------------------------------- whether its run goes on


def executing(stack: Stack, monkeypatch: pytest.MonkeyPatch, answers: dict[str, str]) -> None:
    """Let DescribeExecution answer these statuses, by run; of others it knows nothing."""
    known = stack.calls.call

    def call(original: Any, client: Any, operation: str, parameters: Any) -> Any:
        if operation != "DescribeExecution":
            return known(original, client, operation, parameters)
        prefix, _, run_id = parameters["executionArn"].rpartition(":")
        assert prefix == f"arn:aws:states:us-east-1:{ACCOUNT}:execution:golden"
        if run_id not in answers:
            raise client.exceptions.ExecutionDoesNotExist({"Error": {"Code": "ExecutionDoesNotExist"}}, operation)
        return {"status": answers[run_id]}

    monkeypatch.setattr(stack.calls, "call", call)


def statuses() -> list[str]:
    """What an execution can be, as botocore's model says."""
    from botocore.session import get_session

    model: Any = get_session().get_service_model("stepfunctions")
    return list(model.shape_for("ExecutionStatus").enum)


@pytest.mark.parametrize("status", [*statuses(), "unknown"])
def test_before_its_expiry_an_instance_goes_with_its_run(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    goes_on = status in ("RUNNING", "PENDING_REDRIVE", "unknown")
    executing(stack, monkeypatch, {"run-1": status} if status != "unknown" else {})
    one = instance(stack, FUTURE, **{RUN_TAG: "run-1"})
    assert reap({}, None)["terminated"] == (0 if goes_on else 1)
    assert stack.running() == ({one} if goes_on else set())


@pytest.mark.parametrize("status", [*statuses(), "unknown"])
def test_past_its_expiry_an_instance_is_kept_by_a_running_execution_only(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    executing(stack, monkeypatch, {"run-1": status} if status != "unknown" else {})
    one = instance(stack, PAST, **{RUN_TAG: "run-1"})
    assert reap({}, None)["terminated"] == (0 if status == "RUNNING" else 1)
    assert stack.running() == ({one} if status == "RUNNING" else set())


def test_no_instance_outlives_the_longest_execution(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = json.loads((Path(__file__).parents[3] / "statemachine/assessment.asl.json").read_text())
    executing(stack, monkeypatch, {"run-1": "RUNNING"})
    instance(stack, PAST, **{RUN_TAG: "run-1"})
    stack.clock.shift(timedelta(seconds=definition["TimeoutSeconds"] - 1))
    assert reap({}, None) == {"found": 0, "terminated": 0}
    stack.clock.shift(timedelta(seconds=1))
    assert reap({}, None) == {"found": 1, "terminated": 1}


def test_each_run_is_asked_about_once(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Counter[str]()
    executing(stack, monkeypatch, {"run-1": "RUNNING"})
    counted = stack.calls.call

    def call(original: Any, client: Any, operation: str, parameters: Any) -> Any:
        asked[operation] += 1
        return counted(original, client, operation, parameters)

    monkeypatch.setattr(stack.calls, "call", call)
    for region in ("us-east-1", "us-east-1", "eu-west-1"):
        for run in ("run-1", "run-2"):
            instance(stack, FUTURE, region, **{RUN_TAG: run})
    assert reap({}, None) == {"found": 0, "terminated": 0}
    assert (asked["GetItem"], asked["DescribeExecution"]) == (1, 2), "an expiry only of what does not run"


def refused(stack: Stack, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let DescribeExecution fail with this code."""
    known = stack.calls.call

    def call(original: Any, client: Any, operation: str, parameters: Any) -> Any:
        if operation == "DescribeExecution":
            stack.calls.made.append((operation, parameters))
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
        return known(original, client, operation, parameters)

    monkeypatch.setattr(stack.calls, "call", call)


@pytest.mark.parametrize("code", ["ExecutionDoesNotExist", "InvalidArn", "ValidationException"])
def test_a_run_that_is_no_execution_is_left_to_the_expiry(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    refused(stack, monkeypatch, code)
    kept = instance(stack, FUTURE, **{RUN_TAG: "forged run"})
    instance(stack, PAST, **{RUN_TAG: "forged run"})
    assert reap({}, None) == {"found": 1, "terminated": 1}
    assert stack.running() == {kept}


@pytest.mark.parametrize(
    ("code", "fault"), [("AccessDeniedException", AccessDenied), ("ThrottlingException", Throttled)]
)
def test_where_an_execution_cannot_be_asked_about_the_expiry_decides(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, code: str, fault: type[Exception]
) -> None:
    refused(stack, monkeypatch, code)
    kept = instance(stack, FUTURE, **{RUN_TAG: "run-1"})
    instance(stack, PAST, **{RUN_TAG: "run-2"})
    with pytest.raises(fault, match="DescribeExecution"):
        reap({}, None)
    assert stack.running() == {kept}, "what has expired goes all the same"
    assert "DescribeExecution" in stack.published()[0][1]


def test_an_instance_without_a_run_is_not_asked_about(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(stack, monkeypatch, "AccessDeniedException")
    instance(stack, FUTURE)
    assert reap({}, None) == {"found": 0, "terminated": 0}


# ---------------------------------------------------------------- where it looks and what it tells


def test_both_of_member_accounts_and_other_regions(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMBER_ACCOUNT_IDS", f"222222222222,{ACCOUNT}")
    monkeypatch.setenv("MEMBER_ROLE_NAME", "Member")
    asked: list[Place] = []
    made = Clients.client

    def client(clients: Clients, service: str, place: Place | None = None) -> Any:
        if service == "ec2" and place:
            asked.append(place)
        return made(clients, service, place)

    monkeypatch.setattr(Clients, "client", client)
    monkeypatch.setattr(reaping, "tagged", lambda *_, **__: [])
    assert reap({}, None) == {"found": 0, "terminated": 0}
    regions = ("us-east-1", "eu-west-1")
    assert asked == [Place(account, region) for account in (ACCOUNT, "222222222222") for region in regions]


def test_an_orphan_that_resists_alone_is_told_of(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    resisting = instance(stack, PAST)
    stack.client("ec2").modify_instance_attribute(InstanceId=resisting, DisableApiTermination={"Value": True})
    with pytest.raises(ServiceRejected):
        reap({}, None)
    [(_, message)] = stack.published()
    assert resisting in message.partition("Still running")[2]
    assert len(metrics(capsys.readouterr().out)) == 1


def test_a_stopped_orphan_goes_too(stack: Stack) -> None:
    orphan = instance(stack, PAST)
    stack.client("ec2").stop_instances(InstanceIds=[orphan])
    assert reap({}, None) == {"found": 1, "terminated": 1}


def test_an_execution_has_the_stacks_partition(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PARTITION", "aws-cn")
    refused(stack, monkeypatch, "ExecutionDoesNotExist")
    instance(stack, FUTURE, **{RUN_TAG: "run-1"})
    reap({}, None)
    [asked] = stack.calls.of("DescribeExecution")
    assert asked["executionArn"] == f"arn:aws-cn:states:us-east-1:{ACCOUNT}:execution:golden:run-1"


# ---------------------------------------------------------------- how long runs run


def told(capsys: pytest.CaptureFixture[str]) -> list[float]:
    """What the reaper has written as the metric OldestRunHours."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"OldestRunHours"' in line]
    return [value for line in lines for value in line["OldestRunHours"]]


def test_the_reaper_tells_the_age_of_the_oldest_run(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    reap({}, None)
    late, early, redriven = (datetime.now(UTC) - timedelta(hours=hours) for hours in (1, 7.5, 30))
    stack.calls.running = [{"startDate": late}, {"startDate": early}, {"startDate": redriven, "redriveDate": late}]
    reap({}, None)
    reap({"dryRun": True}, None)
    assert told(capsys) == [0, 7.5]
    [_, asked] = stack.calls.of("ListExecutions")
    assert asked["stateMachineArn"] == f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:golden"
    assert asked["statusFilter"] == "RUNNING"


def test_a_reaper_that_fails_still_tells_how_long_runs_run(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.calls.fail("DescribeInstances", "UnauthorizedOperation", times=9)
    with pytest.raises(AccessDenied):
        reap({}, None)
    assert told(capsys) == [0]


def test_runs_that_cannot_be_listed_keep_no_orphan(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    instance(stack, "2026-04-01T07:00:00Z")
    stack.calls.fail("ListExecutions", "AccessDeniedException", times=9)
    with pytest.raises(AccessDenied):
        reap({}, None)
    assert stack.running() == set()
    assert told(capsys) == []


def test_of_many_orphans_the_message_lists_some(stack: Stack) -> None:
    orphans = [
        reaping.Orphan(Place(ACCOUNT, "us-east-1"), Instance(f"i-{number}", "running", LAUNCHED, {}))
        for number in range(201)
    ]
    reaping._tell(orphans, [], stack.settings, Clients(stack.settings))
    [(subject, message)] = stack.published()
    assert "201 orphaned" in subject
    assert message.count("\n- i-") == 200
    assert "- and 1 more" in message
