"""An emulated clock: the process's time jumps to the next due instant as soon as nobody works.

Every thread of the emulation is accounted for: it works, or it waits for an event or an instant of this clock. When
none works, the next timer fires, alone; the one after it only when the consequences have played out. So a wait of an
hour costs microseconds, a slow machine causes no time-out, and of an event and a deadline that it was to beat, the
event comes first. Time also ticks with the machine's own clock, so that instants differ.

The thread that opens the clock (the operator's) counts as working whenever it is not in `sleep`, `wait` or `idle`:
emulated time stands still for it. `time.sleep` is emulated too, for the clock's own threads only.
"""

from __future__ import annotations

import contextvars
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import time_machine

from golden_ami_emulator.threads import ClockThread
from golden_ami_emulator.waits import (
    ClockClosed,
    ClockStalled,
    Group,
    GroupCancelled,
    Overslept,
    ScheduledCall,
    Signal,
    Unwind,
    Waiter,
    WaitOutcome,
    current_group,
    emulated,
    sleep_limit,
)

_real_sleep = time.sleep
_STEP = 0.05  # real seconds, at most, in which paced time stands still
_PATIENCE = 600  # real seconds without any progress after which the operator's wait gives up


class Clock:
    """See the module. Use as a context manager; one at a time in a process."""

    def __init__(self, start: datetime | None = None, *, ticks: bool = True) -> None:
        """`start`: the emulated instant at which it opens; the present by default.

        Without `ticks` no time passes but what is waited for, however long the machine takes.
        """
        self._start = start
        self._ticks = ticks
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._numbers = itertools.count()
        self._timers: list[ScheduledCall] = []
        self._working: set[threading.Thread] = set()
        self._waiters: set[Waiter] = set()
        self._threads: set[ClockThread] = set()
        self._progress = 0
        self._open = False
        self._fault: BaseException | None = None
        self._operator: threading.Thread | None = None
        self._passing: tuple[float, float] | None = None  # when the step of paced time began, and its longest; real
        self.speed = 0.0  # emulated seconds in a real one; 0 leaps to what is due

    # ------------------------------------------------------------ life

    def __enter__(self) -> Clock:
        if time.sleep is not _real_sleep:
            raise RuntimeError("another emulated clock is open in this process; close it first")
        self._traveller = time_machine.travel(self._start or time.time(), tick=self._ticks)
        self._travel = self._traveller.start()
        self._open = True
        self._operator = threading.current_thread()
        self._working.add(self._operator)
        time.sleep = self._sleep_anywhere  # type: ignore[assignment]
        self._driver = threading.Thread(target=self._drive, name="clock", daemon=True)
        self._driver.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._open = False
            self._timers.clear()
            for waiter in list(self._waiters):
                self._wake(waiter, "closed")
            self._changed.notify_all()
            threads = list(self._threads)
        try:
            self._end([self._driver, *threads])
        finally:
            time.sleep = _real_sleep
            self._traveller.stop()
            self._working.clear()

    def _end(self, threads: Iterable[threading.Thread]) -> None:
        with self._lock:  # one that is only about to start cannot be joined
            self._changed.wait_for(lambda: not self._threads, timeout=_PATIENCE)
        for thread in threads:
            if thread.ident is not None:
                threading.Thread.join(thread, timeout=_PATIENCE)

    # ------------------------------------------------------------ time

    def now(self) -> datetime:
        """The emulated instant, aware, UTC."""
        return datetime.now(UTC)

    def call_later(
        self, seconds: float, action: Callable[[], None], *, name: str = "", deadline: bool = False
    ) -> ScheduledCall:
        """Call `action` on the clock's own thread when it is due; it must not wait. A fault in it is the operator's.

        Calls due at the same instant happen in the order in which they were made, deadlines after all others.
        """
        with self._lock:
            self._check_open()
            call = ScheduledCall(time.time() + max(0.0, seconds), deadline, next(self._numbers), action, name)
            heapq.heappush(self._timers, call)
            self._changed.notify_all()
            return call

    def sleep(self, seconds: float) -> None:
        """Let the emulated time pass. Raises Overslept at `sleep_limit`."""
        limit = sleep_limit.get()
        if limit is not None and time.time() + seconds > limit:
            self.wait(Signal(self), limit - time.time(), deadline=False)
            raise Overslept
        self.wait(Signal(self), seconds, deadline=False)

    def wait(self, event: Signal, seconds: float | None = None, *, deadline: bool = True) -> bool:
        """Wait for the event at most so many emulated seconds; whether it came. Of both at once, the event wins."""
        with self._lock:
            self._check_open()
            waiter = self._waiter()
            if waiter.thread is self._operator:
                self.check()
            if waiter.group is not None and waiter.group.cancelled:
                raise GroupCancelled
            if event.flag:
                return True
            if seconds is not None and seconds <= 0:
                return False
            event.waiters.append(waiter)
            self._waiters.add(waiter)
            timer = None
            if seconds is not None:
                name = f"{waiter.thread.name} waits"
                timer = self.call_later(seconds, lambda: self._wake(waiter, "time"), name=name, deadline=deadline)
            self._working.discard(waiter.thread)
            self._changed.notify_all()
        try:
            self._block(waiter)
        finally:
            with self._lock:
                if timer is not None:
                    timer.cancel()
                if waiter in event.waiters:
                    event.waiters.remove(waiter)
        return self._judge(waiter)

    def _block(self, waiter: Waiter) -> None:
        if waiter.thread is not self._operator:
            waiter.block()
            return
        progress = -1
        while not waiter.block(_PATIENCE):
            with self._lock:
                if progress == self._progress:
                    self._wake(waiter, "failed")
                    self._fault = ClockStalled(f"no progress for {_PATIENCE} s of real time; {self._account()}")
                progress = self._progress

    def _judge(self, waiter: Waiter) -> bool:
        if waiter.outcome == "closed":
            raise ClockClosed
        if waiter.outcome == "cancelled":
            raise GroupCancelled
        if waiter.outcome == "failed":
            with self._lock:
                fault, self._fault = self._fault, None
            raise fault or ClockStalled(self._account())
        return waiter.outcome == "event"

    # ------------------------------------------------------------ threads

    def event(self) -> Signal:
        """A new event that threads of this clock can wait for."""
        return Signal(self)

    def spawn(self, target: Callable[..., object], *args: Any, name: str = "") -> ClockThread:
        """Run `target` in an accounted thread of its own, in a fresh context. A fault in it is the operator's."""
        thread = ClockThread(self, target, args, name=name or None, context=contextvars.Context())
        thread.start()
        return thread

    @contextmanager
    def idle(self) -> Iterator[None]:
        """The calling thread waits for something that is not of this clock: time may pass meanwhile."""
        thread = threading.current_thread()
        with self._lock:
            counted = thread in self._working
            self._working.discard(thread)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._lock:
                if counted:
                    self._begin_work(thread)

    @contextmanager
    def working(self) -> Iterator[None]:
        """The calling thread, though not of this clock, works: time stands still meanwhile."""
        thread = threading.current_thread()
        with self._lock:
            counted = thread in self._working
            self._begin_work(thread)
        try:
            yield
        finally:
            with self._lock:
                if not counted:
                    self._working.discard(thread)
                self._changed.notify_all()

    @contextmanager
    def group(self, group: Group) -> Iterator[None]:
        """Threads that are started within belong to the group."""
        token = current_group.set(group)
        try:
            yield
        finally:
            current_group.reset(token)

    @contextmanager
    def no_group(self) -> Iterator[None]:
        """What is done within is not cancelled with the group of the calling thread."""
        token = current_group.set(None)
        try:
            yield
        finally:
            current_group.reset(token)

    def cancel(self, group: Group) -> None:
        """End the waits, present and to come, of the group's threads by Cancelled."""
        with self._lock:
            group.cancelled = True
            for waiter in list(self._waiters):
                if waiter.group is group:
                    self._wake(waiter, "cancelled")

    # ------------------------------------------------------------ inside

    def _waiter(self) -> Waiter:
        thread = threading.current_thread()
        if thread is self._driver:
            raise RuntimeError("a timer's action must not wait; start a thread with spawn")
        return Waiter(thread, thread in self._working, current_group.get())

    def _wake(self, waiter: Waiter, outcome: WaitOutcome) -> None:
        with self._lock:
            if waiter.outcome is not None:
                return
            waiter.outcome = outcome
            self._waiters.discard(waiter)
            if waiter.counted:
                self._begin_work(waiter.thread)
            self._progress += 1
            waiter.release()

    def wake(self, event: Signal) -> None:
        """Set an event: who waits for it works on."""
        with self._lock:
            event.flag = True
            for waiter in list(event.waiters):
                self._wake(waiter, "event")
            event.waiters.clear()

    def enlist(self, thread: ClockThread) -> None:
        """Account for a thread that is about to start. Raises ClockClosed."""
        with self._lock:
            self._check_open()
            self._threads.add(thread)
            self._begin_work(thread)

    def discharge(self, thread: ClockThread) -> None:
        """Account for a thread no longer: it is over."""
        with self._lock:
            self._threads.discard(thread)
            self._working.discard(thread)
            self._progress += 1
            self._changed.notify_all()

    def _check_open(self) -> None:
        if not self._open:
            raise ClockClosed

    def _sleep_anywhere(self, seconds: float) -> None:
        if threading.current_thread() in self._working:
            self.sleep(seconds)
        elif emulated.get():  # a helper thread, for which a working thread waits: time passes at once
            self._travel.shift(seconds)
        else:
            _real_sleep(seconds)

    def _drive(self) -> None:
        emulated.set(True)
        while True:
            with self._lock:
                action = self._next_action()
                if action is None:
                    return
            try:
                action()
            except Unwind:
                pass
            except BaseException as fault:  # noqa: BLE001 -- told to the operator
                self.fail(fault)

    def _next_action(self) -> Callable[[], None] | None:
        while self._open:
            while self._timers and self._timers[0].action is None:
                heapq.heappop(self._timers)
            if self._working:
                self._changed.wait()
            elif not self._timers:
                self._stall()
                self._changed.wait()
            elif self.speed and self._timers[0].due > time.time():
                self._pass(self._timers[0].due - time.time())
            else:
                call = heapq.heappop(self._timers)
                self._travel.shift(max(0.0, call.due - time.time()))
                self._progress += 1
                return call.action
        return None

    def _pass(self, seconds: float) -> None:
        """Let emulated time pass at the set speed, in short steps, so that whoever looks sees it pass."""
        self._passing = (time.perf_counter(), min(_STEP, seconds / self.speed))
        self._changed.wait(self._passing[1])
        self._settle()

    def _begin_work(self, thread: threading.Thread) -> None:
        self._settle()
        self._working.add(thread)

    def _settle(self) -> None:
        """Have the time of this step passed: from here on somebody works, or the step is over.

        What a slow machine takes beyond the step is not counted, or a function would run into its time-out.
        """
        if self._passing:
            began, longest = self._passing
            self._passing = None
            self._travel.shift(min(time.perf_counter() - began, longest) * (self.speed - 1))

    def _stall(self) -> None:
        for waiter in list(self._waiters):
            if waiter.thread is self._operator:
                self._fault = self._fault or ClockStalled(f"nothing is due and nobody works; {self._account()}")
                self._wake(waiter, "failed")

    def fail(self, fault: BaseException) -> None:
        """Hand a fault in the emulation itself to the operator."""
        with self._lock:
            if not self._open:
                return
            self._fault = self._fault or fault
            for waiter in list(self._waiters):
                if waiter.thread is self._operator:
                    self._wake(waiter, "failed")

    def check(self) -> None:
        """Raise the fault of a timer's action or of a spawned thread that nobody has been told of."""
        with self._lock:
            fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def _account(self) -> str:
        working = ", ".join(sorted(thread.name for thread in self._working)) or "none"
        waiting = ", ".join(sorted(waiter.thread.name for waiter in self._waiters)) or "none"
        due = ", ".join(call.name or "unnamed" for call in sorted(self._timers)[:5]) or "none"
        return f"working: {working}; waiting: {waiting}; due next: {due}"
