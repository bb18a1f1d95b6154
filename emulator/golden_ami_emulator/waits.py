"""What threads wait with on the emulated clock: events, scheduled calls, groups, and how a wait can end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Literal, Protocol

WaitOutcome = Literal["event", "time", "cancelled", "closed", "failed"]

# True in threads that live in emulated time, and in the helper threads that they start.
emulated: ContextVar[bool] = ContextVar("emulated", default=False)
# The group that the current thread belongs to.
current_group: ContextVar[Group | None] = ContextVar("current_group", default=None)
# Emulated POSIX time at which `sleep` raises Overslept instead of sleeping on.
sleep_limit: ContextVar[float | None] = ContextVar("sleep_limit", default=None)


class Unwind(BaseException):
    """Ends a thread of the emulation; no handler of faults may catch it."""


class ClockClosed(Unwind):
    """The emulation is being closed while the thread still waits."""


class GroupCancelled(Unwind):
    """The group of threads was cancelled, as when an execution is stopped."""


class Overslept(BaseException):
    """A sleep reached `sleep_limit`."""


class ClockStalled(RuntimeError):
    """The operator waits for what can no longer happen; the message says who waits and works."""


class Group:
    """Threads that can be cancelled together."""

    def __init__(self) -> None:
        self.cancelled = False


class ScheduledCall:
    """A call that is due at an emulated instant; ordered by it, deadlines last."""

    def __init__(self, due: float, deadline: bool, number: int, action: Callable[[], None], name: str) -> None:
        self.due = due
        self.name = name
        self.action: Callable[[], None] | None = action
        self._order = (due, deadline, number)

    def __lt__(self, other: ScheduledCall) -> bool:
        return self._order < other._order

    def cancel(self) -> None:
        """Forget the call."""
        self.action = None


class Waiter:
    def __init__(self, thread: threading.Thread, counted: bool, group: Group | None) -> None:
        self.thread = thread
        self.counted = counted
        self.group = group
        self.outcome: WaitOutcome | None = None
        self._lock = threading.Lock()
        self._lock.acquire()

    def block(self, seconds: float = -1) -> bool:
        return self._lock.acquire(timeout=seconds)

    def release(self) -> None:
        self._lock.release()


class Waking(Protocol):
    """The clock, as its signals know it."""

    def wait(self, event: Signal, seconds: float | None = None) -> bool: ...

    def wake(self, event: Signal) -> None: ...


class Signal:
    """`threading.Event` for the clock's threads."""

    def __init__(self, clock: Waking) -> None:
        self._clock = clock
        self.flag = False
        self.waiters: list[Waiter] = []

    def is_set(self) -> bool:
        return self.flag

    def set(self) -> None:
        self._clock.wake(self)

    def clear(self) -> None:
        self.flag = False

    def wait(self, timeout: float | None = None) -> bool:
        return self._clock.wait(self, timeout)
