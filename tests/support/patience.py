"""How long a test waits for what is sure to come: a hang ends by it, a busy machine does not."""

from __future__ import annotations

import time
from collections.abc import Callable

HANGS = 600.0  # seconds


def until(what: Callable[[], bool]) -> None:
    """Wait for what another thread or process does. Fails when it hangs."""
    end = time.monotonic() + HANGS
    while not what():
        assert time.monotonic() < end, "it hangs"
        time.sleep(0.05)
