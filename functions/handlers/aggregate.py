"""Aggregate: verdicts, the report to S3, one message to ContinuousAssessmentResultsTopic."""

from __future__ import annotations

from typing import Any

from golden_ami.contracts import FunctionAnswer, FunctionEvent, Text
from golden_ami.executions import Execution
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.models import Verdict
from golden_ami.report.aggregate import aggregate
from golden_ami.scans.write_back import write_what_is_left


class Event(FunctionEvent):
    """An execution at its end. Only the run's id is needed: whatever else is missing, the run is reported."""

    run_id: Text  # the execution's name
    execution_arn: str = ""
    started_at: str = ""  # ISO 8601
    input: Any = None  # the execution's, any JSON
    state: Any = None  # the execution's: counts, and the faults that were caught


class Answer(FunctionAnswer):
    """How the execution is to end."""

    succeeded: bool  # no fault, whatever the verdict
    verdict: Verdict
    report: str  # s3:// address of report.json
    error: str  # the Fail state's; "" when it succeeded
    cause: str  # the Fail state's; "" when it succeeded


@lambda_handler(Event, "stack", "bucket", "results_topic")
def handler(event: Event, stack: Stack) -> Answer:
    write_what_is_left(event.run_id, *stack)
    execution = Execution(event.run_id, event.execution_arn, event.started_at, event.input, event.state)
    return Answer(**aggregate(execution, *stack)._asdict())
