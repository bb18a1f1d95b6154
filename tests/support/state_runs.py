"""A case of a state as an execution: the state runs alone, its calls mocked, and the history tells the outcome."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from state_cases import CONTEXT, TOKEN, Case
from states import all_states, isolated

PROBE = "Probe"  # how the attempt after the case's fails: it is only seen where there is such an attempt


@dataclass(frozen=True)
class Outcome:
    """What TestState answers: status, next state, output, error and cause."""

    status: str
    next: str | None
    output: Any
    error: str | None
    cause: str | None


def expected(case: Case) -> Outcome:
    """The outcome that the case names."""
    return Outcome(case.status, case.next, case.output, case.error, case.cause if case.error else None)


def machine(case: Case) -> dict[str, Any]:
    """The state machine that runs the case's state alone.

    A Map's processor hands each item back, or fails: what TestState mocks in its stead.
    """
    state = all_states()[case.state]
    if state["Type"] == "Map":
        item = (
            {"Type": "Fail", "Error": case.error, "Cause": case.cause} if case.error else {"Type": "Pass", "End": True}
        )
        processor = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "Item", "States": {"Item": item}}
        state = {**state, "ItemProcessor": processor}
    return isolated(case.state, state)


def answers(case: Case) -> list[dict[str, Any]]:
    """What the state's call answers, attempt by attempt, as in a mock configuration file."""
    if all_states()[case.state]["Type"] != "Task":
        return []
    if case.error is None:
        return [{"Return": case.result}]
    failure = {"Throw": {"Error": case.error, "Cause": case.cause}}
    return [*[failure] * (case.retried + 1), {"Throw": {"Error": PROBE, "Cause": case.cause}}]


def outcome(case: Case, execution: Mapping[str, Any], history: Iterable[Mapping[str, Any]]) -> Outcome:
    """The case's outcome by an execution (DescribeExecution) and its history (GetExecutionHistory)."""
    states = machine(case)["States"]
    entries = [event["stateEnteredEventDetails"] for event in history if "stateEnteredEventDetails" in event]
    entries = [entry for entry in entries if entry["name"] in states]
    failures = [event["taskFailedEventDetails"] for event in history if "taskFailedEventDetails" in event]
    if any(failure["error"] == PROBE for failure in failures):
        return Outcome("RETRIABLE", None, None, failures[-2]["error"], failures[-2]["cause"])
    if len(entries) > 1:
        return _left(case, entries[1]["name"], json.loads(entries[1]["input"]), failures)
    if execution["status"] == "FAILED":
        return Outcome("FAILED", None, None, execution["error"], execution["cause"])
    return Outcome("SUCCEEDED", None, json.loads(execution["output"]), None, None)


def sent(execution: Mapping[str, Any], history: Iterable[Mapping[str, Any]]) -> Any:
    """The event of the function that the state invokes, its context object's values as the cases have them."""
    scheduled = [event["taskScheduledEventDetails"] for event in history if "taskScheduledEventDetails" in event]
    event: dict[str, Any] = json.loads(scheduled[0]["parameters"])["Payload"]
    if "executionArn" in event:
        assert event["executionArn"] == execution["executionArn"]
        event["executionArn"] = CONTEXT["Execution"]["Id"]
    if "startedAt" in event:
        started = datetime.fromisoformat(event["startedAt"].replace("Z", "+00:00"))
        assert abs((started - execution["startDate"]).total_seconds()) < 1
        event["startedAt"] = CONTEXT["Execution"]["StartTime"]
    if "input" in event:
        assert event["input"] == json.loads(execution["input"])
        event["input"] = CONTEXT["Execution"]["Input"]
    if event.get("taskToken"):
        event["taskToken"] = TOKEN
    return event


def _left(case: Case, following: str, output: Any, failures: list[Mapping[str, Any]]) -> Outcome:
    if case.error is None:
        return Outcome("SUCCEEDED", following, output, None, None)
    error, cause = (failures[-1]["error"], failures[-1]["cause"]) if failures else (case.error, case.cause)
    return Outcome("CAUGHT_ERROR", following, output, error, cause)
