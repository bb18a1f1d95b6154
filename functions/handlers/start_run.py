"""Start Run: starts what is not started, and stores the token on which the execution sleeps."""

from __future__ import annotations

from golden_ami.events import Event, run_id_of, text
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.scans.coordinate import Scans


@lambda_handler()
def handler(event: Event, stack: Stack) -> dict[str, bool]:
    """Answers `resumed`: whether there was nothing to wait for."""
    return {"resumed": Scans(*stack).start(run_id_of(event), text(event, "taskToken"))}
