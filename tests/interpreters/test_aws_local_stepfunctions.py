"""Scenarios and cases in aws-local-stepfunctions (npm): `make test-interpreters` installs it."""

from __future__ import annotations

import json
from typing import Any

import node_interpreter
import pytest
from node_interpreter import as_history, execution_of, of_case, outcome
from scenarios import EXPECTED, INPUT, MACHINE, by_attempt, check, mock_config, mocked_definition
from state_cases import CASES, Case
from state_runs import expected

pytestmark = pytest.mark.skipif(
    not node_interpreter.available(), reason="aws-local-stepfunctions is not installed: make test-interpreters"
)
_NOT_COMPARED = {"startedAt": "", "input": ""}  # see differences


@pytest.fixture(scope="module")
def scenarios() -> dict[str, Any]:
    config = mock_config()
    definition = json.loads(mocked_definition())
    mocks = [
        {state: by_attempt(config["MockedResponses"][answer]) for state, answer in case.items()}
        for case in (config["StateMachines"][MACHINE]["TestCases"][name] for name in EXPECTED)
    ]
    ran = node_interpreter.run([execution_of(definition, INPUT, answers) for answers in mocks])
    return dict(zip(EXPECTED, ran, strict=True))


@pytest.fixture(scope="module")
def states() -> dict[str, Any]:
    return dict(zip(map(str, CASES), node_interpreter.run([*map(of_case, CASES)]), strict=True))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_scenario(name: str, scenarios: dict[str, Any]) -> None:
    check(name, *as_history(scenarios[name]["events"]))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_state(case: Case, states: dict[str, Any]) -> None:
    ran = states[str(case)]
    assert outcome(case, ran["events"]) == expected(case)
    if case.sent is not None:
        event = ran["sent"][0]["input"]["Payload"]
        assert {**event, **_NOT_COMPARED} == {**case.sent, **_NOT_COMPARED}
