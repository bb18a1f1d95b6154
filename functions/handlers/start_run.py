"""Start Run: starts what is not started, and stores the token on which the execution sleeps."""

from __future__ import annotations

from golden_ami.contracts import FunctionAnswer, FunctionEvent, Text
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.scans.coordinate import Scans


class Event(FunctionEvent):
    """The run whose scans are started and awaited."""

    run_id: Text  # the execution's name
    task_token: Text


class Answer(FunctionAnswer):
    """Not read by the definition, which goes on when the token is answered."""

    resumed: bool  # there was nothing to wait for


@lambda_handler(Event)
def handler(event: Event, stack: Stack) -> Answer:
    return Answer(resumed=Scans(*stack).start(event.run_id, event.task_token))
