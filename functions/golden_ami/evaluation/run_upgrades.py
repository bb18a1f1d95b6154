"""The upgrades of a run's AMIs, summed up where one command is right for several AMIs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from golden_ami.evaluation.commands import command_of
from golden_ami.evaluation.identity import ecosystem
from golden_ami.evaluation.model import Target, Together, Upgrade, UpgradedAmi
from golden_ami.evaluation.packages import PackageName
from golden_ami.evaluation.streams import series, streams
from golden_ami.evaluation.systems import system_of
from golden_ami.evaluation.tally import Tally
from golden_ami.evaluation.upgrades import first_together, ranked, tally_of, together_of
from golden_ami.evaluation.versions import Order, equal, highest, order_of
from golden_ami.natural_order import natural_order

MOST_NAMED = 20  # AMIs, and owners, that an upgrade names
_Others = frozenset[tuple[str, str, str]]  # ecosystem, package and series of each


class RunUpgrades:
    """Collects the upgrades of AMIs by package, distribution and versions; memory grows with these, not with AMIs."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], dict[tuple[tuple[str, ...], str], _Sum]] = {}
        self._amis = 0

    def add(self, upgrades: Iterable[Upgrade], ami: UpgradedAmi) -> None:
        """Add those of an AMI. Which AMI is added first makes no difference."""
        for upgrade in upgrades:
            package = (ecosystem(upgrade.manager), upgrade.package, _distribution(upgrade))
            sums = self._found.setdefault(package, {})
            sums.setdefault((tuple(upgrade.installed), upgrade.to), _Sum()).add(upgrade, ami, 1 << self._amis)
        self._amis += 1

    def ranked(self) -> list[Upgrade]:
        """All upgrades, the most worthwhile first."""
        return ranked(upgrade for sums in self._found.values() for upgrade in _by_stream(sums))


def _by_stream(sums: Mapping[tuple[tuple[str, ...], str], _Sum]) -> Iterable[Upgrade]:
    spans = sorted(sums)
    whole: dict[int, _Sum] = {}
    for span, number in zip(spans, streams(spans, sums[spans[0]].order), strict=True):
        whole.setdefault(number, _Sum()).join(sums[span])
    return (found.upgrade() for found in whole.values())


def _system(upgrade: Upgrade) -> str:
    return system_of(upgrade.to, upgrade.system) if ecosystem(upgrade.manager) in ("os", "") else ""


def _distribution(upgrade: Upgrade) -> str:
    """Of an operating system's package the distribution's release, else its upstream version.

    The kernel of one distribution is no upgrade for that of another, whichever number is the higher.
    """
    if ecosystem(upgrade.manager) not in ("os", ""):
        return ""
    system = _system(upgrade)
    return system if any(map(str.isdigit, system)) else f"{system} {upgrade.to.partition('-')[0]}"


