"""EventBridge and CloudWatch are no kinder here than in AWS: sources, patterns, and what is counted as lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import World

OURS = {"Source": "ours", "DetailType": "Ours", "Detail": "{}"}
EVENT = {
    "id": "1", "account": "123456789012", "source": "ours", "time": "2026-11-27T12:00:00Z", "region": "us-east-1",
    "resources": [], "detail-type": "Ours", "detail": {"kind": "a", "deep": {"er": 1}},
}  # fmt: skip


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    with Embedded(World([], {})) as opened:
        yield opened


def matches(aws: Embedded, pattern: Any, event: Any = EVENT) -> bool:
    text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    given = event if isinstance(event, str) else json.dumps(event)
    return bool(aws.client("events").test_event_pattern(EventPattern=text, Event=given)["Result"])


@pytest.mark.parametrize("source", ["aws.states", "aws.inspector2", "aws."])
def test_nobody_sends_events_of_aws(aws: Embedded, source: str) -> None:
    answer = aws.client("events").put_events(Entries=[OURS, OURS | {"Source": source}, OURS | {"Source": "awsome"}])
    assert answer["FailedEntryCount"] == 1
    assert ["EventId" in entry for entry in answer["Entries"]] == [True, False, True]
    refused = {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
    assert answer["Entries"][1] == refused


def test_a_pattern_is_tested_against_an_event(aws: Embedded) -> None:
    assert matches(aws, {"source": ["ours"], "detail": {"deep": {"er": [1]}}})
    assert not matches(aws, {"source": ["others"]})
    either = {"$or": [{"source": ["others"]}, {"source": ["ours"], "detail": {"kind": ["a"]}}]}
    assert matches(aws, either)
    assert not matches(aws, either, EVENT | {"detail": {"kind": "b"}})


@pytest.mark.parametrize(
    "pattern",
    [
        "{",
        "[]",
        {},
        {"source": "ours"},
        {"source": []},
        {"source": [["ours"]]},
        {"source": [{"like": "ours"}]},
        {"detail": {}},
        {"$or": {"source": ["ours"]}},
        {"$or": [{"source": ["ours"]}]},
        {"$or": [{"source": ["ours"]}, "ours"]},
        {"$or": [{"source": ["ours"]}, {"prefix": ["ours"]}]},
        {"detail": {"$or": [{"kind": ["a"]}]}},
    ],
)
def test_a_pattern_that_aws_cannot_compile_is_refused(aws: Embedded, pattern: Any) -> None:
    events = aws.client("events")
    with pytest.raises(events.exceptions.InvalidEventPatternException):
        matches(aws, pattern)
    if pattern != {}:
        with pytest.raises(events.exceptions.InvalidEventPatternException):
            events.put_rule(Name="bad", EventPattern=pattern if isinstance(pattern, str) else json.dumps(pattern))


@pytest.mark.parametrize("event", ["{", "[]", {k: v for k, v in EVENT.items() if k != "account"}])
def test_an_event_that_is_none_is_refused(aws: Embedded, event: Any) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*Parameter Event is not valid\."):
        matches(aws, {"source": ["ours"]}, event)


def failures(aws: Embedded, *dimensions: tuple[str, str]) -> float:
    now = aws.clock.now()
    answer = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="FailedInvocations",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions],
        StartTime=now - timedelta(days=1),
        EndTime=now + timedelta(minutes=1),
        Period=86_400,
        Statistics=["Sum"],
    )
    return sum(float(point["Sum"]) for point in answer["Datapoints"])


def test_a_target_that_refuses_is_counted_by_rule(aws: Embedded) -> None:
    """The queue's policy lets nobody send, so EventBridge is refused; the topic's lets it."""
    events = aws.client("events")
    queue = aws.client("sqs").create_queue(QueueName="closed")["QueueUrl"]
    arn = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for name, target in (("closed", arn), ("open", aws.outputs["CompleteTopicArn"])):
        events.put_rule(Name=name, EventPattern=json.dumps({"source": ["ours"]}))
        events.put_targets(Rule=name, Targets=[{"Id": "only", "Arn": target}])
    for _ in range(2):
        events.put_events(Entries=[OURS])
    aws.clock.sleep(5)
    assert failures(aws, ("RuleName", "closed")) == 2
    assert failures(aws, ("RuleName", "open")) == 0
    assert failures(aws) == 0, "each combination of dimensions is a metric of its own"
