"""Load Config: reads and checks the configuration, looks the AMIs up, opens the run in the ledger."""

from __future__ import annotations

from typing import Any

from golden_ami.configuration.loading import Start, open_run
from golden_ami.events import Event
from golden_ami.lambda_handler import Stack, lambda_handler


@lambda_handler("stack", "bucket")
def handler(event: Event, stack: Stack) -> dict[str, Any]:
    """Answers `assessable`, `needsInstances`, `batches`, `waits` and `assessment`."""
    return open_run(Start.of(event, stack.settings.parameter_name), *stack)
