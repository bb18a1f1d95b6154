"""Check Run: asks Inspector itself which scans are over."""

from __future__ import annotations

from golden_ami.batches import Batch
from golden_ami.contracts import FunctionAnswer, FunctionEvent, Text
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.scans.coordinate import Scans


class Event(FunctionEvent):
    """The run whose scans are asked for."""

    run_id: Text  # the execution's name


class Answer(FunctionAnswer):
    """Which scans are over, and counts of AMIs."""

    over: bool  # no scan runs; read by executions from before there were waves
    collect: bool  # no scan runs, or there are findings to collect
    batches: list[str]  # of the AMIs whose findings are to be collected
    items: list[Batch]  # of Tag Findings: the same, with those AMIs
    completed: int
    running: int
    failed: int  # NOT ASSESSED
    next_look_seconds: int  # how long Await Completion waits for a completion before Inspector is asked again


@lambda_handler(Event)
def handler(event: Event, stack: Stack) -> Answer:
    return Answer(**Scans(*stack).check(event.run_id)._asdict())
