"""Check Agents: says whether every agent answers, or the deadline for it has passed."""

from __future__ import annotations

from golden_ami.contracts import FunctionAnswer, FunctionEvent, Text
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.scans.coordinate import Scans


class Event(FunctionEvent):
    """The run whose agents are asked."""

    run_id: Text  # the execution's name


class Answer(FunctionAnswer):
    """Whether to go on, and counts of AMIs."""

    proceed: bool  # none is waited for
    ready: int  # the agent answers, or none is needed
    waiting: int  # the agent does not answer yet
    failed: int  # NOT ASSESSED, as the agent does not answer


@lambda_handler(Event)
def handler(event: Event, stack: Stack) -> Answer:
    return Answer(**Scans(*stack).check_agents(event.run_id)._asdict())
