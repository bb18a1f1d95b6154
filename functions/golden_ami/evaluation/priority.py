"""Which findings come first: the one order of findings, everywhere."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

from golden_ami.models import SEVERITIES, Finding, Severity

Risk = tuple[bool, int, float]
Priority = tuple[bool, Risk, bool, float, bool]
SEVERITY_RANK: dict[Severity, int] = {severity: -number for number, severity in enumerate(SEVERITIES)}
T = TypeVar("T")


def risk(known_exploited: bool, severity: Severity, epss: float | None) -> Risk:
    """Greater is worse: known exploited, then severity, then EPSS (0 to 1), one that is not known being the least."""
    return known_exploited, SEVERITY_RANK[severity], epss or 0.0


def priority(finding: Finding, *, fails: bool, fixable: bool) -> Priority:
    """Greater is more urgent: fails its AMI, then by risk, exploit available, Inspector's score, fixable."""
    return (
        fails,
        risk(bool(finding.known_exploited_since), finding.severity, finding.epss),
        finding.exploit_available,
        finding.score or 0.0,
        fixable,
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
