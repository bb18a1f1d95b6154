"""A clock that tests move by hand, for emulated services without the embedded AWS around them."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any


@dataclass
class ManualTimer:
    """A call that `ManualTimers.advance` makes."""

    action: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        """Forget the call."""
        self.cancelled = True


class ManualTimers:
    """Time stands until a test advances it; the process's clock shows the same."""

    def __init__(self, traveller: Any) -> None:
        self._traveller = traveller
        self._order = count()
        self._queue: list[tuple[datetime, int, ManualTimer]] = []

    def now(self) -> datetime:
        """The emulated instant."""
        return datetime.now(UTC)

    def call_later(self, seconds: float, action: Callable[[], None], *, name: str = "") -> ManualTimer:
        """Plan a call."""
        timer = ManualTimer(action)
        heapq.heappush(self._queue, (self.now() + timedelta(seconds=seconds), next(self._order), timer))
        return timer

    def advance(self, seconds: float = 0) -> None:
        """Let time pass, and make the calls that fall due, each at its instant."""
        end = self.now() + timedelta(seconds=seconds)
        while self._queue and self._queue[0][0] <= end:
            due, _, timer = heapq.heappop(self._queue)
            self._traveller.move_to(max(due, self.now()), tick=False)
            if not timer.cancelled:
                timer.action()
        self._traveller.move_to(end, tick=False)
