"""What messages announce of a scan: that it ended, and how many findings it has. Anybody may send one. Pure.

A message may make a verdict worse, never better: every total that was announced counts, and the highest stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from golden_ami.models import Completion, Data

_KEPT = 20  # totals; so many that are neither later nor higher than another take twenty forged messages
_NEVER = datetime.min.replace(tzinfo=UTC)


class AnnouncedTotal(Data, omit_defaults=False):
    """A number of findings that a message announced, and the instant that it is dated by (ISO 8601; "": none)."""

    findings: int
    at: str = ""


class Announcement(NamedTuple):
    """The newest completion of a scan, and the totals of all; `version` tells it from a later message of the scan."""

    completion: Completion
    version: str
    totals: tuple[AnnouncedTotal, ...] = ()

    def sent_after(self, ended_at: str) -> bool:
        """Whether the newest was sent after the scan ended (ISO 8601; "": not known)."""
        return _sent_after(self.completion.at, ended_at)

    def total_after(self, ended_at: str) -> int | None:
        """The highest total of those sent after the scan ended; None when none was. One dated earlier is forged."""
        return max((one.findings for one in self.totals if _sent_after(one.at, ended_at)), default=None)


def with_total(totals: Iterable[AnnouncedTotal], completion: Completion) -> list[AnnouncedTotal]:
    """The totals with that of a completion, the latest first.

    One that is neither later nor higher than another says nothing more and is left out. When there are too many, the
    two earliest become one with the later instant and the higher total: it can only ask for more findings.
    """
    told = completion.findings_total
    new = [] if told is None else [AnnouncedTotal(findings=told, at=completion.at)]
    kept: list[AnnouncedTotal] = []
    for one in sorted([*totals, *new], key=lambda each: (_instant(each.at), each.findings), reverse=True):
        if not kept or one.findings > kept[-1].findings:
            kept.append(one)
    while len(kept) > _KEPT:
        highest = kept.pop()
        kept[-1] = AnnouncedTotal(findings=highest.findings, at=kept[-1].at)
    return kept


def _sent_after(at: str, ended_at: str) -> bool:
    if not ended_at:
        return True
    ended = datetime.fromisoformat(ended_at).replace(microsecond=0)  # an event may be dated by whole seconds
    return bool(at) and datetime.fromisoformat(at) >= ended


def _instant(at: str) -> datetime:
    return datetime.fromisoformat(at) if at else _NEVER
