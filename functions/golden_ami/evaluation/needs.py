"""What findings need upgraded, as commands: which packages one command upgrades, and to which version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from golden_ami.evaluation.model import Target
from golden_ami.evaluation.packages import Affected, PackageName, fixed_version, name_of, without_architecture
from golden_ami.evaluation.streams import Joined, streams
from golden_ami.evaluation.versions import Order, equal, highest, key_of, order_of, without_epoch
from golden_ami.models import Package

Stream = tuple[PackageName, int]


class Need(Struct, frozen=True, cache_hash=True):
    """What a finding needs of one package."""

    name: PackageName
    to: str
    packages: tuple[Package, ...]  # as the finding has them

    @property
    def installed(self) -> list[str]:
        """The versions that are there."""
        return [without_architecture(one.version) for one in self.packages if one.version]


class Member(Struct):
    """A package that a command upgrades, in one stream of its versions."""

    to: str
    installed: list[str]
    manager: str
    remediation: str  # what Amazon Inspector says of that version


class Unit(Struct):
    """What one command upgrades: a package of a language, or those that a distribution builds from one source."""

    members: dict[Stream, Member] = field(default_factory=dict)

    @property
    def chosen(self) -> Stream:
        """The package that the upgrade is called by: the one with the shortest name."""
        return min(self.members, key=lambda stream: (len(stream[0][1]), stream))

    def targets(self) -> list[Target]:
        """The packages with their versions, the chosen one first."""
        chosen = self.chosen
        ordered = sorted(self.members, key=lambda stream: (stream != chosen, stream[0][1], stream))
        return [
            Target(package=stream[0][1], to=self.members[stream].to, manager=self.members[stream].manager)
            for stream in ordered
        ]


class Units:
    """The commands that an image's findings need, with what each finding needs of them.

    `system` is the image's, by which its own packages' versions are ordered.
    """

    def __init__(self, found: Iterable[Affected], system: str) -> None:
        self._system = system
        self._needs = {affected: self._needs_of(affected) for affected in found if affected.closed_by}
        self._streams = self._streams_of({need for needs in self._needs.values() for need in needs})
        sources = self._sources()
        self._unit_of: dict[Stream, Stream] = {stream: sources.first(stream) for stream in self._streams.values()}
        self.units: dict[Stream, Unit] = {}
        self._fill()

    def needed_by(self, affected: Affected) -> frozenset[Stream]:
        """The units that close a finding together, by what stands for each in `units`."""
        return frozenset(self._unit_of[self._streams[need]] for need in self._needs.get(affected, ()))

    def _order(self, name: PackageName) -> Order:
        return order_of(name[0], self._system)

    def _needs_of(self, affected: Affected) -> list[Need]:
        """One for each package and version that fixes it; of a language's package, whose copies are upgraded by one
        change, the highest version that fixes."""
        fixes: dict[PackageName, dict[str, list[Package]]] = {}
        for package in affected.packages:
            fixes.setdefault(name_of(package), {}).setdefault(fixed_version(package.fixed_in), []).append(package)
        return [need for name, by_fix in fixes.items() for need in self._needs_of_package(name, by_fix)]

    def _needs_of_package(self, name: PackageName, by_fix: Mapping[str, list[Package]]) -> Iterable[Need]:
        joined: dict[str, list[Package]] = {}
        order = self._order(name)
        best = highest(by_fix, order) if name[0] not in ("os", "") else ""
        for to, packages in by_fix.items():
            joined.setdefault(best if best and key_of(to, order) is not None else to, []).extend(packages)
        return (Need(name, to, tuple(packages)) for to, packages in joined.items())

    def _streams_of(self, needs: Iterable[Need]) -> dict[Need, Stream]:
        by_name: dict[PackageName, list[Need]] = {}
        for need in needs:
            by_name.setdefault(need.name, []).append(need)
        found: dict[Need, Stream] = {}
        for name, alike in by_name.items():
            alike.sort(key=lambda need: (need.to, need.installed))
            numbers = streams([(need.installed, need.to) for need in alike], self._order(name))
            found.update((need, (name, number)) for need, number in zip(alike, numbers, strict=True))
        return found

    def _sources(self) -> Joined[Stream]:
        """Packages of the system that one finding names with the same version are built from one source."""
        joined = Joined[Stream]()
        for needs in self._needs.values():
            first: dict[str, Stream] = {}
            for need in needs:
                if need.name[0] == "os":
                    stream = self._streams[need]
                    joined.join(first.setdefault(without_epoch(need.to), stream), stream)
        return joined

    def _fill(self) -> None:
        by_stream: dict[Stream, list[Need]] = {}
        for need, stream in self._streams.items():
            by_stream.setdefault(stream, []).append(need)
        for stream, needs in by_stream.items():
            unit = self.units.setdefault(self._unit_of[stream], Unit())
            unit.members[stream] = _member(needs, self._order(stream[0]))
        for unit in self.units.values():
            _level(unit, order_of("OS", self._system))


def _member(needs: Sequence[Need], order: Order) -> Member:
    versions = {need.to for need in needs}
    to = highest(versions, order) or min(versions)
    remediations = (package.remediation for need in needs if equal(need.to, to, order) for package in need.packages)
    return Member(
        to=without_epoch(to),
        installed=sorted({without_epoch(version) for need in needs for version in need.installed}),
        manager=min(package.manager for need in needs for package in need.packages),
        remediation=min(filter(None, remediations), default=""),
    )


def _level(unit: Unit, order: Order) -> None:
    """Give packages of one source the highest version of them all: they depend on each other's exact version.

    A unit with two streams of a package has two versions.
    """
    readable = {member.to: member for member in unit.members.values() if key_of(member.to, order) is not None}
    if len(readable) < 2 or len({name for name, _ in unit.members}) < len(unit.members):
        return
    best = readable[highest(readable, order)]
    for stream, member in unit.members.items():
        unit.members[stream] = replace(member, to=best.to, remediation=best.remediation)
