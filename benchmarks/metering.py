"""What AWS would bill for a function: the time of its calls and its own work, the service's work apart."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from golden_ami import parallel
from golden_ami_emulator.calls import Call
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.patching import Patches

WHOLE_PROCESSOR_MB = 1769  # AWS Lambda Developer Guide, "Configure Lambda function memory": one vCPU
_real_sleep = time.sleep  # the embedded AWS emulates the other


@dataclass
class Invocation:
    """One invocation of a function, without a cold start. Seconds."""

    function: str
    memory_mb: int
    waited: float = 0.0  # in calls and sleeps; calls that go side by side wait side by side
    cpu: float = 0.0  # its own work and the SDK's, on a whole processor, one thread after another

    def seconds(self, memory_mb: int | None = None) -> float:
        """What is billed, at the function's own memory or another: Lambda's processor is as large as the memory."""
        return self.waited + self.cpu / min(1.0, (memory_mb or self.memory_mb) / WHOLE_PROCESSOR_MB)


@dataclass
class Meter:
    """What happened in an account."""

    aws: Embedded
    invocations: list[Invocation] = field(default_factory=list)

    def billed_seconds(self, memory_mb: int | None = None) -> float:
        """Of all invocations, each at its own memory or all at another."""
        return sum(one.seconds(memory_mb) for one in self.invocations)

    @property
    def gb_seconds(self) -> float:
        """As Lambda bills them."""
        return sum(one.seconds() * one.memory_mb / 1024 for one in self.invocations)

    def calls(self, function: str = "") -> list[Call]:
        """Calls of a function, as its folder is named; of all functions for ""."""
        made = [call for call in self.aws.calls.made if call.function]
        return [call for call in made if not function or self.aws.function_of(call.function) == function]

    @contextmanager
    def running(self, function: str, memory_mb: int) -> Iterator[Invocation]:
        """The calling thread runs an invocation."""
        one = Invocation(function, memory_mb)
        outer, _current.one = _current_one(), one
        began = time.thread_time()
        try:
            yield one
        finally:
            one.cpu += time.thread_time() - began
            _current.one = outer
            self.invocations.append(one)


_current = threading.local()  # .one: the invocation that the thread runs


def _current_one() -> Invocation | None:
    return getattr(_current, "one", None)


@dataclass
class _Done:
    """A future that is done."""

    answer: Any = None
    error: Exception | None = None
    at: float = 0.0  # what its worker had waited then

    def result(self) -> Any:
        """The answer, for which the invocation has waited as long as the worker has."""
        if (one := _current_one()) is not None:
            one.waited = max(one.waited, self.at)
        if self.error:
            raise self.error
        return self.answer


class _Pool:
    """What `side_by_side` uses of ThreadPoolExecutor, run in the calling thread.

    A task goes to the worker that is free first and waits from then on, so that tasks wait side by side.
    """

    def __init__(self, workers: int, thread_name_prefix: str = "") -> None:  # noqa: ARG002 - it has no threads
        one = _current_one()
        self._free = [one.waited if one else 0.0] * workers

    def submit(self, function: Callable[..., Any], *arguments: Any) -> _Done:
        """Run the task."""
        one, done = _current_one() or Invocation("", WHOLE_PROCESSOR_MB), _Done()
        now, one.waited = one.waited, heapq.heappop(self._free)
        try:
            done.answer = function(*arguments)
        except Exception as error:  # noqa: BLE001 -- raised by result
            done.error = error
        heapq.heappush(self._free, one.waited)
        done.at, one.waited = one.waited, now
        return done

    def shutdown(self, **_: Any) -> None:
        """Nothing is left to run."""


@contextmanager
def metered(aws: Embedded, latency: float = 0, meter: Meter | None = None) -> Iterator[Meter]:
    """Measure an open account, with so many seconds for each API call. Nobody really waits."""
    from moto.core.botocore_stubber import BotocoreStubber

    meter = meter or Meter(aws)
    run, serve, sleep = aws.functions.run, BotocoreStubber.process_request, aws.clock.sleep

    def measured(function: Any, event: str, request: str = "") -> Any:
        with meter.running(str(function.function_name), int(function.memory_size)):
            return run(function, event, request)

    def served(stubber: Any, request: Any) -> Any:
        one, began = _current_one(), time.thread_time()
        try:
            return serve(stubber, request)
        finally:
            if one is not None:
                one.cpu -= time.thread_time() - began

    def slept(seconds: float) -> None:
        if (one := _current_one()) is not None:
            one.waited += seconds
        sleep(seconds)

    def waited(_: Call) -> None:
        if (one := _current_one()) is not None:
            one.waited += latency

    with Patches() as patches:
        patches.set(aws.functions, "run", measured)
        patches.set(BotocoreStubber, "process_request", served)
        patches.set(aws.clock, "sleep", slept)
        patches.set(parallel, "ThreadPoolExecutor", _Pool)
        patches.set(aws.calls, "before_call", waited)
        yield meter


@contextmanager
def delayed(aws: Embedded, latency: float) -> Iterator[None]:
    """Each API call takes so many real seconds longer, side by side where calls are."""

    def delay(_: Call) -> None:
        _real_sleep(latency)

    with Patches() as patches:
        patches.set(aws.calls, "before_call", delay if latency else None)
        yield
