"""The emulated clock: jumps, order, events before deadlines, cancellation, faults."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from patience import HANGS

from golden_ami_emulator.clock import Clock
from golden_ami_emulator.threads import ClockThread
from golden_ami_emulator.waits import ClockStalled, Group, GroupCancelled, Overslept, sleep_limit

REAL = time.perf_counter  # not emulated


@pytest.fixture
def clock() -> Iterator[Clock]:
    with Clock(ticks=False) as clock:
        yield clock


def test_an_hour_costs_next_to_nothing(clock: Clock) -> None:
    began, started = clock.now(), REAL()
    clock.sleep(3600)
    assert (clock.now() - began).total_seconds() == pytest.approx(3600, abs=1)
    assert REAL() - started < HANGS < 3600


def test_time_sleep_is_emulated_in_the_clocks_threads_and_restored() -> None:
    real = time.sleep
    with Clock(ticks=False) as clock:
        before = time.time()
        time.sleep(600)
        clock.spawn(time.sleep, 300).join()
        assert time.time() - before == pytest.approx(900, abs=1)
    assert time.sleep is real
    assert abs(time.time() - datetime.now(UTC).timestamp()) < HANGS


def test_a_spawned_thread_has_a_fresh_context_and_others_inherit_theirs(clock: Clock) -> None:
    variable = contextvars.ContextVar("variable", default="fresh")
    variable.set("its creator's")
    seen: list[str] = []
    clock.spawn(lambda: seen.append(variable.get())).join()
    thread = ClockThread(clock, lambda: seen.append(variable.get()))
    thread.start()
    thread.join()
    assert seen == ["fresh", "its creator's"]


def test_it_starts_at_the_given_instant() -> None:
    with Clock(datetime(2027, 1, 2, tzinfo=UTC)) as clock:
        assert clock.now().date().isoformat() == "2027-01-02"
    assert datetime.now(UTC).date().isoformat() != "2027-01-02"


def test_calls_happen_in_the_order_of_their_instants_and_then_of_making(clock: Clock) -> None:
    seen: list[str] = []
    clock.call_later(20, lambda: seen.append("c"))
    clock.call_later(10, lambda: seen.append("a"))
    clock.call_later(10, lambda: seen.append("b"))
    cancelled = clock.call_later(15, lambda: seen.append("never"))
    cancelled.cancel()
    clock.sleep(30)
    assert seen == ["a", "b", "c"]


def test_consequences_play_out_before_the_next_call(clock: Clock) -> None:
    seen: list[str] = []

    def slow() -> None:
        for _ in range(3):
            threading.Event().wait(0.01)  # real work
        seen.append("consequence")

    def start() -> None:
        clock.spawn(slow)

    clock.call_later(1, start)
    clock.call_later(1, lambda: seen.append("next"))
    clock.sleep(2)
    assert seen == ["consequence", "next"]


def test_an_event_beats_its_deadline(clock: Clock) -> None:
    event = clock.event()
    clock.call_later(60, event.set)
    assert clock.wait(event, 60) is True
    assert clock.wait(clock.event(), 60) is False


def test_work_that_is_slow_in_real_time_never_times_out(clock: Clock) -> None:
    event = clock.event()

    def work() -> None:
        threading.Event().wait(0.1)
        event.set()

    clock.spawn(work)
    assert clock.wait(event, 0.001) is True


def test_a_timer_does_not_fire_while_the_operator_works(clock: Clock) -> None:
    seen = threading.Event()
    clock.call_later(0, seen.set)
    assert not seen.wait(0.02)
    with clock.idle():
        assert seen.wait(HANGS)


def test_a_foreign_thread_can_hold_the_time(clock: Clock) -> None:
    seen: list[int] = []
    holding, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with clock.working():
            holding.set()
            let_go.wait()
            seen.append(1)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait()
    clock.call_later(5, lambda: seen.append(2))
    threading.Timer(0.02, let_go.set).start()
    clock.sleep(6)
    thread.join()
    assert seen == [1, 2]


def test_a_fault_in_a_call_reaches_the_operator_once(clock: Clock) -> None:
    clock.call_later(1, lambda: [][0])
    with pytest.raises(IndexError):
        clock.sleep(5)
    clock.sleep(5)


def test_a_fault_in_a_thread_reaches_the_operator(clock: Clock) -> None:
    thread = clock.spawn(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        clock.wait(clock.event(), 5)
    assert not thread.is_alive()


def test_waiting_for_nothing_is_an_error_and_not_a_hang(clock: Clock) -> None:
    with pytest.raises(ClockStalled, match="nothing is due"):
        clock.wait(clock.event())


def test_a_group_is_cancelled_together(clock: Clock) -> None:
    seen: list[str] = []
    group = Group()

    def member() -> None:
        try:
            clock.sleep(100)
        except GroupCancelled:
            seen.append("cancelled")
            raise

    def start() -> None:
        with clock.group(group):
            ClockThread(clock, member).start()

    start()

    def other() -> None:
        clock.sleep(50)
        seen.append("other")

    clock.spawn(other)
    clock.sleep(10)
    clock.cancel(group)
    clock.sleep(100)
    assert seen == ["cancelled", "other"]


def test_a_sleep_ends_at_its_limit(clock: Clock) -> None:
    before = time.time()

    def limited() -> None:
        sleep_limit.set(time.time() + 10)
        with pytest.raises(Overslept):
            time.sleep(60)

    clock.spawn(limited).join()
    assert time.time() - before == pytest.approx(10, abs=1)


def test_a_helper_thread_sleeps_in_emulated_time(clock: Clock) -> None:
    before, started = time.time(), REAL()

    def work() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(contextvars.copy_context().run, time.sleep, 300).result()

    clock.spawn(work).join()
    assert time.time() - before == pytest.approx(300, abs=1)
    assert REAL() - started < HANGS


def test_closing_ends_waiting_threads() -> None:
    with Clock() as clock:
        thread = clock.spawn(clock.wait, clock.event())
        clock.sleep(1)
    threading.Thread.join(thread, HANGS)
    assert not threading.Thread.is_alive(thread)


def test_closing_waits_for_threads_that_are_about_to_start() -> None:
    real = time.sleep
    ran: list[int] = []
    enlisted = threading.Semaphore(0)

    def start_late(clock: Clock, number: int) -> None:
        thread = ClockThread(clock, ran.append, (number,))
        clock.enlist(thread)
        enlisted.release()
        try:
            clock.wait(clock.event())
        finally:
            threading.Thread.start(thread)

    with Clock() as clock:
        for number in range(20):
            clock.spawn(start_late, clock, number)
        assert all(enlisted.acquire(timeout=HANGS) for _ in range(20))
    assert sorted(ran) == list(range(20))
    assert time.sleep is real


def test_a_thread_that_cannot_start_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    real = time.sleep
    with Clock() as clock, monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            clock.spawn(time.sleep, 1)
    assert time.sleep is real


def test_a_thread_that_is_started_twice_stays_accounted_for(clock: Clock) -> None:
    thread = clock.spawn(clock.wait, clock.event())
    with pytest.raises(RuntimeError, match="started once"):
        thread.start()
    assert thread in clock._threads


def test_two_open_clocks_are_refused(clock: Clock) -> None:
    with pytest.raises(RuntimeError, match="another emulated clock"), Clock():
        pass


def test_many_threads_that_sleep_wake_in_order(clock: Clock) -> None:
    woken: list[int] = []

    def sleeper(number: int) -> None:
        clock.sleep(100 - number)
        woken.append(number)

    threads = [clock.spawn(sleeper, number) for number in range(40)]
    for thread in threads:
        thread.join()
    assert woken == list(range(39, -1, -1))
