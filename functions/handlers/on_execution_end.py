"""On Execution End: archives the history; makes up for the end that abort, time-out and failure skip."""

from __future__ import annotations

from typing import Any

from golden_ami.ending import Ended, archive, end_run
from golden_ami.entry import handler as entry
from golden_ami.ledger import Ledger
from golden_ami.settings import Settings


@entry
def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Answers `terminated`, a count."""
    ended, settings = Ended.of(event), Settings.load()
    ledger = Ledger.of(settings)
    try:
        return end_run(ended, settings, ledger)
    finally:  # last, so that it has the ledger's rows as they remain
        archive(ended, settings, ledger)
