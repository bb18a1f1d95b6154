"""Reap: terminates what outlived its run. Scheduled; `{"dryRun": true}` only looks."""

from __future__ import annotations

from typing import Any

from golden_ami.entry import handler as entry
from golden_ami.errors import InvalidEvent
from golden_ami.instances.reaping import reap
from golden_ami.ledger import Ledger
from golden_ami.settings import Settings


@entry
def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Answers `found` and `terminated`."""
    dry_run = event.get("dryRun", False)
    if not isinstance(dry_run, bool):
        raise InvalidEvent(f"dryRun is {dry_run!r}; give true or false, or leave it out")
    settings = Settings.load()
    return reap(settings, Ledger.of(settings), dry_run=dry_run)
