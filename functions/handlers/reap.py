"""Reap: terminates what outlived its run. Scheduled; `{"dryRun": true}` only looks."""

from __future__ import annotations

from golden_ami.errors import InvalidEvent
from golden_ami.events import Event
from golden_ami.instances.reaping import reap
from golden_ami.lambda_handler import Stack, lambda_handler


@lambda_handler("stack", "results_topic", "instance_profile")
def handler(event: Event, stack: Stack) -> dict[str, int]:
    """Answers `found` and `terminated`."""
    dry_run = event.get("dryRun", False)
    if not isinstance(dry_run, bool):
        raise InvalidEvent(f"dryRun is {dry_run!r}; give true or false, or leave it out")
    return reap(*stack, dry_run=dry_run)
