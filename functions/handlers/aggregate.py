"""Aggregate: verdicts, the report to S3, one message to ContinuousAssessmentResultsTopic."""

from __future__ import annotations

from typing import Any

from golden_ami.events import Event
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.report.aggregate import aggregate


@lambda_handler("stack", "bucket", "results_topic")
def handler(event: Event, stack: Stack) -> dict[str, Any]:
    """Answers `succeeded`, `verdict`, `report`, `error` and `cause`."""
    return aggregate(event, *stack)
