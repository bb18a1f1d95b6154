"""What is asked of TestState is valid by botocore's model and by the rules that AWS documents."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from scenarios import definition
from state_cases import CASES, CONTEXT, TOKEN, Case
from state_requests import broken_rules, request

MACHINE = json.loads(definition())
CONTEXT_TEXT = json.dumps(CONTEXT)


@pytest.fixture(scope="module")
def shape() -> Any:
    model: Any = botocore.session.get_session().get_service_model("stepfunctions")
    return model.operation_model("TestState").input_shape


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_request_is_valid(case: Case, shape: Any) -> None:
    asked = request(case, MACHINE)
    report: Any = ParamValidator().validate(asked, shape)
    assert not report.has_errors(), report.generate_report()
    assert list(broken_rules(asked)) == []


def case_of(state: str, status: str = "SUCCEEDED") -> dict[str, Any]:
    return next(request(case, MACHINE) for case in CASES if case.state == state and case.status == status)


MOCK = {"result": "{}", "fieldValidationMode": "NONE"}
ERROR = {"errorOutput": {"error": "Throttled"}}
REFUSED = {
    "a state that is not there": (case_of("Load Config"), {"stateName": "Load"}),
    "a task without mock and role": (case_of("Load Config"), {"mock": None, "context": None}),
    "secrets of a mock": (case_of("Load Config"), {"revealSecrets": True}),
    "a trace of no HTTP task": (case_of("Load Config"), {"inspectionLevel": "TRACE"}),
    "a map without mock": (case_of("Launch Instances"), {"mock": None, "context": None}),
    "a callback without mock": (case_of("Await Completion"), {"mock": None, "context": None, "roleArn": "arn"}),
    "a mock of a choice": (case_of("Over?"), {"mock": MOCK}),
    "a mock of a wait": (case_of("Wait For Boot"), {"mock": MOCK}),
    "a mock of a pass": (case_of("Launch Failed"), {"mock": MOCK}),
    "a result and an error": (case_of("Load Config"), {"mock": {**MOCK, **ERROR}}),
    "neither a result nor an error": (case_of("Load Config"), {"mock": {"fieldValidationMode": "NONE"}}),
    "an error without a name": (case_of("Load Config"), {"mock": {"errorOutput": {"cause": "why"}}}),
    "a map's result that is no array": (case_of("Launch Instances"), {"mock": MOCK}),
    "a payload that is no string": (case_of("Load Config"), {"mock": {"result": '{"Payload": {}}'}}),
    "a context without a mock": (case_of("Over?"), {"context": CONTEXT_TEXT}),
    "a context of a map's item": (case_of("Launch Batch"), {"context": '{"Map": {}}'}),
    "a token where none is awaited": (case_of("Check Run"), {"context": json.dumps({"Task": {"Token": TOKEN}})}),
    "a count of retries without an error": (case_of("Load Config"), {"stateConfiguration": {"retrierRetryCount": 1}}),
    "a count of retries without Retry": (
        case_of("Launch Instances", "CAUGHT_ERROR"),
        {"stateConfiguration": {"retrierRetryCount": 1}},
    ),
    "a state that causes a task's error": (case_of("Load Config"), {"stateConfiguration": {"errorCausedByState": "x"}}),
    "failed iterations of a task": (case_of("Load Config"), {"stateConfiguration": {"mapIterationFailureCount": 1}}),
}


@pytest.mark.parametrize(("asked", "changed"), REFUSED.values(), ids=REFUSED)
def test_a_request_that_breaks_a_rule_is_found(asked: dict[str, Any], changed: dict[str, Any]) -> None:
    assert list(broken_rules(asked)) == []
    request = {key: value for key, value in {**asked, **changed}.items() if value is not None}
    assert len(list(broken_rules(request))) == 1
