"""A year drawn from a seed: rebuilds, fixes, renamings, pauses, lost events, exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from tests.year.truth import (
    OS,
    TROUBLES,
    Accepted,
    Build,
    Conditions,
    Exposure,
    Level,
    Line,
    Trouble,
    Year,
    day,
    visible,
)

_NAMES = (
    "golden-web", "golden-api", "golden-rhel-8", "golden-rhel-9", "golden-batch", "golden-db", "golden-edge",
    "golden-queue", "golden-ml", "golden-ci", "golden-vpn", "golden-base",
)  # fmt: skip
_TOLD_BY = ("name-tag", "name-tag", "image-name", "configuration", "lineage-tag", "name-tag")
_OWNERS = ("payments", "platform", "data")
# Packages by ecosystem; `requests` and `curl` are of two each, and some vulnerabilities affect several packages.
_PACKAGES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (OS, ("openssl",)), (OS, ("kernel",)), (OS, ("openssh", "openssh-clients", "openssh-server")), (OS, ("glibc",)),
    (OS, ("systemd", "systemd-libs")), (OS, ("sudo",)), (OS, ("zlib",)),
    ("PYTHONPKG", ("urllib3",)), ("PYTHONPKG", ("jinja2",)), ("NODEPKG", ("lodash",)), ("JAR", ("log4j-core",)),
)  # fmt: skip
_TWINS = (("requests", "PYTHONPKG"), ("curl", "NODEPKG"))  # the same vulnerability in the system's package, too
_SEVERITIES, _WEIGHTS = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNTRIAGED"), (2, 7, 45, 35, 11)
_PORTS = (22, 443, 8080)
# Checks in the order in which the emulated benchmark fails them (inspector/cis_scan.py), with their levels.
CHECKS: tuple[tuple[str, Level], ...] = (
    ("1.1.1.1", "LEVEL_1"), ("1.1.2.1", "LEVEL_1"), ("1.2.1", "LEVEL_1"), ("1.3.1", "LEVEL_1"), ("1.5.1", "LEVEL_1"),
    ("1.6.1.5", "LEVEL_2"), ("3.3.1", "LEVEL_1"), ("4.1.1.1", "LEVEL_2"),
)  # fmt: skip
_RULES = {"severities": ["CRITICAL", "HIGH"]}
_STRICT = {"severities": ["CRITICAL", "HIGH", "MEDIUM"]}
_POLICIES: tuple[dict[str, Any], ...] = (
    {"failOn": _STRICT, "graceDays": 30},
    {"failOn": _RULES},
    {"failOn": _STRICT, "graceDays": 75, "onlyFixable": True},
    {"failOn": _RULES, "onlyFixable": True},
    {"failOn": _STRICT, "graceDays": 120},
)
_REBUILT = (3, 8)  # weeks from a build to the next one, at least and at most
_KEPT = (0, 9)  # weeks for which a build is assessed after the next one exists


def year(seed: int, weeks: int, lineages: int, troubles: frozenset[Trouble] = TROUBLES) -> Year:
    """The year of a seed, without the troubles that are not named. The first lineages have one of each."""
    random = Random(f"year {seed}")
    lines = [_without(_line(Random(f"{seed} {number}"), number, weeks), troubles) for number in range(lineages)]
    levels: list[Level] = _levels(random, weeks) if "levels" in troubles else ["LEVEL_1"] * weeks
    drawn = Year(seed, weeks, lines, levels, [], troubles=troubles)
    drawn = replace(drawn, accepted=list(_accepted(random, drawn)))
    return replace(drawn, conditions=dict(_conditions(random, drawn)))


def _without(line: Line, troubles: frozenset[Trouble]) -> Line:
    """A lineage without the troubles that are left out."""
    builds = list(line.builds)
    if "dates" not in troubles:
        builds = [replace(one, has=frozenset(replace(each, dated=None) for each in one.has)) for one in builds]
    if "vanishing" not in troubles:
        builds = [replace(one, gone_from=None) for one in builds]
    return replace(
        line,
        builds=builds,
        engines=line.engines if "engines" in troubles else [line.engines[0]] * len(line.engines),
        renamed=line.renamed if "renames" in troubles else None,
    )


def _line(random: Random, number: int, weeks: int) -> Line:
    base, turn = _NAMES[number % len(_NAMES)], number // len(_NAMES)
    name = base if not turn else f"{base.replace('golden', f'golden{turn}')}"
    told_by = _TOLD_BY[number % len(_TOLD_BY)]
    renamed = number % 6 == 1 and weeks > 4
    return Line(
        name=name,
        owner=_OWNERS[number % len(_OWNERS)],
        told_by=told_by,  # type: ignore[arg-type]
        engines=_engines(random, number, weeks),
        policy=_POLICIES[number % len(_POLICIES)],
        builds=list(_builds(random, name, number, weeks)),
        renamed=(random.randint(weeks // 3, 2 * weeks // 3), name.replace("golden", "platinum")) if renamed else None,
    )


def _engines(random: Random, number: int, weeks: int) -> list[str]:
    """By turns always `instance`, always `ami`, changing, and `auto`."""
    steady = ("instance", "ami", "", "auto")[number % 4]
    if steady:
        return [steady] * weeks
    engines: list[str] = []
    while len(engines) < weeks:
        others = [one for one in ("instance", "ami", "auto") if one not in engines[-1:]]
        engines += [random.choice(others)] * random.randint(2, 5)
    return engines[:weeks]


def _levels(random: Random, weeks: int) -> list[Level]:
    levels: list[Level] = []
    while len(levels) < weeks:
        others: list[Level] = [one for one in ("", "LEVEL_1", "LEVEL_2") if one not in levels[-1:]]
        levels += [random.choice(others)] * random.randint(2, 6)
    return levels[:weeks]


# ---------------------------------------------------------------- builds


def _builds(random: Random, name: str, number: int, weeks: int) -> Iterator[Build]:
    known = list(_exposures(random, number, weeks))
    fixed: set[Exposure] = set()
    ports, checks = set(random.sample(_PORTS, 2)), random.randint(3, len(CHECKS))
    first = 0
    for count in range(weeks):
        following = first + random.randint(*_REBUILT)
        last = min(weeks - 1, following + random.randint(*_KEPT)) if following < weeks else weeks - 1
        stamp = (day(first) - timedelta(days=random.randint(0, 3))).strftime("%Y%m%d")
        has = {each for each in known if each not in fixed} | {_port(each) for each in ports} | _checks(checks)
        yield Build(
            ami_id=f"ami-{number + 1:08x}{count + 1:09x}",
            name=f"{name}-{stamp}",
            stamp=stamp,
            first=first,
            last=last,
            has=frozenset(has),
            gone_from=last - random.randint(1, 3) if _vanishes(number, count, first, following, last, weeks) else None,
        )
        if following >= weeks:
            return
        first = following
        fixed = {*_still_fixed(random, fixed), *_fixed(random, known, first)}
        ports, checks = set(random.sample(_PORTS, random.randint(1, 3))), random.randint(2, len(CHECKS))


def _vanishes(number: int, count: int, first: int, following: int, last: int, weeks: int) -> bool:
    """Whether a build is deregistered while it is still assessed: some that another one follows."""
    return following < weeks and last - first > 4 and (number + count) % 3 == 2


def _exposures(random: Random, number: int, weeks: int) -> Iterator[Exposure]:
    """Vulnerabilities are the same in every lineage that has the package."""
    for ecosystem, packages in random.sample(_PACKAGES, 7):
        yield from _of_package(ecosystem, packages, weeks)
    package, ecosystem = _TWINS[number % len(_TWINS)]
    for each in _of_package(ecosystem, (package,), weeks):
        yield from (each, replace(each, ecosystem=OS))


def _of_package(ecosystem: str, packages: tuple[str, ...], weeks: int) -> Iterator[Exposure]:
    random = Random(f"{ecosystem} {packages} {weeks}")
    for at in range(2):
        known_from = 0 if at == 0 else random.randint(1, max(1, weeks - 2))
        dated = None
        if random.random() < 0.3 and weeks > known_from + 2:
            week = random.randint(known_from, weeks - 1)
            dated = (week, day(known_from) - timedelta(days=random.randint(5, 40)))
        vulnerability = _vulnerability(random, ecosystem, packages[0], at)
        yield Exposure(
            kind="package",
            vulnerability=vulnerability,
            ecosystem=ecosystem,
            packages=packages,
            severity=random.choices(_SEVERITIES, _WEIGHTS)[0],
            known_from=known_from,
            fix=random.choice(("YES", "YES", "YES", "PARTIAL", "NO")),
            exploited=random.random() < 0.06 and vulnerability.startswith("CVE-"),
            dated=dated,
        )


def _vulnerability(random: Random, ecosystem: str, package: str, at: int) -> str:
    """Mostly a CVE; other catalogues have ids of their own."""
    number = 10_000 + Random(f"{ecosystem} {package} {at}").randrange(80_000)
    others = ["GHSA-{0:04x}-{0:04x}-{0:04x}", "MAL-2026-{0}"] if ecosystem != OS else ["TEMP-{0}-B18BAF", "KB{0}"]
    return random.choice(["CVE-2026-{0}"] * 6 + others).format(number)


def _port(number: int) -> Exposure:
    return Exposure(kind="network", vulnerability=f"TCP {number}")


def _checks(count: int) -> set[Exposure]:
    """The first checks fail. A check has no severity of its own: of Level 1 it counts as MEDIUM, of Level 2 as LOW."""
    severities: dict[Level, str] = {"LEVEL_1": "MEDIUM", "LEVEL_2": "LOW"}
    return {
        Exposure(kind="cis", vulnerability=check, severity=severities[level], level=level)
        for check, level in CHECKS[:count]
    }


def _fixed(random: Random, known: Sequence[Exposure], week: int) -> Iterator[Exposure]:
    for each in known:
        if each.known_from < week and each.fix != "NO" and random.random() < 0.25:
            yield each


def _still_fixed(random: Random, fixed: set[Exposure]) -> Iterator[Exposure]:
    """A few come back with a later build."""
    return (each for each in sorted(fixed, key=lambda one: one.key) if random.random() > 0.1)


# ---------------------------------------------------------------- what happens


def _conditions(random: Random, drawn: Year) -> Iterator[tuple[tuple[int, str], Conditions]]:
    """By week and AMI. In its first week a scan is whole, and a finding that is new in a week is listed in it."""
    for week in range(drawn.weeks):
        for line, build in drawn.assessed(week):
            seen = sorted(visible(drawn, line, build, week), key=lambda one: one.key)
            settled = week > build.first and not any(week in _news(each) for each in seen)
            packages = [each for each in seen if each.kind == "package" and week > each.known_from]
            lost, lags, pauses = (random.random() < chance for chance in (0.3, 0.06, 0.2))
            one = random.choice(packages) if packages else None
            lost = lost and "events" in drawn.troubles and line.engine(week) == "ami"
            lags = lags and "lags" in drawn.troubles and settled and line.engine(week) == "instance"
            pauses = pauses and "pauses" in drawn.troubles and settled and not lags
            paused = _with_twin(one, seen) if one and pauses else frozenset()
            if lost or lags or paused:
                yield (week, build.ami_id), Conditions(lost, lags, paused)


def _news(exposure: Exposure) -> tuple[int, ...]:
    return (exposure.known_from, exposure.dated[0] if exposure.dated else -1)


def _with_twin(exposure: Exposure, seen: Sequence[Exposure]) -> frozenset[Exposure]:
    """An exposure and those of the same vulnerability: rows without ecosystem do not tell which one is left."""
    return frozenset(each for each in seen if each.vulnerability == exposure.vulnerability)


def _accepted(random: Random, drawn: Year) -> Iterator[Accepted]:
    """Exceptions for a lineage, an AMI, a package, each with an end inside the year.

    A vulnerability has one exception at most; lineages that are renamed have none by lineage.
    """
    used: set[str] = set()
    for number, line in enumerate(drawn.lines):
        build = random.choice(line.builds)
        packages = sorted((one for one in build.has if one.kind == "package"), key=lambda one: one.key)
        worst = [one for one in packages if one.severity in _STRICT["severities"] and one.vulnerability not in used]
        if not worst:
            continue
        exposure = random.choice(worst)
        scopes: list[dict[str, str]] = [
            {"ami": build.ami_id},
            {"lineage": line.name},
            {"package": exposure.packages[0]},
        ]
        scope = scopes[0] if line.renamed else scopes[number % 3]
        if line.told_by == "configuration" and "lineage" in scope:
            scope = {**scope, "package": exposure.packages[0]}
        used.add(exposure.vulnerability)
        yield Accepted(exposure.vulnerability, scope, day(random.randint(1, drawn.weeks)) - timedelta(days=1))
