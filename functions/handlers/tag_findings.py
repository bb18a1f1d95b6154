"""Tag Findings: collects the findings of a batch's AMIs, tags them, streams them to the bucket."""

from __future__ import annotations

from golden_ami.contracts import FunctionAnswer, FunctionEvent, Text
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.scans.collect import tag_findings


class Event(FunctionEvent):
    """The AMIs of one iteration."""

    run_id: Text  # the execution's name
    batch: Text  # one of Check Run's `batches`


class Answer(FunctionAnswer):
    """Counts of what was collected."""

    amis: int
    findings: int


@lambda_handler(Event, "bucket")
def handler(event: Event, stack: Stack) -> Answer:
    return Answer(**tag_findings(event.run_id, event.batch, *stack)._asdict())