class _Sum:
    """One upgrade over AMIs."""

    def __init__(self) -> None:
        self._names: set[tuple[str, str, str]] = set()  # package, manager, system; they differ in the manager only
        self._tally, self._findings = Tally(), 0
        self._targets = _Targets()
        self._installed: set[str] = set()
        self._remediations: dict[str, set[str]] = {}  # by the version that they are of
        self._together: dict[tuple[tuple[str, str, str], ...], Tally] = {}  # package, version, manager of each other
        self._amis = 0  # a bit for each, in the order in which they were added
        self._images: list[UpgradedAmi] = []
        self._owners: set[str] = set()

    @property
    def order(self) -> Order:
        """The order of the package's versions."""
        _, manager, system = min(self._names)
        return order_of(manager, system)

    def add(self, upgrade: Upgrade, ami: UpgradedAmi, bit: int) -> None:
        """Add an AMI's upgrade."""
        self._names.add((upgrade.package, upgrade.manager, _system(upgrade)))
        self._tally.add(tally_of(upgrade))
        self._findings += max(upgrade.findings, upgrade.closes)
        self._targets.add(_packages(upgrade))
        self._installed.update(upgrade.installed)
        self._remediations.setdefault(upgrade.to, set()).add(upgrade.remediation)
        for one in upgrade.together:
            others = tuple([(other.package, other.to, other.manager) for other in one.packages])
            self._together.setdefault(others, Tally()).add(tally_of(one))
        self._name([ami], {ami.owner} - {""}, bit)

    def join(self, other: _Sum) -> None:
        """Add what another one has."""
        self._names |= other._names
        self._tally.add(other._tally)
        self._findings += other._findings
        self._targets.join(other._targets)
        self._installed |= other._installed
        for to, remediations in other._remediations.items():
            self._remediations.setdefault(to, set()).update(remediations)
        for others, tally in other._together.items():
            self._together.setdefault(others, Tally()).add(tally)
        self._name(other._images, other._owners, other._amis)

    def _name(self, images: Iterable[UpgradedAmi], owners: set[str], bits: int) -> None:
        self._images.extend(images)
        if len(self._images) > 10 * MOST_NAMED:
            self._images = _first(self._images)
        self._owners |= owners
        self._amis |= bits

    def upgrade(self) -> Upgrade:
        """The upgrade that is right for all of them."""
        package, manager, system = min(self._names)
        packages = _level(self._targets.highest(system), system)
        first = next(one for one in packages if one.package == package)
        remediation = self._remediation(first.to)
        packages = [first, *(one for one in packages if one is not first)]
        tally = self._tally
        return Upgrade(
            package=package,
            to=first.to,
            installed=sorted(self._installed),
            closes=tally.closes,
            manager=manager,
            system=system,
            also=[one.package for one in packages[1:]],
            packages=packages,
            command=command_of(packages, system, remediation),
            findings=self._findings,
            together=first_together(self._shared(system)),
            amis=self._amis.bit_count(),
            images=_first(self._images),
            owners=sorted(self._owners, key=natural_order)[:MOST_NAMED],
            known_exploited=tally.known_exploited,
            exploit_available=tally.exploit_available,
            failing=tally.failing,
            worst=tally.worst,
            epss=tally.epss,
            score=tally.score,
            remediation=remediation,
        )

    def _remediation(self, to: str) -> str:
        """What Amazon Inspector says of a version."""
        alike = (texts for version, texts in self._remediations.items() if equal(version, to, self.order))
        return min(filter(None, (text for texts in alike for text in texts)), default="")

    def _shared(self, system: str) -> Iterable[Together]:
        """What it closes with which others; versions of the same series are one."""
        found: dict[_Others, tuple[_Targets, Tally]] = {}
        for others, tally in self._together.items():
            alike = frozenset((ecosystem(manager), package, series(to)) for package, to, manager in others)
            targets, whole = found.setdefault(alike, (_Targets(), Tally()))
            targets.add(Target(package=package, to=to, manager=manager) for package, to, manager in others)
            whole.add(tally)
        return (together_of(targets.highest(system), tally) for targets, tally in found.values())


class _Targets:
    """Packages with the versions that they are to get; one that several managers see is one."""

    def __init__(self) -> None:
        self._found: dict[PackageName, tuple[str, set[str]]] = {}  # package -> manager, versions

    def add(self, packages: Iterable[Target]) -> None:
        for one in packages:
            name = (ecosystem(one.manager), one.package)
            manager, versions = self._found.setdefault(name, (one.manager, set()))
            versions.add(one.to)
            self._found[name] = min(manager, one.manager), versions

    def join(self, other: _Targets) -> None:
        for name, (manager, versions) in other._found.items():
            self.add(Target(package=name[1], to=to, manager=manager) for to in versions)

    def highest(self, system: str) -> list[Target]:
        """Each with its highest version, in the order of their names."""
        return [
            Target(package=name[1], to=_highest(versions, manager, system), manager=manager)
            for name, (manager, versions) in sorted(self._found.items(), key=lambda one: (one[0][1], one[0]))
        ]


def _highest(versions: set[str], manager: str, system: str) -> str:
    some = min(versions)
    return highest(versions, order_of(manager, system_of(some, system))) or some


def _level(packages: list[Target], system: str) -> list[Target]:
    """Packages of one source with the highest version of them all, if the ecosystem can read it."""
    best = highest({one.to for one in packages}, order_of(packages[0].manager, system))
    return [replace(one, to=best) for one in packages] if best else packages


def _packages(upgrade: Upgrade) -> list[Target]:
    """What the upgrade is of; a report of an earlier release has the names alone."""
    names = [upgrade.package, *upgrade.also]
    return upgrade.packages or [Target(package=name, to=upgrade.to, manager=upgrade.manager) for name in names]


def _first(images: Iterable[UpgradedAmi]) -> list[UpgradedAmi]:
    by_key = {one.key: one for one in images}
    return sorted(by_key.values(), key=lambda one: (natural_order(one.name), one.key))[:MOST_NAMED]
