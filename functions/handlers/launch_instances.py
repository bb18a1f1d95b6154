"""Launch Instances: one instance for each AMI of a batch, with the AMI's tags."""

from __future__ import annotations

from golden_ami.events import Event, run_id_of, text
from golden_ami.instances.launch import launch
from golden_ami.lambda_handler import Stack, lambda_handler


@lambda_handler("stack", "bucket", "instance_profile")
def handler(event: Event, stack: Stack) -> dict[str, int]:
    """Answers `launched` and `notLaunched`, counts of the batch's AMIs that need an instance."""
    return launch(run_id_of(event), text(event, "batch"), *stack)
