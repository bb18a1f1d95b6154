"""Which findings come first."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

from golden_ami.models import SEVERITIES, Finding, Severity

Priority = tuple[bool, bool, bool, float, float, int]
SEVERITY_RANK: dict[Severity, int] = {severity: -number for number, severity in enumerate(SEVERITIES)}
T = TypeVar("T")


def priority(finding: Finding, *, fixable: bool) -> Priority:
    """Greater is more urgent: fixable, then known exploited, exploit available, EPSS, score, severity."""
    return (
        fixable,
        bool(finding.known_exploited_since),
        finding.exploit_available,
        finding.epss or 0.0,
        finding.score or 0.0,
        SEVERITY_RANK[finding.severity],
    )


class MostUrgent(Generic[T]):
    """The most urgent of what is offered, at most `limit`; of two as urgent the one that came first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._heap: list[tuple[Priority, int, T]] = []
        self._offered = 0

    def offer(self, priority: Priority, item: T) -> None:
        """Keep an item, unless as many as the limit are more urgent."""
        self._offered += 1
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, (priority, -self._offered, item))
        elif self._heap and priority > self._heap[0][0]:
            heapq.heapreplace(self._heap, (priority, -self._offered, item))

    def items(self) -> list[T]:
        """The most urgent first."""
        return [item for _, _, item in sorted(self._heap, reverse=True, key=lambda entry: entry[:2])]
