"""How a package says what the states of its scans mean for a run. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from golden_ami.models import Evidence, Reason


class Outcome(NamedTuple):
    """What a scan status means."""

    status: Literal["RUNNING", "COMPLETED", "PARTIAL", "FAILED"]
    detail: str
    reason: Reason | None = None
    note: str = ""
    evidence: tuple[Evidence, ...] = ()
