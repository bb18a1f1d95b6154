"""Terminate: the instances of AMIs that are done with; at the end of a run every one, as EC2 says."""

from __future__ import annotations

from golden_ami.contracts import FunctionAnswer, FunctionEvent, Text
from golden_ami.instances.termination import terminate_finished, terminate_run
from golden_ami.lambda_handler import Stack, lambda_handler


class Event(FunctionEvent):
    """The run whose instances are terminated."""

    run_id: Text  # the execution's name
    execution_arn: str = ""  # not read
    batches: list[str] | None = None  # Terminate: that Tag Findings has just had; Terminate All has none


class Answer(FunctionAnswer):
    """Counts of the run's instances."""

    launched: int
    terminated: int  # of these; or shutting down
    running: int  # of these


@lambda_handler(Event, "stack", "instance_profile")
def handler(event: Event, stack: Stack) -> Answer:
    if event.batches is None:
        return Answer(**terminate_run(event.run_id, *stack)._asdict())
    return Answer(**terminate_finished(event.run_id, event.batches, *stack)._asdict())
