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


def account_of(event: Mapping[str, Any]) -> str:
    """The account of an EventBridge event that has a detail; "" when it has none.

    EventBridge adds it to every event. The User Guide's example of an on-demand finding ("Amazon EventBridge event
    schema for Amazon Inspector events") has it in the detail alone, so it is read there where the event has none.
    """
    detail = event.get("detail")
    if not isinstance(detail, Mapping):
        return ""
    found = match(_ACCOUNT, event.get("account") or detail.get("awsAccountId"))
    return found[0] if found else ""


def match(pattern: re.Pattern[str], value: object) -> re.Match[str] | None:
    """The match of a whole text; None for what is no text."""
    return pattern.fullmatch(value) if isinstance(value, str) else None


def total(counts: object) -> int | None:
    """The number of findings that an event announces; None where it announces none that can be believed."""
    told = counts.get("TOTAL") if isinstance(counts, Mapping) else None
    sound = isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 10**12
    return told if sound else None
