"""How many invocations an account runs at the same time in a Region, and what Lambda refuses beyond them.

Lambda developer guide, "Lambda quotas": 1,000 concurrent executions, and fewer in new accounts, which AWS raises by
their usage. What comes beyond is throttled: botocore's model of Lambda, TooManyRequestsException.
"""

from __future__ import annotations

import threading
from collections import Counter

from golden_ami_emulator.clock import Clock

QUOTA = 1_000


class Concurrency:
    """The account's concurrency. `limit` and `held` may be changed.

    `held` are the emulated seconds for which an invocation still counts when it is over: here handlers take none.
    """

    def __init__(self, clock: Clock) -> None:
        self.limit = QUOTA
        self.held = 0.0
        self.highest = 0
        self.invocations = Counter[str]()
        self.throttles = Counter[str]()
        self._clock = clock
        self._lock = threading.Lock()
        self._running = 0

    def take(self, function: str) -> bool:
        """Whether an invocation of the function may begin; then `give_back` ends it."""
        with self._lock:
            if self._running >= self.limit:
                self.throttles[function] += 1
                return False
            self._running += 1
            self.highest = max(self.highest, self._running)
            self.invocations[function] += 1
            return True

    def give_back(self) -> None:
        """The invocation is over."""
        if self.held:
            self._clock.call_later(self.held, self._free, name="an environment is free")
        else:
            self._free()

    def _free(self) -> None:
        with self._lock:
            self._running -= 1
