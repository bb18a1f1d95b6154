"""Starts what is not started, and stores the token on which the execution sleeps."""

from __future__ import annotations

from typing import Any

from golden_ami import entry
from golden_ami.assessing.assessment import Assessment


@entry.handler
def handler(event: entry.Event, context: Any) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda handler; its contract stands in docs/architecture.md."""
    return {"resumed": Assessment.here().start(entry.run_id_of(event), entry.text(event, "taskToken"))}
