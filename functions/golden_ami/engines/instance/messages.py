"""Amazon Inspector's events of instances. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from golden_ami import times
from golden_ami.engines.messages import Ignored, Message, is_event, match, total
from golden_ami.models import Completion

_INSTANCE = re.compile(r"i-[0-9a-f]{8,17}")  # it becomes a key, so it is checked before it is used


def read(body: Mapping[str, Any]) -> Message | None:
    """The meaning of a message; None for one that is not of this engine."""
    if not is_event(body, "aws.inspector2", "Inspector2 Scan"):
        return None
    detail = body["detail"]
    instance = match(_INSTANCE, detail.get("instance-id"))
    if detail.get("scan-status") != "INITIAL_SCAN_COMPLETE" or not instance:
        return Ignored("an Inspector2 Scan that completes no instance's first scan")
    return Completion(
        scan=instance[0],
        status="COMPLETED",
        account=body["account"],
        findings_total=total(detail.get("finding-severity-counts")),
        at=times.read(body.get("time")),
    )
