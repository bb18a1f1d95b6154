"""Ensure Target Template: makes the scanners ready, once; fails before anything costs money."""

from __future__ import annotations

from golden_ami.contracts import FunctionAnswer, FunctionEvent, Text
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.scans.coordinate import Scans


class Event(FunctionEvent):
    """The run whose scanners are made ready."""

    run_id: Text  # the execution's name


class Answer(FunctionAnswer):
    """An empty object."""


@lambda_handler(Event, "complete_topic")
def handler(event: Event, stack: Stack) -> Answer:
    Scans(*stack).ensure(event.run_id)
    return Answer()
