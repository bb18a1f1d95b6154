"""Executions in aws-local-stepfunctions, for Node.js: it shares no code with moto's interpreter or LocalStack."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from differences import with_timeouts
from state_cases import CONTEXT, TOKEN, Case
from state_runs import PROBE, Outcome, answers, machine

FOLDER = Path(__file__).parents[1] / "interpreters"
INSTALLED = FOLDER / "node_modules" / "aws-local-stepfunctions"
_TIMEOUT = 120  # seconds of real time for all that is asked at once


def available() -> bool:
    return INSTALLED.exists() and shutil.which("node") is not None


def execution_of(definition: Mapping[str, Any], given: Any, mocks: Mapping[str, Any]) -> dict[str, Any]:
    """An execution to run: its definition and input, and by state the answers of its calls."""
    context = {**CONTEXT, "Task": {"Token": TOKEN}}
    return {"definition": with_timeouts(definition), "input": given, "context": context, "answers": mocks}


def of_case(case: Case) -> dict[str, Any]:
    return execution_of(machine(case), case.given, {case.state: answers(case)})


def run(executions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Run them all: for each its `events`, and what each call was `sent`."""
    command = ["node", str(FOLDER / "run.mjs")]
    text = json.dumps(executions)
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    assert done.returncode == 0, done.stderr
    ran: list[dict[str, Any]] = json.loads(done.stdout)
    return ran


def as_history(events: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The events as DescribeExecution and GetExecutionHistory would tell them, as far as the scenarios look."""
    events = list(events)
    history: list[dict[str, Any]] = []
    for event in events:
        if event["type"] == "StateEntered":
            history.append({"stateEnteredEventDetails": {"name": event["state"]["name"]}})
        elif event["type"] == "StateFailed" and event["state"]["type"] == "Task":
            history.append({"taskFailedEventDetails": {"error": event["Error"]}})
    last = events[-1]
    status = {"ExecutionSucceeded": "SUCCEEDED", "ExecutionFailed": "FAILED"}[last["type"]]
    return {"status": status, "error": last.get("Error")}, history


def outcome(case: Case, events: Sequence[Mapping[str, Any]]) -> Outcome:
    """The case's outcome by the events of its execution."""
    states = machine(case)["States"]
    entered = [
        event["state"] for event in events if event["type"] == "StateEntered" and event["state"]["name"] in states
    ]
    failed = [event for event in events if event["type"] == "StateFailed" and event["state"]["name"] == case.state]
    if failed and failed[-1]["Error"] == PROBE:
        return Outcome("RETRIABLE", None, None, failed[-2]["Error"], failed[-2]["Cause"])
    if len(entered) > 1:
        status = "CAUGHT_ERROR" if failed else "SUCCEEDED"
        error, cause = (failed[-1]["Error"], failed[-1]["Cause"]) if failed else (None, None)
        return Outcome(status, entered[1]["name"], entered[1]["input"], error, cause)
    last = events[-1]
    if last["type"] == "ExecutionFailed":
        return Outcome("FAILED", None, None, last["Error"], last["Cause"])
    return Outcome("SUCCEEDED", None, last["output"], None, None)
