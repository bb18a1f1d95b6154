"""Plan Wave: says which AMIs are launched next, or what else is left to do."""

from __future__ import annotations

from typing import Literal

from golden_ami.batches import Batch
from golden_ami.contracts import FunctionAnswer, FunctionEvent, Text
from golden_ami.instances.planning import Iteration, plan_wave
from golden_ami.lambda_handler import Stack, lambda_handler


class Event(FunctionEvent):
    """The run that is planned, and what the last turn has left in the execution's state."""

    run_id: Text  # the execution's name
    execution_arn: Text
    launches: list[Iteration]  # of Launch Instances
    findings: list[Iteration]  # of Tag Findings


class Answer(FunctionAnswer):
    """What comes next. Counts are AMIs."""

    next: Literal["LAUNCH", "BOOT", "WAIT", "START", "AWAIT", "FINISH"]
    number: int  # of the wave, counted from 1
    batches: list[str]  # of the AMIs that are launched now; an execution from before there were items launches these
    items: list[Batch]  # of Launch Instances: the same, with those AMIs
    wait_seconds: int  # until room is looked for again, with WAIT
    running: int  # whose scan runs
    left: int  # whose instance is launched in no wave yet


@lambda_handler(Event)
def handler(event: Event, stack: Stack) -> Answer:
    planned = plan_wave(event.run_id, event.execution_arn, event.launches, event.findings, *stack)
    return Answer(**planned._asdict())
