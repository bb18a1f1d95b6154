"""The most urgent findings of an AMI: all that the page shows of a run with more findings than it can hold.

Building such a run's report stores them in an object of their own, so that no page reads all findings again.
"""

from __future__ import annotations

import heapq

import msgspec

from golden_ami.models import Data, Finding
from golden_ami.report.findings import findings_of
from golden_ami.report.model import AmiReport, Standing
from golden_ami.report.upgrades import Priority, priority
from golden_ami.storage.keys import urgent_key
from golden_ami.storage.objects import Missing, Store

SHOWN = 20_000  # findings that the page holds; beyond it, the most urgent of every AMI


class Judged(Data):
    """A finding and how it stands: a line of the object."""

    finding: Finding
    standing: Standing


_FINDING = msgspec.json.Decoder(Finding)
_JUDGED = msgspec.json.Decoder(Judged)


class Urgent:
    """The most urgent of an AMI's findings, one at least; of two as urgent the one that came first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[Priority, int, tuple[bytes, Standing]]] = []
        self._offered = 0

    def offer(self, priority: Priority, finding: tuple[bytes, Standing]) -> None:
        """Keep a finding, as a line and how it stands, unless as many are more urgent."""
        self._offered += 1
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, (priority, -self._offered, finding))
        elif priority > self._heap[0][0]:
            heapq.heapreplace(self._heap, (priority, -self._offered, finding))

    def findings(self) -> list[Judged]:
        """The most urgent first. Raises msgspec's MsgspecError when one cannot be read."""
        ordered = sorted(self._heap, reverse=True, key=lambda entry: entry[:2])
        return [Judged(finding=_FINDING.decode(line), standing=standing) for _, _, (line, standing) in ordered]


def shown_of_each(total: int, amis: int, limit: int = SHOWN) -> int:
    """How many findings of each of so many AMIs the page shows, when the run has so many in total."""
    return limit if total <= limit else max(10, limit // max(1, amis))


def most_urgent(store: Store, run_id: str, ami: AmiReport, most: int) -> list[tuple[Finding, Standing]]:
    """An AMI's most urgent findings, at most so many, the most urgent first. Raises store.Missing."""
    if ami.total > most:
        kept = _kept(store, run_id, ami)
        if len(kept) >= most:
            return [(one.finding, one.standing) for one in kept[:most]]
    return heapq.nlargest(most, findings_of(store, ami), key=lambda pair: priority(pair[0]))


def _kept(store: Store, run_id: str, ami: AmiReport) -> list[Judged]:
    try:
        return [_JUDGED.decode(line) for line in store.lines(urgent_key(run_id, ami.key))]
    except Missing:
        return []  # the run had fewer AMIs than it seemed, or is older than these objects
