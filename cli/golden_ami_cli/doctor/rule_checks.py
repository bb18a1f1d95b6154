"""Checks of the stack's event rules. What EventBridge cannot deliver is lost in silence, but for a metric."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from golden_ami.probes import RULES
from golden_ami.times import now
from golden_ami_cli.account import Account
from golden_ami_cli.doctor.model import Diagnosis, Patient, error, ok, warning
from golden_ami_cli.doctor.sample_events import sample_events

_DAYS = 14  # as long as the dead-letter queue keeps a message
_DAY = 86_400  # seconds
# A change set compares templates, and not the template with what is there, unless it is one that reverts drift
# (CloudFormation User Guide, "Using drift-aware change sets"; botocore's model of CreateChangeSet, DeploymentMode).
_AGAIN = "put it back with a change set of the stack's own template (create-change-set --deployment-mode REVERT_DRIFT)"


def event_rule(patient: Patient, rule: str) -> Diagnosis:
    """A rule is on, takes what AWS documents that it sends, and has a target."""
    check, name = f"rule {rule}", rule_name(patient.account, rule)
    events = patient.client("events")
    try:
        found = events.describe_rule(Name=name)
    except events.exceptions.ResourceNotFoundException:
        return error(check, f"there is no rule {name}", _AGAIN)
    if not found["State"].startswith("ENABLED"):
        return error(check, f"{name} is {found['State']}", f"aws events enable-rule --name {name}")
    targets = targets_of(patient.account, rule)
    if not targets:
        return error(check, f"{name} has no target", _AGAIN)
    for event in sample_events(rule, patient.account):
        given = {"EventPattern": found.get("EventPattern", "{}"), "Event": json.dumps(event)}
        if not events.test_event_pattern(**given)["Result"]:
            cause = f"the pattern of {name} does not match {event['detail-type']!r} as AWS documents it"
            return error(check, cause, _AGAIN)
    if unread := _unread(patient, rule):
        return error(check, f"{name} sends to what nothing reads: {', '.join(unread)}", _AGAIN)
    if off := _mappings_off(patient, rule):
        cause = f"{name} sends to a queue, but Lambda does not read it: event source mapping {', '.join(off)}"
        return error(check, cause, "aws lambda update-event-source-mapping --enabled --uuid UUID")
    return ok(check, f"{name} is {found['State']}, to {', '.join(targets)}")


def _unread(patient: Patient, rule: str) -> list[str]:
    """The rule's queues without a mapping and its topics without a function as subscriber."""
    arns = _target_arns(patient.account, rule)
    lambdas, sns = patient.client("lambda"), patient.client("sns")
    queues = [arn for arn in arns if arn.split(":")[2] == "sqs" and not any(_mappings(lambdas, arn))]
    return queues + [arn for arn in arns if arn.split(":")[2] == "sns" and not _functions_of(sns, arn)]


def _functions_of(sns: Any, topic: str) -> list[str]:
    """The functions that a topic invokes."""
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return [one["Endpoint"] for page in pages for one in page["Subscriptions"] if one["Protocol"] == "lambda"]


def _mappings_off(patient: Patient, rule: str) -> list[str]:
    """The mappings of the rule's queues that do not read, with their state."""
    lambdas = patient.client("lambda")
    queues = [arn for arn in _target_arns(patient.account, rule) if arn.split(":")[2] == "sqs"]
    pages = [page for arn in queues for page in _mappings(lambdas, arn)]
    return [f"{one['UUID']} is {one['State']}" for page in pages for one in page if not one["State"].startswith("En")]


def _mappings(lambdas: Any, queue: str) -> Any:
    pages = lambdas.get_paginator("list_event_source_mappings").paginate(EventSourceArn=queue)
    return (page["EventSourceMappings"] for page in pages)


def failed_invocations(patient: Patient) -> Diagnosis:
    """Every event of the last days has reached the target of its rule, as far as CloudWatch was told."""
    check = "failed invocations"
    counts = {rule: _failed(patient, rule) for rule in RULES}
    lost = [f"{rule} {count:,.0f}" for rule, count in counts.items() if count]
    if not lost:
        return ok(check, f"none of the {len(RULES)} rules has any in the last {_DAYS} days")
    cause = f"events that did not reach their target in the last {_DAYS} days, by rule: {', '.join(lost)}"
    look = "; then see with golden-ami doctor --probe whether events arrive now"
    return warning(check, cause, f"look at {dead_letters(patient.account)}{look}")


def _failed(patient: Patient, rule: str) -> float:
    """The sum of FailedInvocations of a rule of the default event bus.

    Its only dimension is RuleName, and without a failure there is no data (EventBridge user guide, "Monitoring"). A
    call returns 1,440 data points at most (CloudWatch API reference, GetMetricStatistics): here a day each.
    """
    answer = patient.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="FailedInvocations",
        Dimensions=[{"Name": "RuleName", "Value": rule_name(patient.account, rule)}],
        StartTime=now() - timedelta(days=_DAYS),
        EndTime=now() + timedelta(minutes=1),
        Period=_DAY,
        Statistics=["Sum"],
    )
    return sum(float(point["Sum"]) for point in answer["Datapoints"])


def rule_name(account: Account, rule: str) -> str:
    """A rule's name in EventBridge, by its logical id. Raises CommandError for a stack of an older version."""
    return account.output(f"{rule}Rule")


def targets_of(account: Account, rule: str) -> list[str]:
    """A rule's targets: service and name, a function's with its alias. Raises ClientError."""
    parts = (arn.split(":", 5) for arn in _target_arns(account, rule))
    return [f"{service} {name.removeprefix('function:')}" for _, _, service, _, _, name in parts]


def _target_arns(account: Account, rule: str) -> list[str]:
    pages = _pages(account.client("events"), rule_name(account, rule))
    return [str(target["Arn"]) for page in pages for target in page]


def _pages(events: Any, name: str) -> Any:
    """ListTargetsByRule has no paginator in botocore."""
    token: dict[str, str] = {}
    while True:
        answer = events.list_targets_by_rule(Rule=name, **token)
        yield answer["Targets"]
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def dead_letters(account: Account) -> str:
    """What undelivered events end in, and what keeps them from being delivered."""
    url = account.outputs.get("DeadLettersUrl", "")
    return f"the dead letters ({url}) and at the policies of the target and of the key that encrypts it"
