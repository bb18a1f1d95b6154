"""Await Completion: stores the token on which the execution sleeps until scans are complete or it is time to look."""

from __future__ import annotations

from golden_ami.contracts import FunctionAnswer, FunctionEvent, Text
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.scans.callback import await_completion


class Event(FunctionEvent):
    """The run whose scans are awaited."""

    run_id: Text  # the execution's name
    task_token: Text


class Answer(FunctionAnswer):
    """Not read by the definition, which goes on when the token is answered."""

    resumed: bool  # there was nothing to wait for


@lambda_handler(Event)
def handler(event: Event, stack: Stack) -> Answer:
    return Answer(resumed=await_completion(event.run_id, event.task_token, stack.clients, stack.ledger))
