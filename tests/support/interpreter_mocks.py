"""Mocked answers for the interpreter of the embedded AWS: moto has them, but no way to load them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

Answers = Sequence[Mapping[str, Any]]  # by attempt, each a Return or a Throw of a mock configuration file


def mocked(monkeypatch: pytest.MonkeyPatch, states: Mapping[str, Answers]) -> None:
    """Let every execution that starts from now on take these answers for these states' calls."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import mock_eval_utils
    from moto.stepfunctions.parser.backend.execution import Execution

    make = Execution._get_start_execution_worker

    def worker_of(execution: Any) -> Any:
        worker = make(execution)
        vars(worker)["_mock_test_case"] = _test_case(states)
        return worker

    monkeypatch.setattr(mock_eval_utils, "CustomErrorName", _error_name)
    monkeypatch.setattr(Execution, "_get_start_execution_worker", worker_of)


def _test_case(states: Mapping[str, Answers]) -> Any:
    from moto.stepfunctions.parser.mocking import mock_config

    def response(at: int, answer: Mapping[str, Any]) -> Any:
        if "Return" in answer:
            return mock_config.MockedResponseReturn(at, at, answer["Return"])
        return mock_config.MockedResponseThrow(at, at, answer["Throw"]["Error"], answer["Throw"]["Cause"])

    mocks = [
        mock_config.StateMockedResponses(state, state, [response(at, answer) for at, answer in enumerate(answers)])
        for state, answers in states.items()
    ]
    return mock_config.MockTestCase("machine", "case", mocks)


def _error_name(name: str) -> Any:
    """moto takes every mocked error for one of the function's; AWS knows its own by their prefix."""
    from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName

    return StatesErrorName.from_name(name) if name.startswith("States.") else CustomErrorName(name)
