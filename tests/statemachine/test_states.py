"""The cases of the states on the interpreter of the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from interpreter_mocks import mocked
from moto import mock_aws
from state_cases import CASES, CONTEXT, Case
from state_runs import answers, expected, machine, outcome, sent

from golden_ami_emulator.clock import Clock
from golden_ami_emulator.interpreter import Interpreter

ROLE = "arn:aws:iam::123456789012:role/none"
Run = Callable[[Case], tuple[dict[str, Any], list[dict[str, Any]]]]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs the case's state alone: its execution (DescribeExecution) and history."""
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}), Clock() as clock:
        interpreter = Interpreter(clock, publish=lambda *_: None)
        client: Any = boto3.client("stepfunctions", "us-east-1")

        def run_case(case: Case) -> tuple[dict[str, Any], list[dict[str, Any]]]:
            name, definition = f"case-{CASES.index(case)}", json.dumps(machine(case))
            arn = client.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
            request = {"name": CONTEXT["Execution"]["Name"], "input": json.dumps(case.given)}
            arn = client.start_execution(stateMachineArn=arn, **request)["executionArn"]
            clock.wait(interpreter.running(arn).settled)
            history = client.get_execution_history(executionArn=arn)["events"]
            return client.describe_execution(executionArn=arn), history

        with interpreter:
            yield run_case


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_state(case: Case, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    mocked(monkeypatch, {case.state: answers(case)} if answers(case) else {})
    execution, history = run(case)
    assert outcome(case, execution, history) == expected(case)
    if case.sent is not None:
        assert sent(execution, history) == case.sent
