"""Terminate: every instance that carries this run's tag, as EC2 says, on every path."""

from __future__ import annotations

from golden_ami.events import Event, run_id_of
from golden_ami.instances.termination import terminate_run
from golden_ami.lambda_handler import Stack, lambda_handler


@lambda_handler("stack", "instance_profile")
def handler(event: Event, stack: Stack) -> dict[str, int]:
    """Answers `launched`, `terminated` and `running`."""
    return terminate_run(run_id_of(event), *stack)
