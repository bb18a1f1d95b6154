"""What the doctor says of the stack's event rules, and of the probes that it sends through them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from golden_ami import probes
from golden_ami_cli.account import Account
from golden_ami_cli.assessing.assessment import PARAMETER
from golden_ami_cli.doctor.examination import examine
from golden_ami_cli.doctor.model import Diagnosis, Patient
from golden_ami_cli.doctor.probing import probe
from golden_ami_cli.doctor.rule_checks import event_rule, failed_invocations, targets_of
from golden_ami_cli.embedded import account_of
from golden_ami_cli.errors import CommandError
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.faults import chosen
from golden_ami_emulator.faults.fault import Injection
from golden_ami_emulator.world import World

RULES = probes.RULES


@pytest.fixture
def aws() -> Iterator[Embedded]:
    with Embedded(World([], {})) as opened:
        yield opened


@pytest.fixture
def account(aws: Embedded) -> Account:
    return account_of(aws)


def rule(account: Account, name: str = "AmiScanned") -> Diagnosis:
    return event_rule(Patient(account, PARAMETER), name)


def without_topic(account: Account) -> dict[str, str]:
    """What becomes of probes where the topic takes nothing."""
    by_topic = {name: any(one.startswith("sns ") for one in targets_of(account, name)) for name in RULES}
    assert by_topic["InstanceScanned"]
    return {name: "error" if topic else "ok" for name, topic in by_topic.items()}


def lost(account: Account) -> Diagnosis:
    return failed_invocations(Patient(account, PARAMETER))


def statuses(found: list[Diagnosis]) -> dict[str, str]:
    return {one.check.removeprefix("probe "): one.status for one in found}


def denying(account: Account, *operations: str) -> Account:
    """The same, with credentials that may not call these."""

    class Denied:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            operation = "".join(word.capitalize() for word in name.split("_"))
            return self._refuse(operation) if operation in operations else getattr(self._client, name)

        @staticmethod
        def _refuse(operation: str) -> Any:
            def call(**_: Any) -> None:
                answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
                raise ClientError(answer, operation)

            return call

        def get_paginator(self, name: str) -> Any:
            if name.capitalize() in operations:
                raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, name.capitalize())
            return self._client.get_paginator(name)

    return replace(account, client=lambda service, region=None: Denied(account.client(service, region)))


# ---------------------------------------------------------------- without a probe


def test_rules_as_deployed_take_what_aws_documents(account: Account) -> None:
    told = [rule(account, name) for name in RULES]
    assert [one.status for one in told] == ["ok"] * 4
    assert "to lambda golden-ami-OnExecutionEnd" in told[0].cause
    assert all("to sns golden-ami-ContinuousAssessmentCompleteTopic" in one.cause for one in told[1:3])
    assert lost(account).status == "ok"


def test_nothing_is_written_without_a_probe(aws: Embedded, account: Account) -> None:
    aws.calls.clear()
    examine(account)
    reading = ("Get", "List", "Describe", "Test", "Simulate", "BatchGet")
    assert [call.operation for call in aws.calls.made if not call.operation.startswith(reading)] == []


def test_a_rule_that_is_off_or_gone_or_aims_at_nothing(aws: Embedded, account: Account) -> None:
    events, name = aws.client("events"), aws.outputs["AmiScannedRule"]
    events.disable_rule(Name=name)
    off = rule(account)
    assert (off.status, f"{name} is DISABLED" in off.cause) == ("error", True)
    assert off.remedy == f"aws events enable-rule --name {name}"
    events.enable_rule(Name=name)
    events.remove_targets(Rule=name, Ids=["complete-topic"])
    assert (rule(account).status, rule(account).cause) == ("error", f"{name} has no target")
    events.delete_rule(Name=name)
    assert (rule(account).status, rule(account).cause) == ("error", f"there is no rule {name}")


def test_a_queue_that_nobody_reads_is_found(aws: Embedded, account: Account) -> None:
    lambdas = aws.client("lambda")
    assert rule(account, "AmiFinding").status == "ok"
    [mapping] = lambdas.list_event_source_mappings()["EventSourceMappings"]
    lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    told = rule(account, "AmiFinding")
    assert (told.status, f"{mapping['UUID']} is Disabled" in told.cause) == ("error", True)
    lambdas.delete_event_source_mapping(UUID=mapping["UUID"])
    told = rule(account, "AmiFinding")
    assert (told.status, "sends to what nothing reads: arn:aws:sqs:" in told.cause) == ("error", True)
    assert "REVERT_DRIFT" in told.remedy


def test_a_topic_that_invokes_no_function_is_found(aws: Embedded, account: Account) -> None:
    sns, topic = aws.client("sns"), aws.outputs["CompleteTopicArn"]
    for one in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    told = rule(account, "AmiScanned")
    assert (told.status, f"sends to what nothing reads: {topic}" in told.cause) == ("error", True)


@pytest.mark.parametrize(
    ("name", "pattern", "missed"),
    [
        ("ExecutionEnded", {"source": ["aws.states"], "detail": {"status": ["SUCCEEDED"]}}, "Status Change"),
        ("InstanceScanned", {"detail-type": ["Inspector Scan"]}, "Inspector2 Scan"),
        ("AmiScanned", {"detail": {"scanStatus": ["SUCCESSFUL"]}}, "Inspector2 OnDemand Scan Complete"),
        ("AmiFinding", {"source": ["aws.inspector2"]}, "OnDemand AMI Scan Findings"),
    ],
)
def test_a_pattern_that_misses_what_aws_sends(
    aws: Embedded, account: Account, name: str, pattern: dict[str, Any], missed: str
) -> None:
    aws.client("events").put_rule(Name=aws.outputs[f"{name}Rule"], EventPattern=json.dumps(pattern))
    told = rule(account, name)
    assert (told.status, missed in told.cause) == ("error", True)


@pytest.mark.parametrize("denied", ["DescribeRule", "ListTargetsByRule", "TestEventPattern"])
def test_what_may_not_be_read_of_a_rule_is_said(account: Account, denied: str) -> None:
    told = {one.check: one for one in examine(denying(account, denied))}
    for name in RULES:
        assert told[f"rule {name}"].status == "error"
        assert f"cannot be checked: {denied}: AccessDeniedException" in told[f"rule {name}"].cause


def test_failed_invocations_that_may_not_be_read_are_said(account: Account) -> None:
    told = {one.check: one for one in examine(denying(account, "GetMetricStatistics"))}["failed invocations"]
    assert (told.status, "have GetMetricStatistics allowed to you" in told.remedy) == ("error", True)


def test_a_stack_of_an_older_version_is_said_to_be_one(account: Account) -> None:
    old = replace(account, outputs={key: value for key, value in account.outputs.items() if "Rule" not in key})
    with pytest.raises(CommandError, match="no output ExecutionEndedRule; deploy this version"):
        probe(old)


# ---------------------------------------------------------------- probes


def test_each_rule_is_said_to_have_delivered(account: Account) -> None:
    told = probe(account)
    assert statuses(told) == dict.fromkeys(RULES, "ok")
    assert all(one.cause.startswith("arrived by ") for one in told)


def test_a_topic_that_refuses_is_found_by_probe_and_metric(aws: Embedded, account: Account) -> None:
    began = aws.clock.now()
    with Injection(aws, chosen(["events.topic-refuses"]), []):
        told = {one.check: one for one in probe(account)}
    assert 60 <= (aws.clock.now() - began).total_seconds() < 70
    assert statuses(list(told.values())) == without_topic(account)
    remedy = told["probe AmiScanned"].remedy
    for named in (aws.outputs["AmiScannedRule"], aws.outputs["DeadLettersUrl"], "FailedInvocations", "policies"):
        assert named in remedy
    warned = lost(account)
    assert warned.status == "warning"
    failed = [name for name, status in without_topic(account).items() if status == "error"]
    assert warned.cause.endswith("by rule: " + ", ".join(f"{name} 1" for name in failed))
    assert "golden-ami doctor --probe" in warned.remedy
    assert set(statuses(probe(account)).values()) == {"ok"}, "the fault is over"
    aws.clock.sleep(15 * 86_400)
    assert lost(account).status == "ok", "what is older than 14 days is over"


def test_a_topic_whose_policy_was_changed_is_found(aws: Embedded, account: Account) -> None:
    nobody = json.dumps({"Version": "2012-10-17", "Statement": []})
    topic = aws.outputs["CompleteTopicArn"]
    aws.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=nobody)
    assert statuses(probe(account)) == without_topic(account)


def test_a_rule_that_takes_no_probe_is_found(aws: Embedded, account: Account) -> None:
    pattern = json.dumps({"source": ["aws.states"]})
    aws.client("events").put_rule(Name=aws.outputs["ExecutionEndedRule"], EventPattern=pattern)
    assert statuses(probe(account)) == {name: "error" if name == "ExecutionEnded" else "ok" for name in RULES}


@pytest.mark.parametrize(("denied", "needed"), [("PutEvents", "events:PutEvents"), ("Query", "dynamodb:Query")])
def test_what_a_probe_needs_is_said_where_it_is_denied(account: Account, denied: str, needed: str) -> None:
    [told] = probe(denying(account, denied))
    assert told.status == "error"
    assert f"cannot be made: {denied}: AccessDeniedException" in told.cause
    assert needed in told.remedy


def test_targets_that_may_not_be_listed_keep_no_probe_back(account: Account) -> None:
    told = probe(denying(account, "ListTargetsByRule"))
    assert [(one.status, one.cause[:21]) for one in told] == [("ok", "arrived by its target")] * 4


def test_events_that_are_not_taken_are_said(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golden_ami_cli.doctor.probing.SOURCE", "aws.probe")
    told = probe(account)
    assert [one.status for one in told] == ["error"] * 4
    assert "NotAuthorizedForSourceException: Not authorized for the source." in told[0].cause
