"""A lineage's findings over time: which finding is the same one, and what an assessment changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from golden_ami.models import Assessment, FindingKind
from golden_ami.package_names import lasting, may_be_one
from golden_ami.register.looked import could_show
from golden_ami.register.model import Entry, FindingIdentity, Header

_AMIS = 1000  # of a lineage, those assessed last; of others only the dates of their findings are kept
_OF_EACH = 2  # assessments: a repeated report still finds the one before its own


class Register:
    """The entries of a lineage, by identity. `lost` says what of its past cannot be read; "" when all is there."""

    def __init__(self, header: Header, entries: Iterable[Entry] = (), lost: str = "") -> None:
        self.lineage = header.lineage
        self.assessments = header.assessments
        self.lost = lost
        self.lost_at = header.lost_at
        self.lost_of: dict[str, str] = {}  # AMI id -> what of its own past cannot be read
        self.known: set[str] = set()  # AMI ids that were assessed before, in whichever lineage
        self.changed = False  # since it was read
        self.moved: dict[str, str] = {}  # AMI id -> the lineage ("account/region/lineage") that it had before
        self.entries: list[Entry] = []
        self._exact: dict[FindingIdentity, int] = {}
        self._like: dict[str, list[int]] = {}
        self._renamed: set[int] = set()  # numbers of entries whose packages had other names when they were kept
        for entry in entries:
            self.add(entry)

    # ------------------------------------------------------------ findings

    def add(self, entry: Entry) -> int:
        """Take an entry in; its number."""
        number = len(self.entries)
        self.entries.append(entry)
        self._like.setdefault(entry.vulnerability, []).append(number)
        self._name(number, entry)
        return number

    def restore(self, entry: Entry) -> None:
        """Take in an entry that was kept, by the names that its packages have now; of two that name one, one stays."""
        packages = [(kind, lasting(kind, name)) for kind, name in entry.packages]
        renamed = packages != entry.packages
        if renamed:
            entry.packages = list(dict.fromkeys(packages))
        known = [number for number in self.same(entry.identities) if renamed or number in self._renamed]
        number = known[0] if known else self.add(entry)
        if known:
            self._join(number, entry)
        if renamed:
            self._renamed.add(number)

    def _join(self, number: int, entry: Entry) -> None:
        known = self.entries[number]
        known.on |= entry.on
        known.gone_since = max(known.gone_since, entry.gone_since) if known.gone_since and entry.gone_since else ""
        self.see(number, entry)

    def _name(self, number: int, entry: Entry) -> None:
        for identity in entry.identities:
            self._exact.setdefault(identity, number)

    def same(self, identities: Sequence[FindingIdentity]) -> list[int]:
        """Numbers of the entries with one of the identities."""
        found = (self._exact.get(identity) for identity in identities)
        return list(dict.fromkeys(number for number in found if number is not None))

    def like(self, identities: Sequence[FindingIdentity]) -> Iterator[int]:
        """Numbers of the entries that may be the same: a member that one side does not tell matches any."""
        for number in self._like.get(identities[0][0], ()):
            if any(may_be_same(identity, own) for identity in identities for own in self.entries[number].identities):
                yield number

    def oldest_like(self, identities: Sequence[FindingIdentity]) -> list[int]:
        """The number of the oldest entry that may be the same, if there is one."""
        found = min(self.like(identities), key=lambda number: self.entries[number].first_seen, default=None)
        return [] if found is None else [found]

    def see(self, number: int, seen: Entry) -> None:
        """Note that a finding was seen (again): the earliest date, the latest, and each package that is told."""
        entry = self.entries[number]
        entry.first_seen = min(entry.first_seen, seen.first_seen)
        if seen.last_seen >= entry.last_seen:
            entry.last_seen, entry.severity, entry.occurrences = seen.last_seen, seen.severity, seen.occurrences
        entry.uncertain = entry.uncertain or seen.uncertain
        entry.kind = seen.kind if entry.kind == "anyPackages" else entry.kind
        if entry.packages != seen.packages:
            entry.packages = _told([*entry.packages, *seen.packages])
            self._name(number, entry)

    # ------------------------------------------------------------ assessments

    def number_of(self, assessment: Assessment) -> int:
        """The number of an assessment, whose bit the entries carry."""
        return self.assessments.index(assessment)

    def before(self, completed_at: str, run_id: str) -> list[Assessment]:
        """The assessments that an assessment of this run can be compared with: those of its run, and earlier ones."""
        return [one for one in self.assessments if one.run_id == run_id or one.completed_at <= completed_at]

    def looked_since_loss(self, ami_id: str, kind: FindingKind) -> bool:
        """Whether the kind was looked at since a part of the past was lost: on this AMI, or on any when it is new."""
        own = {ami_id} if ami_id in self.known else {one.ami_id for one in self.assessments}
        since = (one for one in self.assessments if one.completed_at >= self.lost_at and one.ami_id in own)
        return any(could_show(kind, one.looked_at) for one in since)

    def first_at(self, ami_id: str) -> str:
        """When the AMI was first assessed in this lineage; "" when it was not."""
        return min((one.first_at or one.completed_at for one in self.assessments if one.ami_id == ami_id), default="")

    def found_by(self, assessment: Assessment) -> Iterator[int]:
        """Numbers of the entries that the assessment found."""
        bit = 1 << self.number_of(assessment)
        return (number for number, entry in enumerate(self.entries) if entry.on & bit)

    def record(self, assessment: Assessment, found: Iterable[int]) -> None:
        """Note a complete assessment and the entries that it found; of its run's earlier report nothing stays."""
        again = [one for one in self.assessments if (one.run_id, one.key) == (assessment.run_id, assessment.key)]
        self._forget(again)
        bit = 1 << len(self.assessments)
        self.assessments.append(assessment)
        for number in found:
            self.entries[number].on |= bit
        self._forget(self._too_many(assessment.ami_id))

    def _too_many(self, ami_id: str) -> list[Assessment]:
        """Earlier assessments of the AMI, and of the AMIs that were not assessed for longest."""
        own = sorted((one for one in self.assessments if one.ami_id == ami_id), key=_time)
        newest: dict[str, str] = {}
        for one in self.assessments:
            newest[one.ami_id] = max(newest.get(one.ami_id, ""), one.completed_at)
        kept = {*sorted(newest, key=lambda one: newest[one])[-_AMIS:]}
        return [*own[:-_OF_EACH], *(one for one in self.assessments if one.ami_id not in kept)]

    def _forget(self, gone: Sequence[Assessment]) -> None:
        """Remove assessments, and their bits."""
        if not gone:
            return
        numbers = [number for number, one in enumerate(self.assessments) if one in gone]
        self.assessments = [one for one in self.assessments if one not in gone]
        for entry in self.entries:
            for number in reversed(numbers):  # a smaller number is moved by no greater one
                entry.on = entry.on & (1 << number) - 1 | entry.on >> number + 1 << number

    # ------------------------------------------------------------ other registers

    def adopt(self, other: Register, assessments: Sequence[Assessment]) -> None:
        """Take over what another register knows of findings, and these assessments of it."""
        for entry in other.entries:
            self._adopted(entry)
        self.lost_at = max(self.lost_at, other.lost_at)
        for assessment in sorted(assessments, key=_time):
            if assessment not in self.assessments:
                found = [self._adopted(other.entries[number]) for number in other.found_by(assessment)]
                self.record(assessment, found)

    def _adopted(self, entry: Entry) -> int:
        known = self.same(entry.identities) or self.oldest_like(entry.identities)
        if not known:
            return self.add(_without_assessments(entry))
        self.see(known[0], entry)
        return known[0]


def _without_assessments(entry: Entry) -> Entry:
    return Entry(
        entry.vulnerability, list(entry.packages), entry.kind, entry.severity, entry.first_seen, entry.last_seen,
        entry.gone_since, entry.source, entry.occurrences, entry.uncertain,
    )  # fmt: skip


def _told(packages: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each package once, without those of which another one tells more."""
    whole = [one for one in packages if all(one)]
    vague = (
        one for one in packages if not all(one) and not any(may_be_same(("", *one), ("", *other)) for other in whole)
    )
    return list(dict.fromkeys([*whole, *vague]))


def may_be_same(one: FindingIdentity, other: FindingIdentity) -> bool:
    """Whether two identities of a vulnerability may be of one finding: what one does not tell matches any."""
    (_, kind, name), (_, other_kind, other_name) = one, other
    if not name or not other_name:
        return kind == other_kind or not kind or not other_kind
    if kind and other_kind:
        return (kind, name) == (other_kind, other_name)
    return may_be_one(name, other_name)  # how a name is spelled, too, is told by its ecosystem


def _time(assessment: Assessment) -> tuple[str, str]:
    return assessment.completed_at, assessment.run_id
