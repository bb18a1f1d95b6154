"""The Lambda runtime: environments, errors, limits, asynchronous delivery, routes of events."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from golden_ami_emulator.calls import Call, Crash, client_error
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import World

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.13, CodeUri: functions/, Timeout: 30}
Resources:
  One:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: one
      Handler: probe.one.handler
      Environment: {Variables: {WHO: one}}
  Two:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: two
      Handler: probe.two.handler
      Environment: {Variables: {WHO: two}}
  Failing:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: failing
      Handler: probe.failing.handler
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Dead.Arn}
      EventInvokeConfig:
        MaximumRetryAttempts: 2
        DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failures.Arn}}
      Events:
        Topic: {Type: SNS, Properties: {Topic: !Ref Topic}}
  Missing:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: missing, Handler: probe.nothing.handler}
  Nameless:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: nameless, Handler: probe.one.nothing}
  Listener:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: listener
      Handler: probe.listener.handler
      Events:
        Rule:
          Type: EventBridgeRule
          Properties:
            Pattern: {source: [aws.test], detail: {status: [GOOD]}}
  Dead: {Type: AWS::SQS::Queue}
  Failures: {Type: AWS::SQS::Queue}
  Topic: {Type: AWS::SNS::Topic}
  Queue: {Type: AWS::SQS::Queue}
  QueueRule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [aws.test]}
      Targets:
        - Id: queue
          Arn: !GetAtt Queue.Arn
          InputTransformer: {InputPathsMap: {s: $.detail.status}, InputTemplate: '{"is": "<s>"}'}
        - {Id: topic, Arn: !Ref Topic, InputPath: $.detail}
  Daily:
    Type: AWS::Scheduler::Schedule
    Properties:
      Name: daily
      FlexibleTimeWindow: {Mode: "OFF"}
      ScheduleExpression: rate(1 day)
      Target: {Arn: !GetAtt Listener.Arn, RoleArn: !GetAtt ListenerRole.Arn, Input: '{"scheduled": true}'}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Role: !GetAtt ListenerRole.Arn
      Definition:
        StartAt: All
        States:
          All:
            Type: Map
            ItemsPath: $.items
            End: true
            ItemProcessor:
              ProcessorConfig: {Mode: INLINE}
              StartAt: Call
              States:
                Call:
                  Type: Task
                  Resource: arn:aws:states:::lambda:invoke
                  Parameters: {FunctionName.$: $.f, Payload.$: $}
                  OutputPath: $.Payload
                  End: true
Outputs:
  Queue: {Value: !Ref Queue}
  Dead: {Value: !Ref Dead}
  Failures: {Value: !Ref Failures}
  Topic: {Value: !Ref Topic}
"""
SHOWS = """
import os, threading, time
from concurrent.futures import ThreadPoolExecutor
import boto3
def seen():
    return [os.environ.get("WHO"), os.environ["AWS_LAMBDA_FUNCTION_NAME"], "OUTSIDE" in os.environ]
def handler(event, context):
    print("hello from", os.environ["WHO"])
    os.environ["LEAK"] = os.environ["WHO"]
    time.sleep(event.get("sleep", 0))
    raw = []
    thread = threading.Thread(target=lambda: raw.append(seen()))
    thread.start(); thread.join()
    with ThreadPoolExecutor(2) as pool:
        pooled = [future.result() for future in [pool.submit(seen) for _ in range(2)]]
    if event.get("list"):
        boto3.client("sqs", region_name=os.environ["AWS_REGION"]).list_queues()
    return {"seen": [seen(), *raw, *pooled], "key": os.environ["AWS_ACCESS_KEY_ID"], "event": event,
            "left": context.get_remaining_time_in_millis(),
            "leak": os.environ["LEAK"], "big": "x" * event.get("size", 0)}
"""
FUNCTIONS = {
    "probe/one.py": SHOWS,
    "probe/two.py": SHOWS,
    "probe/failing.py": "import time\nATTEMPTS = []\ndef handler(event, context):\n"
    "    ATTEMPTS.append((time.time(), event))\n    raise LookupError('no such thing')\n",
    "probe/listener.py": "EVENTS = []\ndef handler(event, context):\n    EVENTS.append(event)\n",
}


@pytest.fixture
def account(embedded: Callable[..., Embedded], project: Callable[..., Path]) -> Embedded:
    import sys

    for name in [name for name in sys.modules if name.split(".")[0] == "probe"]:
        del sys.modules[name]
    return embedded(template=project(TEMPLATE, FUNCTIONS), enforce_iam=False)


def invoke(account: Embedded, name: str, event: Any, **options: str) -> tuple[Any, str | None]:
    answer = account.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **options)
    return json.loads(answer["Payload"].read() or "null"), answer.get("FunctionError")


