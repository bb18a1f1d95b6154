"""Makes the scanner ready, once; fails before anything costs money."""

from __future__ import annotations

from typing import Any

from golden_ami import entry
from golden_ami.assessing.assessment import Assessment


@entry.handler
def handler(event: entry.Event, context: Any) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda handler; its contract stands in docs/architecture.md."""
    Assessment.here().ensure(entry.run_id_of(event))
    return {}
