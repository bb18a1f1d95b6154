"""The time line: one row a state, one row an iteration, one bar a visit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from golden_ami_cli.history.model import STATUSES, ExecutionHistory, StateStatus, Visit, worst
from golden_ami_cli.history.phases import CALLBACKS, OURS, WAITS, human

ITERATIONS = 60  # rows of iterations that one Map shows
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)  # seconds


@dataclass(frozen=True, slots=True)
class Bar:
    """One visit, or several too close to be told apart; left and width in percent of the run."""

    left: float
    width: float
    status: StateStatus
    title: str
    visit: int


@dataclass(frozen=True, slots=True)
class GanttRow:
    """The visits of one state, or of one iteration."""

    label: str
    state: str  # its path joined by " / "; "" for an iteration
    item: str
    phase: str
    status: StateStatus
    total: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    left: float
    label: str


def rows(history: ExecutionHistory) -> list[GanttRow]:
    """The rows, states in the order in which they were first entered."""
    scale = _Scale(history.started, history.duration)
    by_name: dict[str, list[Visit]] = {}
    for visit in history.root.visits:
        by_name.setdefault(visit.name, []).append(visit)
    return [row for visits in by_name.values() for row in _state(visits, scale)]


def ticks(history: ExecutionHistory) -> list[Tick]:
    """The marks of the axis: at most eight, at round times since the start."""
    seconds = history.duration.total_seconds()
    step = next((step for step in _STEPS if seconds / step <= 8), None)
    if not seconds or step is None:
        return [Tick(0, "0")]
    at = [number * step for number in range(int(seconds // step) + 1)]
    return [Tick(100 * second / seconds, "0" if not second else _clock(second)) for second in at]


@dataclass(frozen=True)
class _Scale:
    start: datetime
    length: timedelta

    def bars(self, visits: Iterable[Visit]) -> tuple[Bar, ...]:
        return tuple(_merged(self._bar(visit) for visit in visits))

    def _bar(self, visit: Visit) -> Bar:
        total = self.length or timedelta(milliseconds=1)
        left = 100 * max(timedelta(), visit.entered - self.start) / total
        width = 100 * visit.duration / total
        title = f"{visit.name}: {human(visit.duration)}, {visit.status.replace('-', ' ')}"
        return Bar(
            round(min(left, 100), 3), round(min(width, 100 - min(left, 100)), 3), visit.status, title, visit.event
        )


def _merged(bars: Iterable[Bar]) -> Iterator[Bar]:
    """Bars without those that would be drawn in the same place as the one before."""
    last: Bar | None = None
    for bar in bars:
        if last and bar.left - last.left < 0.05 and bar.width < 0.05:
            if STATUSES.index(bar.status) < STATUSES.index(last.status):
                last = bar
            continue
        if last:
            yield last
        last = bar
    if last:
        yield last


def _state(visits: list[Visit], scale: _Scale) -> Iterator[GanttRow]:
    first = visits[0]
    total = human(sum((visit.duration for visit in visits), timedelta()))
    status = worst(visit.status for visit in visits)
    phase = WAITS.get(first.name) or CALLBACKS.get(first.name) or OURS
    yield GanttRow(first.name, first.name, "", phase, status, total, scale.bars(visits))
    frames = [frame for visit in visits for frame in visit.frames]
    for frame in frames[:ITERATIONS]:
        length = (frame.ended or frame.started or first.entered) - (frame.started or first.entered)
        yield GanttRow(frame.label, "", frame.label, phase, frame.status, human(length), scale.bars(frame.visits))
    if len(frames) > ITERATIONS:
        yield GanttRow(f"… and {len(frames) - ITERATIONS} more", "", "", phase, worst(f.status for f in frames), "", ())


def _clock(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if rest:
        return f"{minutes}:{rest:02d} min" if minutes else f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours}:{minutes:02d} h" if minutes else f"{hours} h"
