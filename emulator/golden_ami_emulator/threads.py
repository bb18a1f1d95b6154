"""Threads that live in emulated time."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from golden_ami_emulator.waits import Signal, Unwind, Waking, emulated


class Accounting(Waking, Protocol):
    """The clock, as its threads know it."""

    def enlist(self, thread: ClockThread) -> None: ...

    def discharge(self, thread: ClockThread) -> None: ...

    def fail(self, fault: BaseException) -> None: ...


class ClockThread(threading.Thread):
    """A thread that is accounted for, and that inherits its creator's context."""

    def __init__(
        self,
        clock: Accounting,
        target: Callable[..., object],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        name: str | None = None,
        context: contextvars.Context | None = None,
        daemon: bool = True,
    ) -> None:
        super().__init__(name=name, daemon=daemon)
        self._clock = clock
        self._job = (target, args, dict(kwargs or {}))
        self._inherited = contextvars.copy_context() if context is None else context  # an empty one is false
        self._over = Signal(clock)

    def start(self) -> None:
        self._clock.enlist(self)
        try:
            super().start()
        except BaseException:
            if self.ident is None:  # else it was started before, and works
                self._clock.discharge(self)
            raise

    def run(self) -> None:
        try:
            self._inherited.run(self._work)
        except Unwind:
            pass
        except Exception as fault:  # noqa: BLE001 -- told to the operator
            self._clock.fail(fault)
        finally:
            self._over.set()
            self._clock.discharge(self)

    def _work(self) -> None:
        emulated.set(True)
        target, args, kwargs = self._job
        target(*args, **kwargs)

    def join(self, timeout: float | None = None) -> None:
        self._over.wait(timeout)

    def is_alive(self) -> bool:
        return self.ident is not None and not self._over.is_set()
