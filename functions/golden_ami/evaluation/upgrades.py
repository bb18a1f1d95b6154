"""Which upgrades close most findings: of an AMI, and what they come to over the AMIs of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from golden_ami.evaluation.commands import command_of
from golden_ami.evaluation.model import Target, Together, Upgrade
from golden_ami.evaluation.needs import Stream, Unit, Units
from golden_ami.evaluation.packages import Affected
from golden_ami.evaluation.priority import SEVERITY_RANK
from golden_ami.evaluation.systems import mark_of, system_of
from golden_ami.evaluation.tally import Tally
from golden_ami.models import Finding

MOST_TOGETHER = 10  # combinations with others that an upgrade lists


class AmiUpgrades:
    """Collects an AMI's findings by what they need upgraded; memory grows with packages, not with findings.

    A finding that needs more than one command is counted with each of them, and closed by none of them alone.
    `reported` is the AMI's operating system as its agent reported it, "" where nobody did.
    """

    def __init__(self, reported: str = "") -> None:
        self._reported = reported
        self._tallies: dict[Affected, Tally] = {}

    def add(self, finding: Finding, affected: Affected, *, fails: bool) -> None:
        """Count a finding if upgrades close it. `fails`: the finding fails its AMI."""
        if not affected.closed_by:
            return
        tally = self._tallies.get(affected)
        if tally is None:
            tally = self._tallies[affected] = Tally()
        tally.count(finding, fails=fails)

    def ranked(self) -> list[Upgrade]:
        """All upgrades, the most worthwhile first."""
        system = self._system()
        units = Units(self._tallies, system)
        rows = {stream: _Row() for stream in units.units}
        for affected, tally in self._tallies.items():
            needed = units.needed_by(affected)
            for stream in needed:
                rows[stream].add(tally, needed - {stream})
        return ranked(_upgrade(units.units, stream, row, system) for stream, row in rows.items())

    def _system(self) -> str:
        """The AMI's: as reported, else the mark that most of its packages' fixes have."""
        if self._reported:
            return self._reported
        packages = {package for affected in self._tallies for package in affected.packages}
        marks = Counter(mark for package in packages if (mark := mark_of(package.fixed_in)))
        return min(marks, key=lambda mark: (-marks[mark], mark), default="")


class _Row:
    """What a unit closes: by itself, with others, and all in all."""

    def __init__(self) -> None:
        self.alone, self.whole = Tally(), Tally()
        self.together: dict[frozenset[Stream], Tally] = {}

    def add(self, tally: Tally, others: frozenset[Stream]) -> None:
        self.whole.add(tally)
        (self.together.setdefault(others, Tally()) if others else self.alone).add(tally)


def _upgrade(units: Mapping[Stream, Unit], stream: Stream, row: _Row, reported: str) -> Upgrade:
    unit = units[stream]
    chosen, (first, *others) = unit.members[unit.chosen], unit.targets()
    kind = unit.chosen[0][0]
    system = system_of(first.to, reported) if kind in ("os", "") else ""
    return Upgrade(
        package=first.package,
        to=first.to,
        installed=chosen.installed,
        closes=row.alone.closes,
        manager=first.manager,
        system=system,
        also=[one.package for one in others],
        packages=[first, *others],
        command=command_of([first, *others], system, chosen.remediation),
        findings=row.whole.closes,
        together=first_together(_together(units, with_others, one) for with_others, one in row.together.items()),
        known_exploited=row.alone.known_exploited,
        exploit_available=row.alone.exploit_available,
        failing=row.alone.failing,
        worst=row.whole.worst,
        epss=row.whole.epss,
        score=row.whole.score,
        remediation=chosen.remediation,
    )


def _together(units: Mapping[Stream, Unit], others: Iterable[Stream], tally: Tally) -> Together:
    targets = (target for other in others for target in units[other].targets())
    return together_of(sorted(targets, key=lambda one: (one.package, one.to)), tally)


def together_of(packages: list[Target], tally: Tally) -> Together:
    """What is closed with other packages."""
    return Together(
        packages=packages,
        closes=tally.closes,
        known_exploited=tally.known_exploited,
        exploit_available=tally.exploit_available,
        failing=tally.failing,
    )


def tally_of(counted: Together | Upgrade) -> Tally:
    """What an upgrade closes by itself with the worst that it takes part in, or what is closed with others."""
    tally = Tally(counted.closes, counted.known_exploited, counted.exploit_available, counted.failing)
    if isinstance(counted, Upgrade):
        tally.worst, tally.epss, tally.score = counted.worst, counted.epss, counted.score
    return tally


def first_together(found: Iterable[Together]) -> list[Together]:
    """The first few, those that close most of what matters first; equals in the order of their packages."""
    ordered = sorted(found, key=lambda one: [(other.package, other.to) for other in one.packages])
    ordered.sort(key=_worth, reverse=True)
    return ordered[:MOST_TOGETHER]


def _worth(one: Together | Upgrade) -> tuple[int, int, int, int]:
    return min(one.failing, 1), one.known_exploited, one.exploit_available, one.closes


def upgrade_priority(upgrade: Upgrade) -> tuple[float, ...]:
    """Greater is more worth doing: it helps an AMI that fails, against what is known to be exploited, then the worst.

    Of what is as bad, what the upgrade does by itself goes before what it does only with others.
    """
    shared = [_worth(one) for one in upgrade.together]
    with_others = [
        max((worth[0] for worth in shared), default=0),
        *(sum(worth[at] for worth in shared) for at in (1, 2)),
    ]
    pairs = zip(_worth(upgrade)[:3], with_others, strict=True)
    fails = upgrade.failing > 0 or with_others[0] > 0
    exploited = upgrade.known_exploited > 0 or with_others[1] > 0
    return (fails, exploited, SEVERITY_RANK[upgrade.worst], *(figure for pair in pairs for figure in pair),
            upgrade.closes, upgrade.findings, upgrade.epss, upgrade.score)  # fmt: skip


def ranked(upgrades: Iterable[Upgrade]) -> list[Upgrade]:
    """The most worthwhile first; equals in the order of their names and versions.

    What closes nothing by itself, and nothing without another one before it in the list, goes last: the other one says
    what they close together.
    """
    ordered = sorted(sorted(upgrades, key=_names), key=upgrade_priority, reverse=True)
    leading, following = list[Upgrade](), list[Upgrade]()
    named: set[str] = set()
    for upgrade in ordered:
        (following if _follows(upgrade, named) else leading).append(upgrade)
        named.add(upgrade.package)
    return leading + following


def _follows(upgrade: Upgrade, named: Collection[str]) -> bool:
    shared = sum(one.closes for one in upgrade.together)
    if upgrade.closes or not upgrade.together or shared < upgrade.findings:
        return False
    partners = [{other.package for other in one.packages} for one in upgrade.together]
    return not set.intersection(*partners).isdisjoint(named)


def _names(upgrade: Upgrade) -> tuple[str, str, str, str, list[str], list[str], str]:
    return (upgrade.package, upgrade.manager, upgrade.to, upgrade.system, upgrade.installed, upgrade.also,
            upgrade.remediation)  # fmt: skip


def describe_upgrade(upgrade: Upgrade) -> str:
    """ "openssl 3.0.7 -> 3.0.8 closes 14 findings, 2 exploited; 1 more with curl 8.5.0, 1 exploited"."""
    several = len(upgrade.installed) > 1
    installed = (
        f"{upgrade.installed[0]} and {len(upgrade.installed) - 1} more" if several else "".join(upgrade.installed)
    )
    parts = [f"closes {closed_alone(upgrade)}"]
    if upgrade.known_exploited:
        parts.append(f"{upgrade.known_exploited} exploited")
    elif upgrade.exploit_available:
        parts.append(f"{upgrade.exploit_available} with a public exploit")
    if upgrade.amis > 1:
        parts.append(f"in {upgrade.amis} AMIs")
    also = f" (with {_some(upgrade.also)})" if upgrade.also else ""
    from_to = " -> ".join(filter(None, [installed, upgrade.to]))
    return "; ".join([f"{upgrade.package} {from_to}{also} {', '.join(parts)}", *closed_with_others(upgrade)])


def closed_alone(upgrade: Upgrade) -> str:
    """ "14 findings", or "none alone" of one that closes some with others only."""
    return _findings(upgrade.closes) if upgrade.closes or not upgrade.together else "none alone"


def closed_with_others(upgrade: Upgrade) -> list[str]:
    """ "1 more with curl 8.5.0, 1 exploited" for each of the first three sets of other packages."""
    return [
        f"{f'{one.closes} more' if upgrade.closes else _findings(one.closes)} with {describe_together(one)}"
        + (f", {one.known_exploited} exploited" if one.known_exploited else "")
        for one in upgrade.together[:3]
    ]


def _findings(number: int) -> str:
    return f"{number:,} finding{'' if number == 1 else 's'}"


def describe_together(together: Together) -> str:
    """ "curl 8.5.0, google.golang.org/grpc 1.58.3": the other packages and their versions."""
    return _some([f"{one.package} {one.to}" for one in together.packages])


def upgraded_amis(upgrade: Upgrade) -> str:
    """ "web-7, web-8 and 3 more; owners: payments, platform": the AMIs that it is for, and their owners."""
    names = ", ".join(one.name for one in upgrade.images[:3])
    more = upgrade.amis - min(len(upgrade.images), 3)
    whose = f"; owner{'' if len(upgrade.owners) == 1 else 's'}: {_some(upgrade.owners)}" if upgrade.owners else ""
    return names + (f" and {more:,} more" if more > 0 else "") + whose


def _some(texts: list[str]) -> str:
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")
