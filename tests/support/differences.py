"""Where an interpreter differs from what AWS documents, and what the tests do about it. The only such list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from state_cases import Case
from states import all_states


@dataclass(frozen=True)
class Difference:
    """`interpreter` does `what`; AWS says `aws` at `source`; the tests do `instead`."""

    interpreter: str
    what: str
    aws: str
    source: str
    instead: str


EMBEDDED, NODE, LOCALSTACK = "the embedded AWS", "aws-local-stepfunctions 3.0.0", "LocalStack 2026.3.0"

DIFFERENCES = [
    Difference(
        NODE,
        "TimeoutSecondsPath is looked for in what Parameters makes of the input",
        "Use a dynamic timeout specified by a path in the state input.",
        "https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_stepfunctions.Timeout.html",
        "the path is replaced by a number (with_timeouts)",
    ),
    Difference(
        NODE,
        "the context object's Execution.StartTime is the present and its Input the state's, whatever context is given",
        "A JSON string representing a valid Context object for the state under test.",
        "https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html",
        "startedAt and input are not compared where a state runs alone",
    ),
    Difference(
        LOCALSTACK,
        "TestState of a Wait state is answered by InternalError",
        "The states that you can test include the following: [...] Wait",
        "https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html",
        "the state runs alone in an execution (runs_in_test_state)",
    ),
    Difference(
        LOCALSTACK,
        "TestState fails a task where the context has no StateMachine, and a retry where it has no State",
        "A JSON string representing a valid Context object for the state under test.",
        "https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html",
        "the context of every request has both; AWS also took a context without members "
        "(LocalStack's recording test_state_context_object_edge_cases[EMPTY])",
    ),
    Difference(
        LOCALSTACK,
        "TestState sleeps before it says RETRIABLE",
        "retryBackoffIntervalSeconds: The duration in seconds of the backoff for a retry on a failed state invocation.",
        "https://docs.aws.amazon.com/step-functions/latest/apireference/API_InspectionErrorDetails.html",
        "the pauses are set to one second (hurried)",
    ),
    Difference(
        LOCALSTACK,
        "a mock configuration file cannot throw an error whose name begins with States.",
        'States MAY report errors with other names, which MUST NOT begin with the prefix "States.".',
        "https://states-language.net/spec.html#errors",
        "the mock throws NoCompletion and the scenarios' definition catches it beside States.Timeout "
        "(scenarios.mocked_definition), for every interpreter but that of the embedded AWS",
    ),
    Difference(
        EMBEDDED,
        "moto takes a mocked States.Timeout for an error of the function",
        "The Amazon States Language defines a set of built-in strings that name well-known errors, all beginning with "
        "the States. prefix.",
        "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
        "the mocked name is read as the interpreter's own (interpreter_mocks)",
    ),
    Difference(
        f"{EMBEDDED}, LocalStack 2026.3.0",
        "States.ALL catches States.Runtime",
        "The States.ALL error type must appear alone in a Catcher and cannot catch the States.DataLimitExceeded "
        "terminal error or Runtime error types.",
        "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
        "no case expects it; that no path is missing is proved by tests/statemachine/test_definition.py",
    ),
]


def with_timeouts(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition with a number for each TimeoutSecondsPath."""
    machine: dict[str, Any] = json.loads(json.dumps(definition))
    for state in machine["States"].values():
        if state.pop("TimeoutSecondsPath", None):
            state["TimeoutSeconds"] = 60
    return machine


def hurried(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition with the shortest pauses before a retry."""
    machine: dict[str, Any] = json.loads(json.dumps(definition))
    for state in machine["States"].values():
        for retrier in state.get("Retry", ()):
            retrier["IntervalSeconds"] = 1
    return machine


def runs_in_test_state(case: Case) -> bool:
    """Whether LocalStack's TestState takes the case's state."""
    return bool(all_states()[case.state]["Type"] != "Wait")
