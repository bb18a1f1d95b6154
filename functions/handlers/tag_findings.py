"""Tag Findings: collects the findings of a batch's AMIs, tags them, streams them to the bucket."""

from __future__ import annotations

from typing import Any

from golden_ami.events import Event, run_id_of, text
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.scans.collect import tag_findings


@lambda_handler("bucket")
def handler(event: Event, stack: Stack) -> dict[str, Any]:
    """Answers `amis` and `findings`, counts."""
    return tag_findings(run_id_of(event), text(event, "batch"), *stack)._asdict()
