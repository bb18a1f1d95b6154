"""Ensure Target Template: makes the scanners ready, once; fails before anything costs money."""

from __future__ import annotations

from typing import Any

from golden_ami.events import Event, run_id_of
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.scans.coordinate import Scans


@lambda_handler("complete_topic")
def handler(event: Event, stack: Stack) -> dict[str, Any]:
    """Answers an empty object."""
    Scans(*stack).ensure(run_id_of(event))
    return {}
