"""Launch Instances: one instance for each AMI of a batch, with the AMI's tags."""

from __future__ import annotations

from golden_ami.contracts import FunctionAnswer, FunctionEvent, Text
from golden_ami.instances.launch import launch
from golden_ami.lambda_handler import Stack, lambda_handler


class Event(FunctionEvent):
    """The AMIs of one iteration."""

    run_id: Text  # the execution's name
    batch: Text  # one of Load Config's `batches`


class Answer(FunctionAnswer):
    """Counts of the batch's AMIs that need an instance."""

    launched: int
    not_launched: int


@lambda_handler(Event, "stack", "bucket", "instance_profile")
def handler(event: Event, stack: Stack) -> Answer:
    return Answer(**launch(event.run_id, event.batch, *stack)._asdict())
