"""What an engine's messages mean to a run, and what is checked in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from golden_ami.models import Completion, Finding

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


class ScanFinding(NamedTuple):
    """A finding that came as an event of an on-demand scan."""

    scan: str
    account: str
    finding: Finding


class Ignored(NamedTuple):
    """A message that means nothing to a run, and why."""

    why: str


Message = Completion | ScanFinding | Ignored


def is_event(body: Mapping[str, Any], source: str, kind: str) -> bool:
    """Whether it is an EventBridge event of this source and detail type."""
    return body.get("source") == source and body.get("detail-type") == kind


def is_whole(event: Mapping[str, Any]) -> bool:
    """Whether an EventBridge event has a detail and an account, as every one of AWS has."""
    return isinstance(event.get("detail"), Mapping) and bool(match(_ACCOUNT, event.get("account")))


def match(pattern: re.Pattern[str], value: object) -> re.Match[str] | None:
    """The match of a whole text; None for what is no text."""
    return pattern.fullmatch(value) if isinstance(value, str) else None


def total(counts: object) -> int | None:
    """The number of findings that an event announces; None where it announces none that can be believed."""
    told = counts.get("TOTAL") if isinstance(counts, Mapping) else None
    sound = isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 10**12
    return told if sound else None
