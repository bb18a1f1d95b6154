"""On Execution End: archives the history; makes up for the end that abort, time-out and failure skip."""

from __future__ import annotations

from typing import Any

from golden_ami.contracts import Contract, FunctionAnswer, FunctionEvent, Text
from golden_ami.ending import Ended, archive, end_run
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.redrives import with_redrive
from golden_ami.times import read


class Detail(Contract):
    """What the event says of the execution. EventBridge writes null for what an execution does not have."""

    name: Text
    execution_arn: str | None = None
    start_date: Any = None  # milliseconds since 1970
    stop_date: Any = None  # the same
    status: str | None = None  # as DescribeExecution names it
    error: str | None = None
    cause: str | None = None
    input: str | None = None  # JSON; left out where it is too long for an event
    output: str | None = None  # the same, of an execution that SUCCEEDED


class Event(FunctionEvent):
    """EventBridge's `Step Functions Execution Status Change`."""

    sender = "a Step Functions Execution Status Change"

    detail: Detail
    time: Any = None  # ISO 8601, of the event

    def ended(self) -> Ended:
        """The execution that has ended."""
        detail = self.detail
        return Ended(
            run_id=detail.name,
            execution_arn=detail.execution_arn or "",
            started_at=read(detail.start_date),
            status=detail.status or "",
            error=detail.error or "",
            cause=detail.cause or "",
            input=detail.input or "",
            output=detail.output or "",
            at=read(self.time),
            stopped_at=read(detail.stop_date),
        )


class Answer(FunctionAnswer):
    """What was left to terminate."""

    terminated: int  # a count of instances


@lambda_handler(Event, "stack", "bucket", "results_topic", "instance_profile", probed=Answer(terminated=0))
def handler(event: Event, stack: Stack) -> Answer:
    ended = with_redrive(event.ended(), stack.clients)
    if ended.is_duplicate or ended.goes_on:
        return Answer(terminated=0)
    try:
        return Answer(terminated=end_run(ended, *stack))
    finally:  # last, so that it has the ledger's rows as they remain
        archive(ended, *stack)
