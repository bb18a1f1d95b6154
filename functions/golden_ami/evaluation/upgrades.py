"""Which package upgrades close most findings."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from golden_ami.evaluation.model import Upgrade
from golden_ami.evaluation.packages import Affected, PackageName, fixed_version
from golden_ami.evaluation.priority import SEVERITY_RANK
from golden_ami.evaluation.systems import mark_of
from golden_ami.evaluation.versions import highest, order_of, without_epoch
from golden_ami.models import Finding, Package, Severity


def upgrade_priority(upgrade: Upgrade) -> tuple[int, int, int, int, int, float, float]:
    """Greater is more worth doing: what fails an AMI, by exploitation, then by how much it closes."""
    return (
        min(upgrade.failing, 1),
        upgrade.known_exploited,
        upgrade.exploit_available,
        upgrade.closes,
        SEVERITY_RANK[upgrade.worst],
        upgrade.epss,
        upgrade.score,
    )


class _Group(Struct):
    """Findings that the same packages have in common."""

    names: frozenset[PackageName]
    targets: dict[PackageName, set[str]] = field(default_factory=dict)  # package -> versions that fix
    installed: dict[PackageName, set[str]] = field(default_factory=dict)
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
        self.closes += 1
        if finding.known_exploited_since:
            self.known_exploited += 1
        if finding.exploit_available:
            self.exploit_available += 1
        if failing:
            self.failing += 1
        if SEVERITY_RANK[finding.severity] > SEVERITY_RANK[self.worst]:
            self.worst = finding.severity
        if finding.epss and finding.epss > self.epss:
            self.epss = finding.epss
        if finding.score and finding.score > self.score:
            self.score = finding.score

    def learn(self, packages: tuple[Package, ...]) -> None:
        """Learn the versions of a finding's packages."""
        for package in packages:
            name = (package.manager, package.name)
            self.targets.setdefault(name, set()).add(fixed_version(package.fixed_in))
            self.installed.setdefault(name, set()).add(package.version)
            self.remediation = self.remediation or package.remediation

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
        self.worst = max(self.worst, other.worst, key=SEVERITY_RANK.__getitem__)
        self.epss, self.score = max(self.epss, other.epss), max(self.score, other.score)
        self.remediation = self.remediation or other.remediation

    def upgrade(self) -> Upgrade:
        chosen = min(self.names, key=lambda name: (len(name[1]), name))
        manager, package = chosen
        return Upgrade(
            package=package,
            to=without_epoch(_highest(self.targets[chosen], manager)),
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


class AmiUpgrades:
    """Collects an AMI's findings by the upgrade that closes them; memory grows with packages, not with findings.

    Packages that one vulnerability affects together (a library and its tools) are one upgrade: only all of them close
    the finding, so that nothing is counted twice.
    """

    def __init__(self) -> None:
        self._groups: dict[frozenset[PackageName], _Group] = {}
        self._group_of: dict[Affected, _Group] = {}  # a group has several, which differ in the packages' versions

    def add(self, finding: Finding, affected: Affected, *, fails: bool) -> None:
        """Count a finding if an upgrade closes it. `fails`: the finding fails its AMI."""
        if not affected.closed_by:
            return
        group = self._group_of.get(affected)
        if group is None:
            group = self._group_of[affected] = self._groups.setdefault(affected.closed_by, _Group(affected.closed_by))
            group.learn(affected.packages)
        group.count(finding, fails)

    def ranked(self) -> list[Upgrade]:
        """All upgrades, the most worthwhile first."""
        return ranked(group.upgrade() for group in _joined(self._groups.values()))


def _joined(groups: Iterable[_Group]) -> Iterable[_Group]:
    """Groups that share a package, made one."""
    joined: dict[int, _Group] = {}
    positions: dict[PackageName, int] = {}  # of a package's group among the joined
    for position, group in enumerate(groups):
        whole = group
        if others := sorted({positions[name] for name in group.names if name in positions}):
            whole = _Group(group.names)
            whole.add(group)
            for other in others:
                whole.add(joined.pop(other))
        joined[position] = whole
        positions.update(dict.fromkeys(whole.names, position))
    return joined.values()


class RunUpgrades:
    """The upgrades of a run's AMIs, by package and what tells distributions apart."""

    def __init__(self) -> None:
        self._found: dict[str, _Sum] = {}

    def add(self, upgrades: Iterable[Upgrade]) -> None:
        """Add those of an AMI."""
        for upgrade in upgrades:
            key = f"{upgrade.manager} {upgrade.package} {_release(upgrade)}"
            known = self._found.get(key)
            if known is None:
                known = self._found[key] = _Sum(upgrade)
            known.add(upgrade)

    def ranked(self) -> list[Upgrade]:
        """All upgrades, the most worthwhile first."""
        return ranked(found.upgrade() for found in self._found.values())


def _release(upgrade: Upgrade) -> str:
    """Of an operating system's package the distribution's mark in the version, else its upstream version.

    The kernel of one distribution is no upgrade for that of another, whichever number is the higher.
    """
    if upgrade.manager.upper() not in ("OS", ""):
        return ""
    return mark_of(upgrade.to) or upgrade.to.partition("-")[0]


def _highest(versions: set[str], manager: str) -> str:
    found = min(versions)
    return highest(versions, order_of(manager, mark_of(found))) or found


def ranked(upgrades: Iterable[Upgrade]) -> list[Upgrade]:
    """The most worthwhile first; equals in the order of their names and versions."""
    return sorted(sorted(upgrades, key=_names), key=upgrade_priority, reverse=True)


def _names(upgrade: Upgrade) -> tuple[str, str, str, list[str], list[str], str]:
    return (upgrade.package, upgrade.manager, upgrade.to, upgrade.installed, upgrade.also, upgrade.remediation)


class _Sum:
    """One upgrade over AMIs; which of them is added first makes no difference."""

    def __init__(self, first: Upgrade) -> None:
        self._first = first
        self._whole = replace(first, amis=0, closes=0, known_exploited=0, exploit_available=0, failing=0)
        self._to: set[str] = set()
        self._installed: set[str] = set()
        self._also: set[str] = set()
        self._remediations: set[str] = set()

    def add(self, upgrade: Upgrade) -> None:
        whole = self._whole
        self._to.add(upgrade.to)
        self._installed.update(upgrade.installed)
        self._also.update(upgrade.also)
        whole.amis += upgrade.amis
        whole.closes += upgrade.closes
        whole.known_exploited += upgrade.known_exploited
        whole.exploit_available += upgrade.exploit_available
        whole.failing += upgrade.failing
        whole.worst = max(whole.worst, upgrade.worst, key=SEVERITY_RANK.__getitem__)
        whole.epss, whole.score = max(whole.epss, upgrade.epss), max(whole.score, upgrade.score)
        self._remediations.add(upgrade.remediation)

    def upgrade(self) -> Upgrade:
        if self._whole.amis == self._first.amis:
            return self._first
        return replace(
            self._whole,
            to=_highest(self._to, self._whole.manager),
            installed=sorted(self._installed),
            also=sorted(self._also),
            remediation=min(filter(None, self._remediations), default=""),
        )


def describe_upgrade(upgrade: Upgrade) -> str:
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
