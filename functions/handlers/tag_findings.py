"""Collects an AMI's findings, tags them, streams them to the bucket."""

from __future__ import annotations

from typing import Any

from golden_ami import entry
from golden_ami.assessing.collect import tag_findings
from golden_ami.ledger import Ledger
from golden_ami.settings import Settings


@entry.handler
def handler(event: entry.Event, context: Any) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda handler; its contract stands in docs/architecture.md."""
    settings = Settings.load()
    return tag_findings(settings, Ledger.of(settings), entry.run_id_of(event), entry.text(event, "batch"))._asdict()
