"""Aggregate: verdicts, the report to S3, one message to ContinuousAssessmentResultsTopic."""

from __future__ import annotations

from typing import Any

from golden_ami.contracts import Contract, FunctionAnswer, FunctionEvent, Text
from golden_ami.executions import Execution
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.models import Verdict
from golden_ami.report.aggregate import aggregate
from golden_ami.report.last import Reported
from golden_ami.scans.write_back import write_what_is_left


class Event(FunctionEvent):
    """An execution at its end. Only the run's id is needed: whatever else is missing, the run is reported."""

    run_id: Text  # the execution's name
    execution_arn: str = ""
    started_at: str = ""  # ISO 8601
    input: Any = None  # the execution's, any JSON
    state: Any = None  # the execution's: counts, and the faults that were caught


class Amis(Contract):
    """Counts of the run's AMIs by verdict."""

    passed: int
    failed: int
    not_assessed: int


class Output(Contract):
    """The execution's output when it succeeds. Addresses are s3:// ones, as links expire."""

    run_id: str
    verdict: Verdict
    amis: Amis
    report: str  # of report.json
    history: str  # how those of the execution's archived history begin; On Execution End writes it after the end


class Answer(FunctionAnswer):
    """How the execution is to end."""

    succeeded: bool  # no fault, whatever the verdict
    error: str  # the Fail state's; "" when it succeeded
    cause: str  # the Fail state's; "" when it succeeded
    output: Output


@lambda_handler(Event, "stack", "bucket", "results_topic")
def handler(event: Event, stack: Stack) -> Answer:
    write_what_is_left(event.run_id, *stack)
    execution = Execution(event.run_id, event.execution_arn, event.started_at, event.input, event.state)
    return _answer(event.run_id, aggregate(execution, *stack))


def _answer(run_id: str, reported: Reported) -> Answer:
    counts = reported.amis
    output = Output(
        run_id=run_id,
        verdict=reported.verdict,
        amis=Amis(passed=counts["PASS"], failed=counts["FAIL"], not_assessed=counts["NOT_ASSESSED"]),
        report=reported.report,
        history=reported.history,
    )
    return Answer(succeeded=reported.succeeded, error=reported.error, cause=reported.cause, output=output)
