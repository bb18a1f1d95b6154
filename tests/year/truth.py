"""What is true in a simulated year: lineages, their builds, and what is wrong with each. Drawn by `plan`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, Literal, get_args

Kind = Literal["package", "network", "cis"]
Level = Literal["", "LEVEL_1", "LEVEL_2"]  # of the CIS benchmark; "": it is not asked for

Trouble = Literal["paths", "dates", "events", "lags", "pauses", "engines", "levels", "renames", "vanishing"]
TROUBLES: frozenset[Trouble] = frozenset(get_args(Trouble))
START = datetime(2026, 1, 5, 6, tzinfo=UTC)
OS = "OS"


def instant(week: int) -> datetime:
    """When the assessment of a week begins."""
    return START + timedelta(weeks=week)


def day(week: int) -> date:
    """The day of a week's assessment, UTC."""
    return instant(week).date()


@dataclass(frozen=True)
class Exposure:
    """A vulnerability in a package, an open port or a failed check: the same one in whatever image has it."""

    kind: Kind
    vulnerability: str  # id; of a port "TCP 22", of a check its id
    ecosystem: str = ""  # of a package: "OS", or Inspector's packageManager
    packages: tuple[str, ...] = ()
    severity: str = "MEDIUM"
    known_from: int = 0  # the first week in which Inspector knows it
    fix: str = "YES"
    exploited: bool = False  # in CISA's catalogue
    dated: tuple[int, date] | None = None  # a week in which Inspector gives this date of first observation
    level: Level = ""  # of a check

    @property
    def key(self) -> str:
        """Its identity in words: vulnerability, ecosystem, package."""
        return " ".join(filter(None, (self.vulnerability, self.ecosystem, *self.packages[:1])))


@dataclass(frozen=True)
class Build:
    """An AMI of a lineage. Weeks are counted from 0; `last` is the last one in which it is assessed."""

    ami_id: str
    name: str
    stamp: str  # the date in its name
    first: int
    last: int
    has: frozenset[Exposure]
    gone_from: int | None = None  # deregistered, and still in the configuration


@dataclass(frozen=True)
class Conditions:
    """How the scan of one AMI in one week goes."""

    events_lost: bool = False  # on-demand findings come from GetImageFindings alone
    listing_lags: bool = False  # one finding fewer is listed than was announced
    paused: frozenset[Exposure] = frozenset()  # not reported in this week


@dataclass(frozen=True)
class Line:
    """A lineage: the successive builds of one golden AMI."""

    name: str
    owner: str
    told_by: Literal["name-tag", "image-name", "configuration", "lineage-tag"]
    engines: Sequence[str]  # by week, as configured
    policy: Mapping[str, Any]
    builds: Sequence[Build]
    renamed: tuple[int, str] | None = None  # from this week on the tag Name of its AMIs begins with this name

    def called(self, week: int) -> str:
        """The lineage's name in a week."""
        return self.renamed[1] if self.renamed and week >= self.renamed[0] else self.name

    def engine(self, week: int) -> str:
        """The engine that scans: `auto` takes `ami` for images that the account owns (docs/engines.md)."""
        return "ami" if self.engines[week] == "auto" else self.engines[week]

    def tags(self, build: Build, week: int) -> dict[str, str]:
        """The tags of one of its AMIs in a week."""
        tags = {"Owner": self.owner}
        if self.told_by != "image-name":
            tags["Name"] = f"{self.called(week)}-{build.stamp}"
        return tags | ({"golden-ami-lineage": self.name} if self.told_by == "lineage-tag" else {})


@dataclass(frozen=True)
class Accepted:
    """An exception: a vulnerability, where it is accepted, and the last day on which it is."""

    vulnerability: str
    scope: Mapping[str, str]
    expires: date

    def covers(self, line: Line, build: Build, exposure: Exposure) -> bool:
        """Whether vulnerability and scope match, whatever the day."""
        package = self.scope.get("package")
        return (
            exposure.vulnerability == self.vulnerability
            and self.within(line, build)
            and (package is None or exposure.packages == (package,))
        )

    def within(self, line: Line, build: Build) -> bool:
        """Whether an AMI is in the scope, its packages aside."""
        return self.scope.get("ami", build.ami_id) == build.ami_id and self.scope.get("lineage", line.name) == line.name


@dataclass(frozen=True)
class Year:
    """Everything that a seed stands for."""

    seed: int
    weeks: int
    lines: Sequence[Line]
    levels: Sequence[Level]  # of the benchmark, by week
    accepted: Sequence[Accepted]
    conditions: Mapping[tuple[int, str], Conditions] = field(default_factory=dict)  # by week and AMI
    troubles: frozenset[Trouble] = TROUBLES  # what may happen in it beside rebuilds, fixes and exceptions

    def of(self, week: int, build: Build) -> Conditions:
        """How the scan of an AMI goes in a week."""
        return self.conditions.get((week, build.ami_id), Conditions())

    def assessed(self, week: int) -> list[tuple[Line, Build]]:
        """The AMIs that the configuration of a week names."""
        return [(line, build) for line in self.lines for build in line.builds if build.first <= week <= build.last]

    @cached_property
    def exposures(self) -> dict[str, Exposure]:
        """All there are, by key."""
        return {each.key: each for line in self.lines for build in line.builds for each in build.has}

    @cached_property
    def places(self) -> dict[str, tuple[Line, Build]]:
        """Lineage and build by AMI id."""
        return {build.ami_id: (line, build) for line in self.lines for build in line.builds}


def can_see(engine: str, level: Level, exposure: Exposure) -> bool:
    """Whether an engine sees exposures of the kind (docs/engines.md, "The engines compared")."""
    if exposure.kind == "package":
        return True
    if exposure.kind == "network":
        return engine == "instance"
    return engine == "instance" and (level == "LEVEL_2" or level == exposure.level)


def visible(year: Year, line: Line, build: Build, week: int) -> frozenset[Exposure]:
    """What a scan shows in a week, were its listing complete."""
    engine, level, paused = line.engine(week), year.levels[week], year.of(week, build).paused
    return frozenset(
        each for each in build.has if each.known_from <= week and each not in paused and can_see(engine, level, each)
    )
