"""Executions of the state machine. A run's id is its execution's name."""

from __future__ import annotations

# Types of the last event of an execution's history (Step Functions API Reference, HistoryEvent).
ENDS = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"})


def run_id_of(run: str) -> str:
    """The run's id, from itself or from its execution's ARN."""
    return run.rpartition(":")[2]


def execution_arn(state_machine_arn: str, run_id: str) -> str:
    """The ARN of an execution of the state machine."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{run_id}"
