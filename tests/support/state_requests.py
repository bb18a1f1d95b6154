"""The cases as requests of TestState, and the rules that AWS documents for such a request.

Sources: [API] https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html and the pages of its
members; [GUIDE] https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html; [SEEN] answers of AWS
that LocalStack recorded on 2025-12-03 and 2025-12-10, in its repository under
tests/aws/services/stepfunctions/v2/test_state: test_state_context_object.snapshot.json,
test_state_mock_validation.snapshot.json, test_test_state_machine_scenarios.snapshot.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from state_cases import CONTEXT, TOKEN, Case
from state_runs import Outcome
from states import State, all_states

MOCKABLE = {"Task", "Map", "Parallel"}
CONTEXT_MEMBERS = {"Execution", "State", "StateMachine", "Task"}


def request(case: Case, definition: Mapping[str, Any]) -> dict[str, Any]:
    """TestState's request for a case, as botocore takes it."""
    asked: dict[str, Any] = {
        "definition": json.dumps(definition),
        "stateName": case.state,
        "input": json.dumps(case.given),
        "inspectionLevel": "DEBUG",
    }
    state = all_states()[case.state]
    if state["Type"] not in MOCKABLE:
        return asked
    asked["context"] = json.dumps(_context_of(case, state))
    if case.error is None:
        return {**asked, "mock": {"result": json.dumps(case.result), "fieldValidationMode": "NONE"}}
    asked["mock"] = {"errorOutput": {"error": case.error, "cause": case.cause}}
    if "Retry" in state:
        asked["stateConfiguration"] = {"retrierRetryCount": case.retried}
    return asked


def _context_of(case: Case, state: State) -> dict[str, Any]:
    entered = {"EnteredTime": CONTEXT["Execution"]["StartTime"], "Name": case.state, "RetryCount": case.retried}
    context = {**CONTEXT, "State": entered}
    return {**context, "Task": {"Token": TOKEN}} if waits_for_token(state) else context


def outcome(answer: Mapping[str, Any]) -> Outcome:
    """The outcome that TestState tells."""
    output = answer.get("output")
    return Outcome(
        answer["status"],
        answer.get("nextState"),
        None if output is None else json.loads(output),
        answer.get("error"),
        answer.get("cause"),
    )


def handled_by(answer: Mapping[str, Any]) -> str | None:
    """The retrier or catcher that took the error, as a case names it; None where there was no error."""
    details = answer["inspectionData"].get("errorDetails", {})
    if answer["status"] == "RETRIABLE":
        return f"Retry {details['retryIndex']}"
    return f"Catch {details['catchIndex']}" if answer["status"] == "CAUGHT_ERROR" else None


def sent(answer: Mapping[str, Any]) -> Any:
    """The event of the function that the state would invoke."""
    return json.loads(answer["inspectionData"]["afterParameters"])["Payload"]


def waits_for_token(state: State) -> bool:
    return str(state.get("Resource", "")).endswith(".waitForTaskToken")


def broken_rules(asked: Mapping[str, Any]) -> Iterator[str]:
    """What TestState would refuse, or ignore, in a request whose definition is a whole state machine's."""
    state = _find(json.loads(asked["definition"]), asked.get("stateName"))
    if state is None:
        yield "[SEEN] State not found in definition"
        return
    yield from _role_and_level(asked, state)
    yield from _mock(asked, state)
    yield from _context(asked, state)
    yield from _configuration(asked, state)


def _find(definition: Mapping[str, Any], name: Any) -> State | None:
    """[API] stateName: the definition is then a whole state machine; its Maps' states may be named, too."""
    states: dict[str, State] = definition.get("States", {})
    if name in states:
        return states[name]
    inner = (_find(state["ItemProcessor"], name) for state in states.values() if "ItemProcessor" in state)
    return next((state for state in inner if state), None)


def _role_and_level(asked: Mapping[str, Any], state: State) -> Iterator[str]:
    if state["Type"] == "Task" and "mock" not in asked and "roleArn" not in asked:
        yield "[GUIDE] the role is optional only with a mock, or where the state calls nothing"
    if asked.get("revealSecrets") and "mock" in asked:
        yield "[SEEN] TestState does not support RevealSecrets when a mock is specified"
    if asked.get("inspectionLevel") == "TRACE" and not str(state.get("Resource", "")).endswith(":http:invoke"):
        yield "[API] inspectionLevel: TRACE shows an HTTP Task's request and response; no state here is one"


def _mock(asked: Mapping[str, Any], state: State) -> Iterator[str]:
    mock = asked.get("mock")
    if mock is None:
        if state["Type"] in ("Map", "Parallel") or waits_for_token(state):
            yield "[API] Map, Parallel, .sync and .waitForTaskToken are only supported with a mock"
        return
    if state["Type"] not in MOCKABLE:
        yield "[API] mock: only for Task, Map and Parallel"
    if len({"result", "errorOutput"} & set(mock)) != 1:
        yield "[SEEN] a mock has one of result and errorOutput"
    if "errorOutput" in mock and not mock["errorOutput"].get("error"):
        yield "[API] errorOutput: error is required"
    if "result" in mock:
        yield from _result(json.loads(mock["result"]), mock.get("fieldValidationMode", "STRICT"), state)


def _result(result: Any, mode: str, state: State) -> Iterator[str]:
    if state["Type"] == "Map" and not isinstance(result, list):
        yield "[SEEN] a Map's mocked result is an array"
    if state["Type"] == "Task" and mode != "NONE" and not isinstance(result.get("Payload", ""), str):
        yield "[API] fieldValidationMode: Invoke's Payload is a blob, in JSON a string; an object needs NONE"


def _context(asked: Mapping[str, Any], state: State) -> Iterator[str]:
    if "context" not in asked:
        return
    if "mock" not in asked:
        yield "[API] context: only with a mock"
    context = json.loads(asked["context"])
    if set(context) - CONTEXT_MEMBERS:
        yield "[SEEN] the context has a member that is not allowed; Map is one"
    if "Task" in context and not waits_for_token(state):
        yield "[SEEN] the context has Task and the state is neither .sync nor .waitForTaskToken"


def _configuration(asked: Mapping[str, Any], state: State) -> Iterator[str]:
    configuration = asked.get("stateConfiguration", {})
    if "retrierRetryCount" in configuration and not ("Retry" in state and "errorOutput" in asked.get("mock", {})):
        yield "[API] retrierRetryCount: of the state's Retry that applies to the mocked error"
    if "errorCausedByState" in configuration and state["Type"] not in ("Map", "Parallel"):
        yield "[API] errorCausedByState: only for Map and Parallel"
    if {"mapIterationFailureCount", "mapItemReaderData"} & set(configuration) and state["Type"] != "Map":
        yield "[API] mapIterationFailureCount, mapItemReaderData: only for Map"
