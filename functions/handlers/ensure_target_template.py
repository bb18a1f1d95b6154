"""Ensure Target Template: makes the scanners ready, once; fails before anything costs money."""

from __future__ import annotations

from typing import Any

from golden_ami.assessing.assessment import Assessment
from golden_ami.events import Event, run_id_of
from golden_ami.lambda_handler import Stack, lambda_handler


@lambda_handler("complete_topic")
def handler(event: Event, stack: Stack) -> dict[str, Any]:
    """Answers an empty object."""
    Assessment(*stack).ensure(run_id_of(event))
    return {}
