"""Start Run: starts the scans that are not started."""

from __future__ import annotations

from golden_ami.contracts import FunctionAnswer, FunctionEvent, Text
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.scans.coordinate import Scans


class Event(FunctionEvent):
    """The run whose scans are started."""

    run_id: Text  # the execution's name


class Answer(FunctionAnswer):
    """Nothing: Await Completion and Check Run read the ledger."""


@lambda_handler(Event)
def handler(event: Event, stack: Stack) -> Answer:
    Scans(*stack).start(event.run_id)
    return Answer()
