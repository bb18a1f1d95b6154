"""Says whether every agent answers, or the deadline for it has passed."""

from __future__ import annotations

from typing import Any

from golden_ami import entry
from golden_ami.assessing.assessment import Assessment


@entry.handler
def handler(event: entry.Event, context: Any) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda handler; its contract stands in docs/architecture.md."""
    return Assessment.here().check_agents(entry.run_id_of(event))._asdict()