def received(account: Embedded, queue: str) -> list[dict[str, Any]]:
    request = {"QueueUrl": account.outputs[queue], "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
    return list(account.client("sqs").receive_message(**request).get("Messages", []))


def module(name: str) -> Any:
    import sys

    return sys.modules[f"probe.{name}"]


def test_each_function_sees_its_own_environment_also_in_its_threads(
    account: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTSIDE", "yes")
    items = [{"f": name, "sleep": pause} for name in ("one", "two") for pause in (0, 3, 1)]
    answer = account.run({"items": items})
    results = json.loads(answer["output"])
    assert answer["status"] == "SUCCEEDED"
    for item, result in zip(items, results, strict=True):
        assert result["seen"] == [[item["f"], item["f"], False]] * 4
        assert result["leak"] == item["f"]
    assert len({result["key"] for result in results}) == 2
    assert "LEAK" not in os.environ
    assert account.functions.logs("one").count("hello from one") == 3


def test_events_and_results_are_copies(account: Embedded) -> None:
    event = {"f": "one", "nested": {"a": [1, 2]}}
    result, error = invoke(account, "one", event)
    assert error is None
    assert result["event"] == event
    assert 0 < result["left"] <= 30_000


def test_a_failing_handler_answers_as_lambda_does(account: Embedded) -> None:
    result, error = invoke(account, "failing", {})
    assert error == "Unhandled"
    assert (result["errorType"], result["errorMessage"]) == ("LookupError", "no such thing")
    assert any("failing.py" in line for line in result["stackTrace"])


@pytest.mark.parametrize(
    ("name", "kind"), [("missing", "Runtime.ImportModuleError"), ("nameless", "Runtime.HandlerNotFound")]
)
def test_an_unknown_handler_says_so(account: Embedded, name: str, kind: str) -> None:
    result, error = invoke(account, name, {})
    assert (error, result["errorType"]) == ("Unhandled", kind)
    assert "no" in result["errorMessage"].lower()


def test_a_function_that_sleeps_too_long_is_ended_at_its_timeout(account: Embedded) -> None:
    before = time.time()
    result, error = invoke(account, "one", {"sleep": 240})
    assert (error, result["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert 30 <= time.time() - before < 240  # the clock ticks on while the machine is busy


def test_payloads_are_bounded(account: Embedded) -> None:
    with pytest.raises(ClientError, match="RequestTooLarge"):
        invoke(account, "one", {"x": "y" * 300_000}, InvocationType="Event")
    with pytest.raises(ClientError, match="RequestTooLarge"):
        invoke(account, "one", {"x": "y" * 6_400_000})
    result, error = invoke(account, "one", {"size": 6_400_000})
    assert (error, result["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")


def test_an_asynchronous_event_is_retried_after_one_and_two_minutes_and_then_a_dead_letter(account: Embedded) -> None:
    account.client("sns").publish(TopicArn=account.outputs["Topic"], Message="m", Subject="s")
    began = time.time()
    assert "probe.failing" not in __import__("sys").modules  # Publish has returned first
    account.clock.sleep(600)
    attempts = module("failing").ATTEMPTS
    assert [at - began for at, _ in attempts] == pytest.approx([0, 60, 180], abs=25)
    record = attempts[0][1]["Records"][0]
    assert (record["EventSource"], record["Sns"]["TopicArn"]) == ("aws:sns", account.outputs["Topic"])
    assert (record["Sns"]["Message"], record["Sns"]["Subject"], record["Sns"]["Type"]) == ("m", "s", "Notification")
    (dead,) = received(account, "Dead")
    assert json.loads(dead["Body"]) == attempts[0][1]
    assert dead["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no such thing"
    (failure,) = received(account, "Failures")
    assert json.loads(failure["Body"])["requestContext"]["approximateInvokeCount"] == 3


def test_an_account_runs_no_more_invocations_at_once_than_its_quota(account: Embedded) -> None:
    account.functions.concurrency.limit = 2
    sleepers = [account.clock.spawn(invoke, account, "one", {"sleep": 5}, name="caller") for _ in range(2)]
    account.clock.sleep(1)
    with pytest.raises(ClientError, match=r"TooManyRequestsException.*Rate Exceeded") as refused:
        invoke(account, "two", {})
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    account.clock.sleep(10)
    assert not any(sleeper.is_alive() for sleeper in sleepers)
    assert invoke(account, "two", {})[1] is None
    assert account.functions.concurrency.highest == 2


def test_an_asynchronous_event_that_is_throttled_waits_in_lambdas_queue(account: Embedded) -> None:
    account.functions.concurrency.limit = 1
    account.clock.spawn(invoke, account, "one", {"sleep": 20}, name="caller")
    account.clock.sleep(1)
    began = time.time()
    account.client("sns").publish(TopicArn=account.outputs["Topic"], Message="m")
    account.clock.sleep(50)
    assert module("failing").ATTEMPTS[0][0] - began == pytest.approx(31, abs=2)  # after 1, 2, 4, 8 and 16 seconds
    assert account.functions.concurrency.throttles["failing"] == 5


def test_an_asynchronous_event_is_throttled_for_six_hours(account: Embedded) -> None:
    account.functions.concurrency.limit = 0
    account.client("sns").publish(TopicArn=account.outputs["Topic"], Message="m")
    account.clock.sleep(6 * 3600 - 301)
    assert not received(account, "Dead")
    account.clock.sleep(302)
    (dead,) = received(account, "Dead")
    assert dead["MessageAttributes"]["ErrorCode"]["StringValue"] == "429"
    (failure,) = received(account, "Failures")
    assert json.loads(failure["Body"])["requestContext"]["condition"] == "EventAgeExceeded"


def test_rules_deliver_what_matches_their_pattern_transformed(account: Embedded) -> None:
    for status in ("GOOD", "BAD"):
        account.bus.publish("aws.test", "Something", {"status": status}, ["r"])
    account.bus.publish("aws.other", "Something", {"status": "GOOD"}, [])
    account.clock.sleep(1)
    (event,) = module("listener").EVENTS
    assert event["detail"] == {"status": "GOOD"}
    assert (event["source"], event["detail-type"], event["resources"]) == ("aws.test", "Something", ["r"])
    assert (event["account"], event["region"], event["version"]) == (account.account, account.region, "0")
    assert sorted(json.loads(message["Body"])["is"] for message in received(account, "Queue")) == ["BAD", "GOOD"]
    assert {n.message for n in account.notifications()} == {'{"status": "GOOD"}', '{"status": "BAD"}'}


def test_a_schedule_invokes_its_target_with_its_input(account: Embedded) -> None:
    account.fire_schedule("Daily")
    account.clock.sleep(1)
    assert module("listener").EVENTS == [{"scheduled": True}]


def test_a_schedule_tells_its_instant_in_its_input(account: Embedded) -> None:
    scheduler, name = account.client("scheduler"), account.stack.physical_id("Daily")
    schedule = scheduler.get_schedule(Name=name)
    names = ("schedule-arn", "scheduled-time", "execution-id", "attempt-number", "unknown")
    target = schedule["Target"] | {"Input": json.dumps({name: f"<aws.scheduler.{name}>" for name in names})}
    window, expression = schedule["FlexibleTimeWindow"], schedule["ScheduleExpression"]
    scheduler.update_schedule(Name=name, Target=target, FlexibleTimeWindow=window, ScheduleExpression=expression)
    at = datetime(2022, 3, 22, 18, 59, 43, 500_000, UTC)
    for _ in range(2):
        account.fire_schedule("Daily", at=at)
        account.clock.sleep(1)
    first, second = module("listener").EVENTS
    assert (first["schedule-arn"], first["scheduled-time"]) == (schedule["Arn"], "2022-03-22T18:59:43Z")
    assert (first["attempt-number"], first["unknown"]) == ("1", "<aws.scheduler.unknown>")
    assert first.pop("execution-id") != second.pop("execution-id")
    assert first == second, "a repeated delivery tells the same instant"


def test_calls_are_recorded_by_function_and_can_be_made_to_fail(account: Embedded) -> None:
    invoke(account, "one", {"list": True})
    (call,) = account.calls.of("one")
    assert (call.service, call.operation, call.region, call.error) == ("sqs", "ListQueues", "us-east-1", None)

    def throttle(call: Call) -> BaseException | None:
        return client_error("ThrottlingException", call.operation) if call.operation == "ListQueues" else None

    account.calls.before_call = throttle
    result, _ = invoke(account, "one", {"list": True})
    assert result["errorType"] == "ClientError"
    assert account.calls.of("one")[-1].error == "ThrottlingException"
    account.calls.before_call = None
    account.calls.after_call = lambda call: Crash() if call.function == "one" else None
    result, error = invoke(account, "one", {"list": True})
    assert (error, result["errorType"]) == ("Unhandled", "Runtime.ExitError")


def test_nothing_is_left_behind(project: Callable[..., Path]) -> None:
    import sys

    from botocore.client import BaseClient
    from moto.awslambda.models import LambdaBackend

    template = project(TEMPLATE, FUNCTIONS)

    def state() -> list[Any]:
        return [time.sleep, BaseClient._make_api_call,  # type: ignore[attr-defined]
                 LambdaBackend.invoke, threading.Thread.start,
                type(os.environ._data), sys.stdout, list(sys.path)]  # type: ignore[attr-defined] # fmt: skip

    before, threads = state(), threading.active_count()
    for _ in range(2):
        with Embedded(World(images=[], findings={}), template=template, enforce_iam=False) as account:
            account.start({"items": [{"f": "one", "sleep": 20}]})  # still running when the account closes
            account.clock.sleep(5)
    assert state() == before
    assert threading.active_count() == threads
