"""Check Run: asks Inspector itself whether the scans are over."""

from __future__ import annotations

from typing import Any

from golden_ami.events import Event, run_id_of
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.scans.coordinate import Scans


@lambda_handler()
def handler(event: Event, stack: Stack) -> dict[str, Any]:
    """Answers `over`, `nextLookSeconds`, and `completed`, `running` and `failed`, counts of AMIs."""
    state = Scans(*stack).check(run_id_of(event))._asdict()
    return {**state, "nextLookSeconds": state.pop("next_look_seconds")}
