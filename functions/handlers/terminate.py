"""Terminate: every instance that carries this run's tag, as EC2 says, on every path."""

from __future__ import annotations

from typing import Any

from golden_ami.entry import handler as entry
from golden_ami.entry import run_id_of
from golden_ami.instances.termination import terminate_run
from golden_ami.ledger import Ledger
from golden_ami.settings import Settings


@entry
def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Answers `launched`, `terminated` and `running`."""
    settings = Settings.load()
    return terminate_run(run_id_of(event), settings, Ledger.of(settings))
