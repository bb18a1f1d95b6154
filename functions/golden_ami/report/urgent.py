"""The most urgent findings of an AMI: all that the page shows of a run with more findings than it can hold.

Building the report of such a run stores them in an object of their own, so that no page reads all findings again.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import msgspec

from golden_ami.evaluation.evaluate import EvaluatedFinding
from golden_ami.evaluation.model import FindingStatus
from golden_ami.models import Data, Finding
from golden_ami.report.findings import findings_of
from golden_ami.report.model import AmiReport
from golden_ami.report.order import urgency
from golden_ami.storage.keys import urgent_key
from golden_ami.storage.objects import Missing, Store

SHOWN = 20_000  # findings that the page holds; beyond it, the most urgent of every AMI


class UrgentFinding(Data):
    """A finding and its status: a line of the object."""

    finding: Finding
    status: FindingStatus = msgspec.field(name="standing")


_URGENT = msgspec.json.Decoder(UrgentFinding)


def encoded_urgent(findings: Iterable[EvaluatedFinding]) -> bytes:
    """The object's content."""
    lines = [UrgentFinding(finding=found.finding, status=found.status) for found in findings]
    return msgspec.json.Encoder().encode_lines(lines)


def shown_of_each(total: int, amis: int, limit: int = SHOWN) -> int:
    """How many findings of each of so many AMIs the page shows, when the run has so many in total."""
    return limit if total <= limit else max(10, limit // max(1, amis))


def most_urgent(store: Store, run_id: str, ami: AmiReport, limit: int) -> list[tuple[Finding, FindingStatus]]:
    """An AMI's most urgent findings, at most `limit`, the most urgent first. Raises store.Missing."""
    if ami.total > limit:
        stored = _stored(store, run_id, ami)
        if len(stored) >= limit:
            return [(one.finding, one.status) for one in stored[:limit]]
    return heapq.nlargest(limit, findings_of(store, ami), key=lambda pair: urgency(*pair))


def _stored(store: Store, run_id: str, ami: AmiReport) -> list[UrgentFinding]:
    try:
        return [_URGENT.decode(line) for line in store.lines(urgent_key(run_id, ami.key))]
    except Missing:
        return []  # the run had fewer AMIs than it seemed, or is older than these objects
