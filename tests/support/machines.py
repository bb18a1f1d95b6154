"""A definition in the interpreter alone: in emulated time, Lambda being a function of the test."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto import mock_aws

from golden_ami_emulator.clock import Clock
from golden_ami_emulator.economy import Economy
from golden_ami_emulator.interpreter import Interpreter
from golden_ami_emulator.patching import Patches

Definition = dict[str, Any]
CALLBACK = "arn:aws:states:::lambda:invoke.waitForTaskToken"
ROLE = "arn:aws:iam::123456789012:role/states"


class Machine:
    """Runs one definition. Lambda is a function of the test."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []
        self.answers: list[Any] = []
        self.tokens: list[str] = []
        self.invoked_at: list[float] = []
        self.clock = Clock(ticks=False)
        self.interpreter = Interpreter(self.clock, lambda *event: self.published.append(event[2]))

    def invoke(self, _backend: Any, _name: str, _qualifier: Any, body: Any, _headers: Any, answer: Any) -> bytes:
        self.invoked_at.append(time.time())
        event = json.loads(body)
        if "token" in event:
            self.tokens.append(event["token"])
        result = self.answers.pop(0) if self.answers else {}
        if isinstance(result, Exception):
            answer["x-amz-function-error"] = "Unhandled"
            result = {"errorType": type(result).__name__, "errorMessage": str(result)}
        return json.dumps(result).encode()

    def start(self, states: Definition, *, limit: int | None = None, name: str | None = None, input: Any = None) -> str:
        self.client = boto3.client("stepfunctions", "us-east-1")
        definition: Definition = {"StartAt": next(iter(states)), "States": states}
        if limit:
            definition["TimeoutSeconds"] = limit
        text = json.dumps(definition)
        self.machine = self.client.create_state_machine(name="m", definition=text, roleArn=ROLE)["stateMachineArn"]
        return self.again(name, input)

    def again(self, name: str | None = None, input: Any = None) -> str:
        named = {"name": name} if name else {}
        request = {"stateMachineArn": self.machine, "input": json.dumps(input or {}), **named}
        return str(self.client.start_execution(**request)["executionArn"])

    def finish(self, arn: str) -> Definition:
        self.clock.wait(self.interpreter.running(arn).settled)
        return dict(self.client.describe_execution(executionArn=arn))

    def kinds(self, arn: str) -> list[str]:
        return [event["type"] for event in self.client.get_execution_history(executionArn=arn)["events"]]


@contextmanager
def open_machine(machine: Machine) -> Iterator[Machine]:
    """The machine, ready to start executions."""
    from moto.awslambda.models import LambdaBackend

    with (
        Economy(),
        mock_aws(config={"stepfunctions": {"execute_state_machine": True}}),
        machine.clock,
        machine.interpreter,
        Patches() as patches,
    ):
        patches.set(LambdaBackend, "invoke", lambda *call: machine.invoke(*call))
        yield machine


def task(resource: str = "arn:aws:states:::lambda:invoke", **fields: Any) -> Definition:
    payload: Definition = {"token.$": "$$.Task.Token"} if resource == CALLBACK else {"x": 1}
    parameters = {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f", "Payload": payload}
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **fields}
