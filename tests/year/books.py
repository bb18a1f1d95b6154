"""The books: what each week's report must say, computed from the year's truth alone. Nothing of the product is read.

The rules are those of docs/report.md. Where they leave more than one answer open, the books allow each: what an earlier
scan could not have seen is not new, and whether it counts as open is not asked; what was not reported for a while and
returns may be either.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import NamedTuple

from tests.year.truth import Accepted, Build, Exposure, Level, Line, Year, can_see, day, visible

OPEN, NEW, EITHER, UNSEEN = frozenset({"OPEN"}), frozenset({"NEW"}), frozenset({"OPEN", "NEW"}), frozenset({"OPEN", ""})
_SOON = timedelta(days=14)  # before its last day, an exception is EXPIRING


class Bounds(NamedTuple):
    """The least and the most."""

    least: int
    most: int


@dataclass(frozen=True)
class Compared:
    """What changed since an assessment of the same AMI or of the one before it."""

    ami_id: str
    week: int
    new: Bounds
    open: Bounds
    fixed: Bounds
    optional: bool = False  # that assessment may be out of reach, as the lineage's name has changed since


@dataclass(frozen=True)
class Page:
    """What a report must say of one AMI."""

    ami_id: str
    verdicts: frozenset[str]
    engine: str
    name: str
    owner: str
    lineage: str
    listed: bool = True  # False: it could not be assessed
    complete: bool = True  # False: one finding is missing, and nobody knows which
    counts: Mapping[str, int] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()  # keys
    since: Mapping[str, str] = field(default_factory=dict)  # ISO date by key
    change: Mapping[str, frozenset[str]] = field(default_factory=dict)  # what may be said, by key
    last_run: Compared | None = None
    previous: Compared | None = None


@dataclass(frozen=True)
class ExpectedException:
    """What a report must say of an exception."""

    status: str
    matches: Bounds
    hidden: bool  # it matches nothing, and an AMI in its scope could not be assessed


@dataclass(frozen=True)
class Week:
    """What a report must say."""

    week: int
    verdicts: frozenset[str]
    pages: Mapping[str, Page]  # by AMI id
    exceptions: list[ExpectedException]

    @property
    def assessed(self) -> list[Page]:
        """The AMIs that have a verdict of their own, if every scan was whole."""
        return [page for page in self.pages.values() if page.listed]

    @property
    def whole(self) -> bool:
        """Whether every scan was."""
        return all(page.complete for page in self.assessed)


class _Assessment(NamedTuple):
    """The last complete assessment of an AMI."""

    week: int
    engine: str
    level: Level
    seen: frozenset[Exposure]
    vague: bool  # its rows name no ecosystem: one finding in two places looks like two of two ecosystems


class Books:
    """Call `week` for each week in turn."""

    def __init__(self, year: Year) -> None:
        self._year = year
        self._register: dict[str, dict[Exposure, date]] = {line.name: {} for line in year.lines}
        self._last: dict[str, _Assessment] = {}
        self._first: dict[str, tuple[int, list[tuple[int, str]]]] = {}
        self._ever: dict[str, set[Exposure]] = {}  # what was seen on an AMI

    def week(self, week: int) -> Week:
        """What the report of a week must say, and what is remembered of the week."""
        pages: dict[str, Page] = {}
        for line, build in sorted(self._year.assessed(week), key=lambda pair: (pair[0].name, _order(pair[1].name))):
            pages[build.ami_id] = self._page(line, build, week)
        exceptions = [self._exception(one, week) for one in self._year.accepted]
        return Week(week, _of_run(list(pages.values())), pages, exceptions)

    # ------------------------------------------------------------ an AMI

    def _page(self, line: Line, build: Build, week: int) -> Page:
        if _gone(build, week):
            return _described(line, build, week)
        complete = not self._year.of(week, build).listing_lags
        seen = visible(self._year, line, build, week)
        vague = self._year.of(week, build).events_lost
        now = _Assessment(week, line.engine(week), self._year.levels[week], seen, vague)
        since = self._observed(line, seen, week)
        self._first.setdefault(build.ami_id, (week, _order(build.name)))
        last_run = self._since(self._last.get(build.ami_id), build.ami_id, now, complete=complete)
        previous = self._previous(line, build, now, complete=complete)
        failing = {each for each in seen if self._fails(line, build, each, since[each], week)}
        page = replace(
            _described(line, build, week),
            listed=True,
            complete=complete,
            counts=Counter(each.severity for each in seen),
            failing=frozenset(each.key for each in failing),
            since={each.key: since[each].isoformat() for each in seen},
            change=self._changes(last_run or previous, now),
            last_run=last_run,
            previous=previous,
        )
        if complete:
            self._last[build.ami_id] = now
        self._ever.setdefault(build.ami_id, set()).update(seen)
        return _with_verdicts(page)

    def _observed(self, line: Line, seen: frozenset[Exposure], week: int) -> dict[Exposure, date]:
        """Since when each is known in the lineage."""
        register, today = self._register[line.name], day(week)
        for each in seen:
            told = each.dated[1] if each.dated and each.dated[0] == week else today
            register[each] = min(register.get(each, today), told)
        return {each: register[each] for each in seen}

    # ------------------------------------------------------------ what changed

    def _previous(self, line: Line, build: Build, now: _Assessment, *, complete: bool) -> Compared | None:
        """The comparison with the AMI before it: AMIs follow each other by first assessment, then by name."""
        mine = self._first[build.ami_id]
        older = [
            (self._first[other.ami_id], other.ami_id)
            for other in line.builds
            if other.ami_id in self._last and self._first[other.ami_id] < mine
        ]
        if not older:
            return None
        _, before = max(older)
        last = self._last[before]
        out_of_reach = line.renamed is not None and last.week < line.renamed[0] <= now.week
        return self._since(last, before, now, complete=complete, optional=out_of_reach)

    def _since(
        self, then: _Assessment | None, ami_id: str, now: _Assessment, *, complete: bool, optional: bool = False
    ) -> Compared | None:
        if then is None:
            return None
        changes = [self._change(each, then, ami_id) for each in now.seen]
        fixed = [each for each in then.seen - now.seen if complete and can_see(now.engine, now.level, each)]
        if now.engine != then.engine:
            fixed = [each for each in fixed if each.kind == "package"]
        slack = (0 if complete else 1) + (_alike(now.seen | then.seen) if now.vague or then.vague else 0)
        return Compared(
            ami_id,
            then.week,
            new=_bounds(changes, "NEW", slack),
            open=_bounds(changes, "OPEN", slack),
            fixed=Bounds(max(0, len(fixed) - slack), len(fixed)),
            optional=optional,
        )

    def _change(self, exposure: Exposure, then: _Assessment, ami_id: str) -> frozenset[str]:
        """What may be said of an exposure against an assessment of an AMI."""
        if exposure in then.seen:
            return OPEN
        if not can_see(then.engine, then.level, exposure):
            return UNSEEN
        return EITHER if exposure in self._ever.get(ami_id, ()) else NEW

    def _changes(self, first: Compared | None, now: _Assessment) -> dict[str, frozenset[str]]:
        if first is None:
            return {each.key: frozenset({""}) for each in now.seen}
        then = self._last[first.ami_id]
        found = {each.key: self._change(each, then, first.ami_id) for each in now.seen}
        return {key: said | {""} for key, said in found.items()} if first.optional else found

    # ------------------------------------------------------------ what fails

    def _fails(self, line: Line, build: Build, exposure: Exposure, since: date, week: int) -> bool:
        rules, today = line.policy["failOn"], day(week)
        if not (exposure.exploited or exposure.severity in rules["severities"]):
            return False
        if any(today <= one.expires and one.covers(line, build, exposure) for one in self._year.accepted):
            return False
        if exposure.exploited:
            return True
        if line.policy.get("onlyFixable") and exposure.kind == "package" and exposure.fix == "NO":
            return False
        return today >= since + timedelta(days=line.policy.get("graceDays", 0))

    def _exception(self, accepted: Accepted, week: int) -> ExpectedException:
        """Findings that it covers, of AMIs that could be looked at; at its end they are counted again."""
        today, matches, missing, lagging = day(week), 0, False, 0
        for line, build in self._year.assessed(week):
            if _gone(build, week):
                missing |= accepted.within(line, build)
                continue
            covered = sum(accepted.covers(line, build, each) for each in visible(self._year, line, build, week))
            matches += covered
            lagging += bool(covered) and self._year.of(week, build).listing_lags
        if today > accepted.expires:
            status = "EXPIRED"
        elif not matches:
            status = "UNUSED"
        else:
            status = "EXPIRING" if accepted.expires <= today + _SOON else "ACTIVE"
        return ExpectedException(status, Bounds(matches - lagging, matches), hidden=missing and not matches)


def _described(line: Line, build: Build, week: int) -> Page:
    """An AMI as it was when it was last seen; NOT ASSESSED."""
    seen = min(week, build.gone_from - 1) if build.gone_from is not None else week
    engine = line.engine(week) if not _gone(build, week) else ""
    return Page(
        build.ami_id, frozenset({"NOT_ASSESSED"}), engine, build.name, line.owner, line.called(seen), listed=False
    )


def _with_verdicts(page: Page) -> Page:
    said = {"FAIL"} if page.failing else {"PASS"} if page.complete else {"NOT_ASSESSED"}
    if not page.complete:
        said.add("NOT_ASSESSED")
    return replace(page, verdicts=frozenset(said))


def _of_run(pages: list[Page]) -> frozenset[str]:
    """FAIL if any AMI fails, else NOT_ASSESSED if any is, else PASS."""
    if any(page.verdicts == {"FAIL"} for page in pages):
        return frozenset({"FAIL"})
    said = {"FAIL"} if any("FAIL" in page.verdicts for page in pages) else set()
    missing = any("NOT_ASSESSED" in page.verdicts for page in pages)
    return frozenset(said | {"NOT_ASSESSED" if missing else "PASS"})


def _gone(build: Build, week: int) -> bool:
    return build.gone_from is not None and week >= build.gone_from


def _alike(seen: frozenset[Exposure]) -> int:
    """How many differ from another one by nothing but the ecosystem."""
    packages = [each for each in seen if each.kind == "package"]
    return len(packages) - len({(each.vulnerability, each.packages) for each in packages})


def _bounds(changes: list[frozenset[str]], word: str, slack: int) -> Bounds:
    """How many must, and how many may be so."""
    sure = sum(said == {word} for said in changes)
    return Bounds(max(0, sure - slack), sum(word in said for said in changes))


def _order(name: str) -> list[tuple[int, str]]:
    """Digits count as numbers: "v9" comes before "v10"."""
    return list(_parts(name))


def _parts(name: str) -> Iterator[tuple[int, str]]:
    for part in re.findall(r"\d+|\D+", name):
        yield (int(part), "") if part.isdigit() else (-1, part)
