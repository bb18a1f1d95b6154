"""Launch Instances: one instance for each AMI of a batch, with the AMI's tags."""

from __future__ import annotations

from typing import Any

from golden_ami.entry import handler as entry
from golden_ami.entry import run_id_of, text
from golden_ami.instances.launch import launch
from golden_ami.ledger import Ledger
from golden_ami.settings import Settings


@entry
def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Answers `launched` and `notLaunched`, counts of the batch's AMIs that need an instance."""
    settings = Settings.load()
    return launch(run_id_of(event), text(event, "batch"), settings, Ledger.of(settings))
