"""On Execution End: archives the history; makes up for the end that abort, time-out and failure skip."""

from __future__ import annotations

from golden_ami.ending import Ended, archive, end_run
from golden_ami.events import Event
from golden_ami.lambda_handler import Stack, lambda_handler


@lambda_handler("stack", "bucket", "results_topic", "instance_profile")
def handler(event: Event, stack: Stack) -> dict[str, int]:
    """Answers `terminated`, a count."""
    ended = Ended.of(event)
    try:
        return end_run(ended, *stack)
    finally:  # last, so that it has the ledger's rows as they remain
        archive(ended, *stack)
