"""The executions that are RUNNING: a run that hangs is seen before its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from golden_ami import metrics
from golden_ami.aws.clients import Clients
from golden_ami.executions import machine_arn
from golden_ami.settings import Settings
from golden_ami.times import now


def note_oldest(settings: Settings, clients: Clients) -> None:
    """Write the metric OldestRunHours: since when the oldest RUNNING execution runs, or 0 without one.

    A redriven one counts from its redrive (botocore's model of Step Functions, ExecutionListItem). Raises botocore's
    ClientError and BotoCoreError: the alarm is raised for a metric that is missing.
    """
    pages = clients.client("stepfunctions").get_paginator("list_executions")
    running = (
        execution
        for page in pages.paginate(stateMachineArn=machine_arn(settings), statusFilter="RUNNING")
        for execution in page["executions"]
    )
    metrics.of_running(settings.stack, max(map(_hours, running), default=0.0))


def _hours(execution: Mapping[str, Any]) -> float:
    begun = execution.get("redriveDate") or execution["startDate"]
    return float((now() - begun).total_seconds() / 3600)
