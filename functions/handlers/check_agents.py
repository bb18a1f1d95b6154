"""Check Agents: says whether every agent answers, or the deadline for it has passed."""

from __future__ import annotations

from typing import Any

from golden_ami.events import Event, run_id_of
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.scans.coordinate import Scans


@lambda_handler()
def handler(event: Event, stack: Stack) -> dict[str, Any]:
    """Answers `proceed`, and `ready`, `waiting` and `failed`, counts of AMIs."""
    return Scans(*stack).check_agents(run_id_of(event))._asdict()
