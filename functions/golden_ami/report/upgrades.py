"""What to do first, and which package upgrade closes most."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from golden_ami.models import SEVERITIES, Finding, Severity
from golden_ami.report.model import Upgrade
from golden_ami.report.versions import highest, without_epoch
from golden_ami.verdict import fixed_version, is_fixable

Priority = tuple[bool, bool, bool, float, float, int]
_Name = tuple[str, str]  # package manager, package
_DISTRIBUTION = re.compile(r"(?<![a-z])(?:amzn|azl|cm|deb|el|fc|oe|ph|sles|suse)\d+")
_RANK: dict[Severity, int] = {severity: -number for number, severity in enumerate(SEVERITIES)}


def priority(finding: Finding) -> Priority:
    """Greater is more urgent: fixable, then known exploited, exploit available, EPSS, score, severity."""
    return (
        bool(is_fixable(finding)),
        bool(finding.known_exploited_since),
        finding.exploit_available,
        finding.epss or 0.0,
        finding.score or 0.0,
        _RANK[finding.severity],
    )


def upgrade_priority(upgrade: Upgrade) -> tuple[int, int, int, int, int, float, float]:
    """Greater is more worth doing: what fails an AMI, by exploitation, then by how much it closes."""
    return (
        min(upgrade.failing, 1),
        upgrade.known_exploited,
        upgrade.exploit_available,
        upgrade.closes,
        _RANK[upgrade.worst],
        upgrade.epss,
        upgrade.score,
    )


@dataclass
class _Group:
    """Findings that the same packages have in common."""

    names: frozenset[_Name]
    targets: dict[_Name, set[str]] = field(default_factory=dict)  # package -> versions that fix
    installed: dict[_Name, set[str]] = field(default_factory=dict)
    closes: int = 0
    known_exploited: int = 0
    exploit_available: int = 0
    failing: int = 0
    worst: Severity = "UNTRIAGED"
    epss: float = 0.0
    score: float = 0.0
    remediation: str = ""

    def count(self, finding: Finding, failing: bool) -> None:
        """Count one more finding."""
        for package in finding.packages:
            name = (package.manager, package.name)
            self.targets.setdefault(name, set()).add(fixed_version(package.fixed_in))
            self.installed.setdefault(name, set()).add(package.version)
            self.remediation = self.remediation or package.remediation
        self.closes += 1
        self.known_exploited += bool(finding.known_exploited_since)
        self.exploit_available += finding.exploit_available
        self.failing += failing
        self.worst = max(self.worst, finding.severity, key=_RANK.__getitem__)
        self.epss, self.score = max(self.epss, finding.epss or 0.0), max(self.score, finding.score or 0.0)

    def add(self, other: _Group) -> None:
        """Count the findings of another group too."""
        self.names |= other.names
        for mine, theirs in ((self.targets, other.targets), (self.installed, other.installed)):
            for name, versions in theirs.items():
                mine.setdefault(name, set()).update(versions)
        self.closes += other.closes
        self.known_exploited += other.known_exploited
        self.exploit_available += other.exploit_available
        self.failing += other.failing
        self.worst = max(self.worst, other.worst, key=_RANK.__getitem__)
        self.epss, self.score = max(self.epss, other.epss), max(self.score, other.score)
        self.remediation = self.remediation or other.remediation

    def upgrade(self) -> Upgrade:
        chosen = min(self.names, key=lambda name: (len(name[1]), name))
        manager, package = chosen
        return Upgrade(
            package=package,
            to=without_epoch(highest(self.targets[chosen], manager)),
            installed=sorted(map(without_epoch, self.installed[chosen])),
            closes=self.closes,
            manager=manager,
            also=sorted(name for _, name in self.names - {chosen}),
            known_exploited=self.known_exploited,
            exploit_available=self.exploit_available,
            failing=self.failing,
            worst=self.worst,
            epss=self.epss,
            score=self.score,
            remediation=self.remediation,
        )


class Upgrades:
    """Collects an AMI's findings by the upgrade that closes them; memory grows with packages, not with findings.

    Packages that one vulnerability affects together (a library and its tools) are one upgrade: only all of them close
    the finding, so that nothing is counted twice.
    """

    def __init__(self) -> None:
        self._groups: dict[frozenset[_Name], _Group] = {}

    def add(self, finding: Finding, *, failing: bool) -> None:
        """Count a finding when every package that it names has a version that fixes it."""
        if not finding.packages or not all(fixed_version(pkg.fixed_in) for pkg in finding.packages):
            return
        names = frozenset((pkg.manager, pkg.name) for pkg in finding.packages)
        group = self._groups.get(names)
        if group is None:
            group = self._groups[names] = _Group(names)
        group.count(finding, failing)

    def ranked(self) -> list[Upgrade]:
        """All upgrades, the most worthwhile first."""
        return ranked(group.upgrade() for group in _joined(self._groups.values()))


def _joined(groups: Iterable[_Group]) -> list[_Group]:
    """Groups that share a package, made one."""
    joined: list[_Group] = []
    for group in groups:
        whole = _Group(group.names)
        whole.add(group)
        apart = []
        for other in joined:
            if other.names & whole.names:
                whole.add(other)
            else:
                apart.append(other)
        joined = [*apart, whole]
    return joined


def merge(found: dict[str, Upgrade], upgrades: Iterable[Upgrade]) -> None:
    """Add an AMI's upgrades to those of the run, by package and what tells distributions apart."""
    for upgrade in upgrades:
        key = f"{upgrade.manager} {upgrade.package} {_release(upgrade)}"
        known = found.get(key)
        found[key] = _merged(known, upgrade) if known else upgrade


