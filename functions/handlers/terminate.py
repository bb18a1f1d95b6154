"""Terminate: every instance that carries this run's tag, as EC2 says, on every path."""

from __future__ import annotations

from golden_ami.contracts import FunctionAnswer, FunctionEvent, Text
from golden_ami.instances.termination import terminate_run
from golden_ami.lambda_handler import Stack, lambda_handler


class Event(FunctionEvent):
    """The run whose instances are terminated."""

    run_id: Text  # the execution's name
    execution_arn: str = ""  # not read


class Answer(FunctionAnswer):
    """Counts of the run's instances."""

    launched: int
    terminated: int  # of these; or shutting down
    running: int  # of these


@lambda_handler(Event, "stack", "instance_profile")
def handler(event: Event, stack: Stack) -> Answer:
    return Answer(**terminate_run(event.run_id, *stack)._asdict())
