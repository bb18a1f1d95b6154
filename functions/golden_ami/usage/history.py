"""Figures of an execution's history, as GetExecutionHistory answers it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from golden_ami.events import Event
from golden_ami.executions import ENDS

FUNCTION_GB = 0.5
LARGE_GB = 1.0
_TERMINATE_ALL = ("Terminate All", "Terminate")  # the latter in executions from before there were waves
LARGE = frozenset({"Tag Batch", "Aggregate"})  # the states whose functions have it (template.yaml)


def transitions(events: Sequence[Event]) -> int:
    """State transitions of a history: every entry of a state, and every repetition of a task by a Retry."""
    kinds: list[str] = [event["type"] for event in events]
    entered = sum(kind.endswith("StateEntered") for kind in kinds)
    return entered + max(0, kinds.count("TaskScheduled") - kinds.count("TaskStateEntered"))


def invoked(events: Sequence[Event]) -> int:
    """Functions that a history has invoked, repetitions included."""
    return sum(event["type"] == "TaskScheduled" for event in events)


def lambda_gb_seconds(events: Sequence[Event], until: datetime) -> float:
    """GB-seconds of a history's invocations, from their scheduling to their end: a little more than is billed.

    What has no end there counts until `until`.
    """
    running: dict[int, tuple[float, datetime]] = {}
    states: dict[int, str] = {}  # by event
    total = 0.0
    for event in events:
        entered = event.get("stateEnteredEventDetails", {}).get("name")
        states[event["id"]] = state = entered or states.get(event.get("previousEventId", 0), "")
        if event["type"] == "TaskScheduled":
            running[event["id"]] = LARGE_GB if state in LARGE else FUNCTION_GB, event["timestamp"]
        elif begun := running.pop(event.get("previousEventId", 0), None):
            if event["type"] == "TaskStarted":
                running[event["id"]] = begun
            else:  # a callback's function has returned when its task is submitted; what follows is only waiting
                total += _gb_seconds(begun, event["timestamp"])
    return total + sum(_gb_seconds(begun, until) for begun in running.values())


def ended_at(events: Sequence[Event]) -> datetime | None:
    """When the execution ended; None while it runs."""
    return next((event["timestamp"] for event in reversed(events) if event["type"] in ENDS), None)


def terminated_at(events: Sequence[Event]) -> datetime | None:
    """When Terminate All was over: what is billed for every instance and volume has ended then."""
    exits = ((event.get("stateExitedEventDetails", {}).get("name"), event["timestamp"]) for event in reversed(events))
    return next((at for name, at in exits if name in _TERMINATE_ALL), None)


def _gb_seconds(begun: tuple[float, datetime], end: datetime) -> float:
    memory, since = begun
    return memory * max(0.0, (end - since).total_seconds())