def _release(upgrade: Upgrade) -> str:
    """Of an operating system's package the distribution's mark in the version, else its upstream version.

    The kernel of one distribution is no upgrade for that of another, whichever number is the higher.
    """
    if upgrade.manager.upper() not in ("OS", ""):
        return ""
    mark = _DISTRIBUTION.search(upgrade.to)
    return mark[0] if mark else upgrade.to.partition("-")[0]


def ranked(upgrades: Iterable[Upgrade]) -> list[Upgrade]:
    """The most worthwhile first; equals in the order of their names."""
    return sorted(sorted(upgrades, key=lambda upgrade: upgrade.package), key=upgrade_priority, reverse=True)


def _merged(one: Upgrade, other: Upgrade) -> Upgrade:
    return Upgrade(
        package=one.package,
        to=highest((one.to, other.to), one.manager),
        installed=sorted({*one.installed, *other.installed}),
        closes=one.closes + other.closes,
        manager=one.manager,
        also=sorted({*one.also, *other.also}),
        amis=one.amis + other.amis,
        known_exploited=one.known_exploited + other.known_exploited,
        exploit_available=one.exploit_available + other.exploit_available,
        failing=one.failing + other.failing,
        worst=max(one.worst, other.worst, key=_RANK.__getitem__),
        epss=max(one.epss, other.epss),
        score=max(one.score, other.score),
        remediation=one.remediation or other.remediation,
    )


def sentence(upgrade: Upgrade) -> str:
    """ "openssl 3.0.7 -> 3.0.8 closes 14 findings, 2 exploited"."""
    several = len(upgrade.installed) > 1
    installed = (
        f"{upgrade.installed[0]} and {len(upgrade.installed) - 1} more" if several else "".join(upgrade.installed)
    )
    parts = [f"closes {upgrade.closes} finding{'' if upgrade.closes == 1 else 's'}"]
    if upgrade.known_exploited:
        parts.append(f"{upgrade.known_exploited} exploited")
    elif upgrade.exploit_available:
        parts.append(f"{upgrade.exploit_available} with a public exploit")
    if upgrade.amis > 1:
        parts.append(f"in {upgrade.amis} AMIs")
    also = (
        f" (with {', '.join(upgrade.also[:3])}{' and more' if len(upgrade.also) > 3 else ''})" if upgrade.also else ""
    )
    return f"{upgrade.package} {installed} -> {upgrade.to}{also} {', '.join(parts)}"
