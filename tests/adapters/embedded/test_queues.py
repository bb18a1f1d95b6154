"""Event source mappings of queues: batches, partial failures, dead letters, throttles, what Lambda refuses to map."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from golden_ami_emulator.embedded import Embedded

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Taker:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: taker
      Runtime: python3.13
      CodeUri: functions/
      Handler: taking.taker.handler
      Timeout: 30
      Policies:
        - Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Action: [sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes]
              Resource: !GetAtt Queue.Arn
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 180
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Dead: {Type: AWS::SQS::Queue}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Queue.Arn
      FunctionName: !Ref Taker
      BatchSize: 4
      MaximumBatchingWindowInSeconds: 5
      ScalingConfig: {MaximumConcurrency: 2}
      FunctionResponseTypes: [ReportBatchItemFailures]
Outputs:
  Queue: {Value: !Ref Queue}
  QueueArn: {Value: !GetAtt Queue.Arn}
  Dead: {Value: !Ref Dead}
"""
TAKER = """
import time
BATCHES, RUNNING, HIGHEST = [], [], []
def handler(event, context):
    bodies = [record["body"] for record in event["Records"]]
    BATCHES.append(event["Records"])
    RUNNING.append(1); HIGHEST.append(len(RUNNING))
    time.sleep(10 if "slow" in bodies else 0)
    RUNNING.pop()
    if "raise" in bodies:
        raise LookupError("no such thing")
    failed = [r["messageId"] for r in event["Records"] if r["body"] == "bad"] + ["unknown"] * ("invent" in bodies)
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
"""


@pytest.fixture
def account(embedded: Callable[..., Embedded], project: Callable[..., Path]) -> Embedded:
    for name in [name for name in sys.modules if name.split(".")[0] == "taking"]:
        del sys.modules[name]
    return embedded(template=project(TEMPLATE, {"taking/taker.py": TAKER}))


def send(account: Embedded, *bodies: str) -> None:
    for body in bodies:
        account.client("sqs").send_message(QueueUrl=account.outputs["Queue"], MessageBody=body)


def batches() -> list[list[str]]:
    taker = sys.modules.get("taking.taker")
    return [[record["body"] for record in records] for records in taker.BATCHES] if taker else []


def left(account: Embedded, queue: str = "Queue") -> tuple[int, int]:
    """Visible and invisible messages."""
    answer = account.client("sqs").get_queue_attributes(QueueUrl=account.outputs[queue], AttributeNames=["All"])
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    visible, invisible = (int(answer["Attributes"][name]) for name in names)
    return visible, invisible


def test_messages_come_in_batches_when_the_window_is_over(account: Embedded) -> None:
    send(account, *"abcdefghij")
    account.clock.sleep(4)
    assert (batches(), left(account)) == ([], (10, 0))
    account.clock.sleep(10)
    assert sorted(batches()) == [["a", "b", "c", "d"], ["e", "f", "g", "h"], ["i", "j"]]
    assert left(account) == (0, 0)
    record = sys.modules["taking.taker"].BATCHES[0][0]
    assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", account.outputs["QueueArn"])
    assert record["attributes"]["ApproximateReceiveCount"] == "1"


def test_no_more_batches_run_at_once_than_the_mapping_allows(account: Embedded) -> None:
    send(account, *["slow"] * 12)
    account.clock.sleep(60)
    assert len(batches()) == 3
    assert max(sys.modules["taking.taker"].HIGHEST) == 2


def test_only_what_failed_comes_again_and_is_a_dead_letter_at_last(account: Embedded) -> None:
    send(account, "good", "bad", "fine")
    account.clock.sleep(20)
    assert left(account) == (0, 1)
    account.clock.sleep(3 * 190)
    assert batches() == [["good", "bad", "fine"], ["bad"], ["bad"]]
    assert (left(account), left(account, "Dead")) == ((0, 0), (1, 0))


def test_an_answer_that_names_no_message_of_the_batch_fails_it_whole(account: Embedded) -> None:
    send(account, "good", "invent")
    account.clock.sleep(200)
    assert batches() == [["good", "invent"]] * 2


def test_a_batch_that_raises_comes_again_whole(account: Embedded) -> None:
    send(account, "good", "raise")
    account.clock.sleep(200)
    assert batches() == [["good", "raise"]] * 2


def test_a_throttled_batch_is_tried_until_it_is_visible_again(account: Embedded) -> None:
    account.functions.concurrency.limit = 0
    send(account, "a")
    account.clock.sleep(100)
    account.functions.concurrency.limit = 10
    account.clock.sleep(60)
    assert (batches(), left(account), left(account, "Dead")) == ([["a"]], (0, 0), (0, 0))


def test_a_function_whose_role_may_not_read_gets_nothing(account: Embedded) -> None:
    role = account.client("lambda").get_function(FunctionName="taker")["Configuration"]["Role"].rpartition("/")[2]
    iam = account.client("iam")
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    send(account, "a")
    account.clock.sleep(60)
    assert (batches(), left(account)) == ([], (1, 0))
    assert ("taker", "sqs:ReceiveMessage", account.outputs["QueueArn"]) in account.iam.denied


def test_lambda_refuses_large_batches_without_a_window(account: Embedded) -> None:
    with pytest.raises(ClientError, match="batch window"):
        account.client("lambda").create_event_source_mapping(
            EventSourceArn=account.outputs["QueueArn"], FunctionName="taker", BatchSize=11
        )


def test_lambda_refuses_a_queue_that_shows_messages_again_too_early(account: Embedded) -> None:
    attributes = {"VisibilityTimeout": "29"}
    account.client("sqs").set_queue_attributes(QueueUrl=account.outputs["Queue"], Attributes=attributes)
    with pytest.raises(ClientError, match="29 seconds is less than Function timeout: 30 seconds"):
        account.client("lambda").create_event_source_mapping(
            EventSourceArn=account.outputs["QueueArn"], FunctionName="taker"
        )


def test_a_mapping_that_is_enabled_again_reads_what_waits(account: Embedded) -> None:
    lambdas = account.client("lambda")
    [mapping] = lambdas.list_event_source_mappings()["EventSourceMappings"]
    lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    send(account, "one")
    account.clock.sleep(600)
    assert (batches(), left(account)) == ([], (1, 0))
    lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    account.clock.sleep(60)
    assert (batches(), left(account)) == ([["one"]], (0, 0))
