"""Emulated time at a pace, as `local serve` lets it pass."""

from __future__ import annotations

import threading
import time

from patience import HANGS

from golden_ami_emulator.clock import Clock


def test_time_passes_at_the_set_speed_and_in_order() -> None:
    """An upper bound would depend on the machine; the lower one is what a pace promises."""
    seen: list[str] = []
    with Clock() as clock:
        clock.speed = 100
        clock.call_later(20, lambda: seen.append("second"))
        clock.call_later(10, lambda: seen.append("first"))
        opened, began = clock.now(), time.perf_counter()
        clock.sleep(30)
        real, emulated = time.perf_counter() - began, (clock.now() - opened).total_seconds()
    assert seen == ["first", "second"]
    assert real >= 0.29
    assert emulated >= 30


def test_without_a_speed_time_leaps() -> None:
    with Clock() as clock:
        began = time.perf_counter()
        clock.sleep(3600)
        assert time.perf_counter() - began < HANGS < 3600


def test_what_happens_meanwhile_is_not_delayed_to_the_next_timer() -> None:
    with Clock() as clock:
        clock.speed = 1000
        news = clock.event()
        clock.call_later(50, news.set)
        clock.call_later(100_000, lambda: None)
        assert clock.wait(news, 90_000)


def test_paced_time_stands_still_under_who_works() -> None:
    """However slow the machine: a function that takes a real moment must not run into its time-out."""
    passed: list[float] = []

    def work() -> None:
        with clock.working():
            began = time.time()
            threading.Event().wait(0.1)  # longer than a step of paced time
            passed.append(time.time() - began)

    with Clock() as clock:
        clock.speed = 100_000
        clock.call_later(1e9, lambda: None)
        with clock.idle():
            threads = [threading.Thread(target=work) for _ in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert max(passed) < HANGS
