"""Executions of the state machine. A run's id is its execution's name."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from golden_ami.settings import Settings
from golden_ami.times import days_apart

# A name is free again 90 days after its execution has closed (botocore's model of Step Functions, StartExecution), or
# 30 where the quota was lowered ("Execution guarantees"). A redrive comes within 14 days of the end (RedriveExecution).
_ANOTHER = 20  # days
# Types of the last event of an execution's history (Step Functions API Reference, HistoryEvent).
ENDS = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"})
TIME_LIMIT = 86_400  # seconds; TimeoutSeconds of the definition
# Events of a history: the last one is ExecutionSucceeded, or the execution fails in its place and no Catch runs (Step
# Functions Developer Guide, "Avoid reaching the history quota").
EVENT_LIMIT = 25_000


class Execution(NamedTuple):
    """An execution whose run is reported. What the definition and EventBridge may leave out has a default."""

    run_id: str
    arn: str = ""
    started_at: str = ""
    input: Any = None  # any JSON
    state: Any = None  # the execution's state at its end: the counts, and the faults that were caught
    ended_at: str = ""  # its end, where that is what reports it


def is_another(started_at: str, other_started_at: str) -> bool:
    """Whether two starts of one name, as `times.iso` writes them, are of two executions and not of one redriven."""
    return days_apart(started_at, other_started_at) > _ANOTHER


def duplicate_of(output: str) -> str:
    """The run that assesses the scheduled instant of an execution that ended as a duplicate, by its output (JSON).

    "" for every other execution: the definition alone makes this output, and no input reaches it.
    """
    try:
        told = json.loads(output or "null")
    except (ValueError, RecursionError):
        return ""
    return str(told["duplicateOf"]) if isinstance(told, dict) and told.keys() == {"duplicateOf"} else ""


def machine_arn(settings: Settings) -> str:
    """The ARN of the stack's state machine, which has the stack's name."""
    return f"arn:{settings.partition}:states:{settings.region}:{settings.account}:stateMachine:{settings.stack}"


def run_id_of(run: str) -> str:
    """The run's id, from itself or from its execution's ARN."""
    return run.rpartition(":")[2]


def execution_arn(state_machine_arn: str, run_id: str) -> str:
    """The ARN of an execution of the state machine."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{run_id}"
