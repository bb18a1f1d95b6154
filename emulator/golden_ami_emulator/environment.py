"""Each function's own environment variables and output, seen by its threads only."""

from __future__ import annotations

import contextvars
import logging
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from golden_ami_emulator.patching import Patches
from golden_ami_emulator.threads import ClockThread


@dataclass
class Sandbox:
    """Where a function's code runs: its name, its environment (as bytes, as `os.environ` keeps it), its log."""

    function: str
    environment: dict[bytes, bytes]
    log: list[str] = field(default_factory=list)


_sandbox: ContextVar[Sandbox | None] = ContextVar("_sandbox", default=None)


def current_function() -> str:
    """Name of the function whose code is running, or ""."""
    sandbox = _sandbox.get()
    return sandbox.function if sandbox else ""


@contextmanager
def inside(sandbox: Sandbox) -> Iterator[None]:
    """The calling thread, and threads that it starts, run in the sandbox."""
    if not isinstance(sys.stdout, _Stdout):  # covered here, for others (pytest) replace it as well
        sys.stdout = _Stdout(sys.stdout)
    token = _sandbox.set(sandbox)
    try:
        yield
    finally:
        _sandbox.reset(token)


class _Overlay(dict[bytes, bytes]):
    """The data behind `os.environ`: the sandbox's where there is one, else the process's."""

    def __init__(self, process: dict[bytes, bytes]) -> None:
        super().__init__()
        self._process = process

    def _data(self) -> dict[bytes, bytes]:
        sandbox = _sandbox.get()
        return sandbox.environment if sandbox else self._process

    def __getitem__(self, key: bytes) -> bytes:
        return self._data()[key]

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._data()[key] = value

    def __delitem__(self, key: bytes) -> None:
        del self._data()[key]

    def __iter__(self) -> Iterator[bytes]:
        return iter(list(self._data()))

    def __len__(self) -> int:
        return len(self._data())

    def __contains__(self, key: object) -> bool:
        return key in self._data()


class _Stdout:
    """Standard output, of which a sandbox's part goes to its log."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self._begun = threading.local()  # the line that a thread has begun

    def write(self, text: str) -> int:
        sandbox = _sandbox.get()
        if sandbox is None:
            return int(self.real.write(text))
        *lines, rest = (getattr(self._begun, "line", "") + text).split("\n")
        sandbox.log.extend(lines)
        self._begun.line = rest
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def _uncover_stdout() -> None:
    if isinstance(sys.stdout, _Stdout):
        sys.stdout = sys.stdout.real


class Sandboxes(Patches):
    """Makes `inside` effective while open: os.environ, print, logging, and threads that a handler starts."""

    def __enter__(self) -> Sandboxes:
        super().__enter__()
        environ: Any = os.environ
        self.set(environ, "_data", _Overlay(environ._data))
        self.callback(_uncover_stdout)
        self._patch_logging()
        self._patch_threads()
        return self

    def _patch_logging(self) -> None:
        emit = logging.StreamHandler.emit

        def logged(handler: logging.StreamHandler[Any], record: logging.LogRecord) -> None:
            sandbox = _sandbox.get()
            if sandbox is None:
                emit(handler, record)
            else:
                sandbox.log.append(handler.format(record))

        self.set(logging.StreamHandler, "emit", logged)

    def _patch_threads(self) -> None:
        submit, start = ThreadPoolExecutor.submit, threading.Thread.start

        def submit_inside(pool: ThreadPoolExecutor, task: Any, /, *args: Any, **kwargs: Any) -> Any:
            if _sandbox.get() is None:
                return submit(pool, task, *args, **kwargs)
            return submit(pool, contextvars.copy_context().run, task, *args, **kwargs)

        def start_inside(thread: threading.Thread) -> None:
            if _sandbox.get() is not None and not isinstance(thread, ClockThread):
                context, run = contextvars.copy_context(), thread.run
                thread.run = lambda: context.run(run)  # type: ignore[method-assign]
            start(thread)

        self.set(ThreadPoolExecutor, "submit", submit_inside)
        self.set(threading.Thread, "start", start_inside)
