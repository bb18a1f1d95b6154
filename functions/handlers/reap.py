"""Reap: terminates what outlived its run, and tells how long runs run. Scheduled; `{"dryRun": true}` only looks."""

from __future__ import annotations

from golden_ami.contracts import FunctionAnswer, FunctionEvent
from golden_ami.instances.reaping import reap
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.running import note_oldest


class Event(FunctionEvent):
    """A scheduled invocation, or one by hand."""

    sender = "the schedule or a person"

    dry_run: bool = False  # only look


class Answer(FunctionAnswer):
    """Counts of instances that outlived their runs."""

    found: int
    terminated: int


@lambda_handler(Event, "stack", "results_topic", "instance_profile")
def handler(event: Event, stack: Stack) -> Answer:
    try:
        return Answer(**reap(*stack, dry_run=event.dry_run)._asdict())
    finally:
        if not event.dry_run:
            note_oldest(stack.settings, stack.clients)
