"""Resume: reads Inspector's messages and wakes the executions that await nothing more."""

from __future__ import annotations

from golden_ami.events import Event
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.scans.callback import resume


@lambda_handler()
def handler(event: Event, stack: Stack) -> dict[str, int]:
    """Answers `resumed`, a count of executions."""
    return {"resumed": resume(event, *stack)}
