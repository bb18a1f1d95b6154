"""Inspector Classic's notifications. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from golden_ami import times
from golden_ami.engines.messages import Ignored, Message, match
from golden_ami.models import Completion

# An assessment run's ARN as the service model has it; it becomes a key, so it is checked before it is used.
_RUN = re.compile(r"arn:[\w-]+:inspector:[\w-]+:(\d{12}):target/[\w-]+/template/[\w-]+/run/[\w-]+", re.ASCII)


def read(body: Mapping[str, Any]) -> Message | None:
    """The meaning of a message; None for one that is not of this engine."""
    if "event" not in body or "detail-type" in body:
        return None
    if body["event"] != "ASSESSMENT_RUN_COMPLETED":
        return Ignored(f"Inspector Classic's {str(body['event'])[:80]}")
    run = match(_RUN, body.get("run"))
    if not run:
        return Ignored("an Inspector Classic completion without an assessment run")
    return Completion(scan=run[0], status="COMPLETED", account=run[1], at=times.read(body.get("time")))
