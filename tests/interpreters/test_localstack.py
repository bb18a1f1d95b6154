"""Scenarios and cases in LocalStack's Step Functions: `make test-interpreters` installs it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from differences import hurried, runs_in_test_state
from localstack import LocalStack
from scenarios import EXPECTED, INPUT, MACHINE, check, mocked_definition
from state_cases import CASES, Case
from state_requests import handled_by, outcome, request, sent
from state_runs import expected, machine
from state_runs import outcome as outcome_of_execution
from states import isolated

ROLE = "arn:aws:iam::123456789012:role/none"
DEADLINE = 120  # seconds of real time that an execution may take


@pytest.fixture(scope="module")
def client(local: LocalStack) -> Any:
    return local.client("stepfunctions")


@pytest.fixture(scope="module")
def scenarios(client: Any) -> dict[str, str]:
    """The executions' ARNs; they run side by side, as their waits are real."""
    arn = client.create_state_machine(name=MACHINE, definition=mocked_definition(), roleArn=ROLE)["stateMachineArn"]
    return {name: start(client, f"{arn}#{name}", INPUT) for name in EXPECTED}


def start(client: Any, machine: str, given: Any) -> str:
    return str(client.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"])


def finish(client: Any, arn: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The execution once it is over, and its history."""
    deadline = time.monotonic() + DEADLINE
    while (execution := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline, f"{arn} still runs after {DEADLINE} seconds"
        time.sleep(0.2)
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    return execution, [event for page in pages for event in page["events"]]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_scenario(name: str, client: Any, scenarios: dict[str, str]) -> None:
    check(name, *finish(client, scenarios[name]))


@pytest.mark.parametrize("case", [case for case in CASES if runs_in_test_state(case)], ids=str)
def test_a_state(case: Case, client: Any) -> None:
    answer = client.test_state(**request(case, hurried(isolated(case.state))))
    assert outcome(answer) == expected(case)
    assert handled_by(answer) in (None, case.way)
    if case.sent is not None:
        assert sent(answer) == case.sent


@pytest.mark.parametrize("case", [case for case in CASES if not runs_in_test_state(case)], ids=str)
def test_a_state_in_an_execution(case: Case, client: Any) -> None:
    request = {"name": f"case-{CASES.index(case)}", "definition": json.dumps(machine(case)), "roleArn": ROLE}
    arn = client.create_state_machine(**request)["stateMachineArn"]
    execution, history = finish(client, start(client, arn, case.given))
    assert outcome_of_execution(case, execution, history) == expected(case)
