"""The scenarios of Step Functions Local's mock configuration, on the interpreter of the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from scenarios import EXPECTED, INPUT, MACHINE, check, definition, mock_config

from golden_ami_cli.local.embedded import Embedded

_STATE_TASK = "moto.stepfunctions.parser.asl.component.state.exec.state_task"


def scenario(name: str) -> Any:
    """A test case of the mock configuration, as moto's interpreter takes it; moto itself has no way to load one."""
    from moto.stepfunctions.parser.mocking import mock_config as moto_mocks

    config = mock_config()

    def response(key: str, raw: dict[str, Any]) -> Any:
        span = moto_mocks._parse_mocked_response_range(key)
        if "Return" in raw:
            return moto_mocks.MockedResponseReturn(*span, raw["Return"])
        return moto_mocks.MockedResponseThrow(*span, raw["Throw"]["Error"], raw["Throw"]["Cause"])

    states = [
        moto_mocks.StateMockedResponses(
            state, answer, [response(key, raw) for key, raw in config["MockedResponses"][answer].items()]
        )
        for state, answer in config["StateMachines"][MACHINE]["TestCases"][name].items()
    ]
    return moto_mocks.MockTestCase(MACHINE, name, states)


def error_name(name: str) -> Any:
    """moto takes every mocked error for one of the function's; AWS knows its own by their prefix."""
    from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName

    if name.startswith("States."):
        return StatesErrorName.from_name(name)
    return CustomErrorName(name)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_scenario(name: str, embedded: Callable[..., Embedded], monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.stepfunctions.parser.backend.execution import Execution

    make = Execution._get_start_execution_worker

    def mocked(execution: Any) -> Any:
        worker = make(execution)
        vars(worker)["_mock_test_case"] = scenario(name)
        return worker

    aws = embedded()
    monkeypatch.setattr(f"{_STATE_TASK}.mock_eval_utils.CustomErrorName", error_name)
    monkeypatch.setattr(Execution, "_get_start_execution_worker", mocked)
    execution = aws.run(INPUT, name)
    check(name, execution, aws.history(execution["executionArn"]))


def test_every_task_of_every_scenario_is_mocked_and_every_answer_used() -> None:
    config = mock_config()
    machine = json.loads(definition())
    inner = [state["ItemProcessor"]["States"] for state in machine["States"].values() if state["Type"] == "Map"]
    tasks = {name for states in (machine["States"], *inner) for name, one in states.items() if one["Type"] == "Task"}
    cases = config["StateMachines"][MACHINE]["TestCases"]
    assert cases.keys() == EXPECTED.keys()
    assert all(set(case) == tasks for case in cases.values())
    assert {answer for case in cases.values() for answer in case.values()} == set(config["MockedResponses"])
