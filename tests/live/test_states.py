"""Single states by AWS's own TestState, their calls answered by the scenarios' mocks: no function is invoked.

Needs `states:TestState` only. What AWS's interpreter does with a state is compared with what the tests of the
definition take for granted.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from scenarios import definition, mock_config

pytestmark = pytest.mark.live

ANSWERS = mock_config()["MockedResponses"]
RUN = ANSWERS["TwoAmis"]["0"]["Return"]["Payload"]
AMIS_INPUT = {"AMIsParamName": "ContinuousAssessmentInput"}
CONTEXT = {
    "Execution": {
        "Id": "arn:aws:states:us-east-1:123456789012:execution:GoldenAmi:run-1",
        "Name": "run-1",
        "StartTime": "2026-11-23T06:00:00Z",
    },
    "Task": {"Token": "token"},
}

# State, its input, the mocked call, and what AWS must answer: status, next state, error.
CASES: list[tuple[str, Any, Any, tuple[str, str | None, str | None]]] = [
    ("Load Config", AMIS_INPUT, ANSWERS["TwoAmis"]["0"], ("SUCCEEDED", "Anything To Assess?", None)),
    (
        "Load Config",
        AMIS_INPUT,
        {"Throw": {"Error": "InvalidConfiguration", "Cause": "3 problems"}},
        ("CAUGHT_ERROR", "Terminate", "InvalidConfiguration"),
    ),
    (
        "Load Config",
        AMIS_INPUT,
        {"Throw": {"Error": "Throttled", "Cause": "Rate exceeded"}},
        ("RETRIABLE", None, "Throttled"),
    ),
    ("Anything To Assess?", {"run": RUN}, None, ("SUCCEEDED", "Ensure Target Template", None)),
    ("Anything To Assess?", {"run": RUN | {"assessable": 0}}, None, ("SUCCEEDED", "Aggregate", None)),
    ("Needs Instances?", {"run": RUN | {"needsInstances": False}}, None, ("SUCCEEDED", "Start Run", None)),
    ("Agents Ready?", {"agents": {"proceed": False}}, None, ("SUCCEEDED", "Wait For Agents", None)),
    ("Start Run", {"run": RUN}, ANSWERS["Resumed"]["0"], ("SUCCEEDED", "Check Run", None)),
    ("Start Run", {"run": RUN}, ANSWERS["NoMessage"]["0"], ("CAUGHT_ERROR", "Check Run", "States.Timeout")),
    ("Check Run", {"run": RUN}, ANSWERS["ScansCompleted"]["0"], ("SUCCEEDED", "Run Over?", None)),
    ("Run Over?", {"run": RUN | {"assessment": {"over": False}}}, None, ("SUCCEEDED", "Start Run", None)),
    ("Terminate", {"run": RUN}, ANSWERS["Terminated"]["0"], ("SUCCEEDED", "Aggregate", None)),
    ("Aggregate", {"run": RUN}, ANSWERS["ReportRefused"]["0"], ("CAUGHT_ERROR", "Report Failed", "AccessDenied")),
]


def request(state: str, given: Any, mock: Any) -> dict[str, Any]:
    """TestState's request for one state of the definition."""
    asked: dict[str, Any] = {
        "definition": definition(),
        "stateName": state,
        "input": json.dumps(given),
        "context": json.dumps(CONTEXT),
    }
    if mock and "Return" in mock:
        asked["mock"] = {"result": json.dumps(mock["Return"]), "fieldValidationMode": "NONE"}
    elif mock:
        asked["mock"] = {"errorOutput": {"error": mock["Throw"]["Error"], "cause": mock["Throw"]["Cause"]}}
    return asked


@pytest.mark.parametrize(("state", "given", "mock", "expected"), CASES)
def test_a_state(state: str, given: Any, mock: Any, expected: tuple[Any, ...], session: Any) -> None:
    answer = session.client("stepfunctions").test_state(**request(state, given, mock))
    assert (answer["status"], answer.get("nextState"), answer.get("error")) == expected
