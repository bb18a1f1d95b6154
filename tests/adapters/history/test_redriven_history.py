"""The history of an execution that was redriven: its visits, and what is counted of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from machines import Machine, open_machine, task

from golden_ami.usage.history import ended_at, invoked, transitions
from golden_ami_cli.history.model import ExecutionHistory
from golden_ami_cli.history.parse import parse


@pytest.fixture
def machine() -> Iterator[Machine]:
    with open_machine(Machine()) as opened:
        yield opened


def redriven(machine: Machine, states: Any, **started: Any) -> tuple[ExecutionHistory, list[Any]]:
    """An execution that fails, and is redriven once."""
    arn = machine.start(states, **started)
    machine.finish(arn)
    machine.client.redrive_execution(executionArn=arn)
    description = machine.finish(arn)
    events = machine.client.get_execution_history(executionArn=arn)["events"]
    return parse(events, {"States": states}, description), events


def test_a_task_that_was_redriven_is_one_visit_with_two_attempts(machine: Machine) -> None:
    machine.answers = [ValueError("first")]
    found, events = redriven(machine, {"T": task()})
    [visit] = found.root.visits
    assert (visit.status, [attempt.error for attempt in visit.attempts]) == ("retried", ["ValueError", ""])
    assert (transitions(events), invoked(events)) == (2, 2)
    assert ended_at(events) == events[-1]["timestamp"]


def test_iterations_that_were_redriven_are_seen_beside_those_that_stayed(machine: Machine) -> None:
    process = {"StartAt": "T", "States": {"T": task()}}
    each = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "ItemProcessor": process, "End": True}
    machine.answers = [{}, ValueError("second")]
    found, _ = redriven(machine, {"M": each}, input={"items": ["a", "b"]})
    [visit] = found.root.visits
    assert [(frame.index, frame.status) for frame in visit.frames] == [
        (0, "succeeded"),
        (1, "failed"),
        (1, "succeeded"),
    ]
    assert json.loads(visit.output or "[]")


def test_a_fail_state_that_was_redriven_is_two_visits(machine: Machine) -> None:
    found, _ = redriven(machine, {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}})
    assert [(visit.status, visit.error) for visit in found.root.visits] == [("failed", "E")] * 2
