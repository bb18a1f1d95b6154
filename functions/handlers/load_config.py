"""Load Config: reads and checks the configuration, looks the AMIs up, opens the run in the ledger."""

from __future__ import annotations

from typing import Any

from golden_ami.configuration.loading import Start, open_run
from golden_ami.entry import handler as entry
from golden_ami.ledger import Ledger
from golden_ami.settings import Settings


@entry
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answers `assessable`, `needsInstances`, `batches`, `waits` and `assessment`."""
    settings = Settings.load()
    return open_run(Start.of(event, settings.parameter_name), settings, Ledger.of(settings))
