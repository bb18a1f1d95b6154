"""The status of a run's execution."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What ListExecutions tells executions apart by (botocore's model of Step Functions, ExecutionStatus)."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"
