"""The last runs of a configuration, as each of them was reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from golden_ami.evaluation.ami import by_severity
from golden_ami.models import Point, Run
from golden_ami.register.store import Index
from golden_ami.report.model import AmiReport
from golden_ami.report.totals import add_counts, totals_of

_POINTS = 12  # runs


class History(Index, Protocol):
    """The ledger's rows about lineages, AMIs and runs."""

    def trend(self, parameter: str, limit: int) -> list[Point]:
        """The last points of a parameter's configuration, oldest first; of a run that was reported twice, the later."""

    def note_trend(self, parameter: str, points: Iterable[Point]) -> None:
        """Note points."""


class Trend:
    """The completed runs before this one, of the same parameter. A point is never changed by a later run."""

    def __init__(self, run: Run, history: History) -> None:
        self._run, self._history = run, history
        noted = history.trend(run.parameter, _POINTS + 1)
        self._points = {point.run_id: point for point in noted if point.run_id != run.run_id}
        self._takes_over = not noted
        self._taken: set[str] = set()
        self._now: Point | None = None

    def take_over(self, lineages: Iterable[str]) -> None:
        """Count the assessments of lineages by a release that noted no points, once."""
        new = {*lineages} - self._taken if self._takes_over else set[str]()
        self._taken |= new
        for one in (one for lineage in new for one in self._history.assessments(lineage)):
            if one.run_id != self._run.run_id:
                point = self._points.setdefault(one.run_id, Point(run_id=one.run_id, completed_at=one.completed_at))
                point.amis += 1
                point.failed += one.verdict == "FAIL"
                add_counts(point.counts, one.counts)

    def points(self, completed_at: str, amis: Sequence[AmiReport]) -> list[Point]:
        """The last 12 runs, oldest first, with the present one at the end when it assessed an AMI."""
        earlier = sorted(self._points.values(), key=lambda point: (point.completed_at, point.run_id))[1 - _POINTS :]
        for point in earlier:
            point.counts = by_severity(point.counts)
        totals = totals_of([ami for ami in amis if ami.verdict != "NOT_ASSESSED"])
        if not totals.amis:
            return earlier
        self._now = Point(
            run_id=self._run.run_id,
            completed_at=completed_at,
            amis=totals.amis,
            failed=totals.failed,
            counts=totals.counts,
        )
        return [*earlier, self._now]

    def note(self) -> None:
        """Keep the present point for later runs, after `points`."""
        taken = [*self._points.values()] if self._takes_over else []
        self._history.note_trend(self._run.parameter, [*taken, *([self._now] if self._now else [])])
