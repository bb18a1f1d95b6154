"""Launch Instances: one instance for each AMI of a batch, with the AMI's tags."""

from __future__ import annotations

from golden_ami.contracts import FunctionAnswer, FunctionEvent, Text
from golden_ami.instances.launch import launch
from golden_ami.lambda_handler import Stack, lambda_handler


class Event(FunctionEvent):
    """The AMIs of one iteration."""

    run_id: Text  # the execution's name
    batch: Text  # one of Plan Wave's `batches`
    wave: int | None = None  # only its AMIs; an execution from before there were waves launches all


class Answer(FunctionAnswer):
    """The batch's AMIs that the wave launches."""

    launched: int
    not_launched: int
    reasons: list[str]  # of those that were not launched: the AMI's key and the reason's code


@lambda_handler(Event, "stack", "bucket", "instance_profile")
def handler(event: Event, stack: Stack) -> Answer:
    return Answer(**launch(event.run_id, event.batch, event.wave, *stack)._asdict())
