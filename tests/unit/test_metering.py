"""What the benchmarks count as billed: calls side by side wait side by side, and the service's work is not ours."""

from __future__ import annotations

import pytest
from benchmarks.metering import WHOLE_PROCESSOR_MB, Invocation, Meter, _Pool

from golden_ami import parallel
from golden_ami.parallel import side_by_side


@pytest.fixture(autouse=True)
def _counting_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "ThreadPoolExecutor", _Pool)


def ends_of(waits: list[float], workers: int) -> list[float]:
    """When each of the waits ends, and the invocation's last."""
    with Meter(None).running("tag-findings", 512) as one:  # type: ignore[arg-type]

        def wait(seconds: float) -> float:
            one.waited += seconds
            return one.waited

        wait(1)
        return [*side_by_side(wait, waits, workers), one.waited]


@pytest.mark.parametrize(
    ("waits", "workers", "ends"),
    [
        ([3, 2, 1], 3, [4, 3, 2, 4]),  # all at once: as long as the longest
        ([3, 2, 1], 1, [4, 6, 7, 7]),  # one after another
        ([3, 1, 1, 1], 2, [4, 2, 3, 4, 4]),  # each goes to the worker that is free first
        ([5], 8, [6, 6]),  # not worth a thread
        ([], 8, [1]),
    ],
)
def test_calls_side_by_side_wait_side_by_side(waits: list[float], workers: int, ends: list[float]) -> None:
    assert ends_of(waits, workers) == ends


def test_a_fault_is_raised_when_its_answer_is_asked_for() -> None:
    def fail(number: int) -> int:
        return 1 // number

    with pytest.raises(ZeroDivisionError):
        side_by_side(fail, [1, 0, 2])


def test_a_small_function_has_a_part_of_a_processor() -> None:
    one = Invocation("aggregate", WHOLE_PROCESSOR_MB // 2, waited=1, cpu=2)
    assert one.seconds() == pytest.approx(5, rel=0.01)
    assert one.seconds(4096) == 3  # a second processor does not help one thread
