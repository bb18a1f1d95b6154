"""Reads Inspector's messages and wakes the executions that await nothing more."""

from __future__ import annotations

from typing import Any

from golden_ami import entry
from golden_ami.assessing.completion import resume
from golden_ami.ledger import Ledger
from golden_ami.settings import Settings


@entry.handler
def handler(event: entry.Event, context: Any) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda handler; its contract stands in docs/architecture.md."""
    settings = Settings.load()
    return {"resumed": resume(settings, Ledger.of(settings), event)}
