"""Asks Inspector itself whether the scans are over."""

from __future__ import annotations

from typing import Any

from golden_ami import entry
from golden_ami.assessing.assessment import Assessment


@entry.handler
def handler(event: entry.Event, context: Any) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda handler; its contract stands in docs/architecture.md."""
    state = Assessment.here().check(entry.run_id_of(event))._asdict()
    return {**state, "nextLookSeconds": state.pop("next_look_seconds")}
