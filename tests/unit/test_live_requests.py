"""What the live tests would ask of TestState is valid by botocore's model, and names states that exist."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import botocore.session
from botocore.validate import ParamValidator
from scenarios import definition


def _cases() -> Any:
    path = Path(__file__).parents[1] / "live" / "test_states.py"
    spec = importlib.util.spec_from_file_location("live_states", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_requests_and_expectations() -> None:
    live = _cases()
    states = json.loads(definition())["States"]
    model: Any = botocore.session.get_session().get_service_model("stepfunctions")
    shape = model.operation_model("TestState").input_shape
    for state, given, mock, (_, following, _) in live.CASES:
        assert state in states
        assert following is None or following in states
        report: Any = ParamValidator().validate(live.request(state, given, mock), shape)
        assert not report.has_errors(), report.generate_report()
