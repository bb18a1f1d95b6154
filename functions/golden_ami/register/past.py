"""What is known of an AMI's lineage while it is assessed, and what the assessment adds to it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

from golden_ami.models import Ami, Assessment, Finding, FindingKind
from golden_ami.natural_order import Number, natural_order
from golden_ami.register.looked import could_show, kind_of
from golden_ami.register.model import Entry, FindingIdentity, Header
from golden_ami.register.register import Register, may_be_same

Change = Literal["NEW", "OPEN", ""]  # "": nothing to compare with, or what it was compared with did not look at it


class Known(NamedTuple):
    """What an AMI's past says of a finding."""

    since: str  # ISO date of the first observation in the lineage
    uncertain: bool  # it may be older
    changes: tuple[Change, ...]  # against each of the compared assessments
    again: bool  # this scan told of it before: other paths, architectures or versions


class Compared:
    """An earlier assessment, counted against."""

    def __init__(self, register: Register, assessment: Assessment) -> None:
        self.assessment = assessment
        self.new = self.open = 0
        self.oldest = ""  # ISO date
        self._bit = 1 << register.number_of(assessment)
        self._register = register

    def change(self, known: Sequence[Entry], kind: FindingKind) -> Change:
        """What became of a finding since; `known` are its entries."""
        if any(self.found(entry) for entry in known):
            return "OPEN"
        return "NEW" if could_show(kind, self.assessment.looked_at) else ""

    def found(self, entry: Entry) -> bool:
        """Whether it found this one."""
        return bool(entry.on & self._bit)

    def count(self, change: Change, since: str) -> None:
        """Count a finding, once for each identity."""
        self.new += change == "NEW"
        self.open += change == "OPEN"
        if change == "OPEN" and (not self.oldest or since < self.oldest):
            self.oldest = since

    def gone(self, seen: set[int], looked: Sequence[FindingKind]) -> list[Entry]:
        """What it found, and an assessment that looked at these kinds does not."""
        entries = self._register.entries
        left = (entries[number] for number in self._register.found_by(self.assessment) if number not in seen)
        return [entry for entry in left if could_show(entry.kind, looked)]


class Past:
    """The past of one AMI: what it is compared with, and what is found now.

    Nothing is written to the register before `record`, so that an assessment that fails leaves no trace.
    """

    def __init__(self, register: Register, ami: Ami, looked: Sequence[FindingKind], completed_at: str) -> None:
        self.register, self.looked = register, looked
        self._ami, self._completed_at = ami, completed_at
        self._today = completed_at[:10]
        found = (last_assessment(ami, register, completed_at), previous_ami(ami, register, completed_at))
        self.compared = [Compared(register, one) for one in found if one]
        self._seen: dict[int, Entry] = {}  # by number of the register's entry
        self._new = Register(Header(lineage=register.lineage))  # what the register does not hold yet
        self._taken: dict[int, int] = {}  # by number: findings that were only like it
        self._matched: dict[FindingIdentity, int] = {}  # the numbers of those that say all
        self._expected: set[int] = set()  # entries whose very identity is among the findings

    @property
    def lost(self) -> str:
        """What of it cannot be read; "" when all is there."""
        return self.register.lost or self.register.lost_of.get(self._ami.ami_id, "")

    def expect(self, identities: Sequence[FindingIdentity]) -> None:
        """Keep what is these for the finding that says so: no other, which says less, is taken for it."""
        self._expected.update(self.register.same(_whole(identities)))

    def match(
        self, finding: Finding, identities: Sequence[FindingIdentity], observed: str, grace_days: int = 0
    ) -> Known:
        """Which finding it is, since when it is known, what changed. `observed`: ISO date that its source gives.

        A finding that the register did not know and that comes within `grace_days` of a loss may have paused over it.
        """
        kind = kind_of(finding)
        whole = _whole(identities)
        same = self.register.same(whole) or [self._matched[one] for one in whole if one in self._matched][:1]
        again = [] if same else self._new.same(identities)
        like = [] if same or again else self._like(identities)
        known = [self.register.entries[number] for number in same or like]
        known += [self._new.entries[number] for number in again]
        alike = [*known, *self._vague(identities)]
        since = min([observed, *(entry.first_seen for entry in alike)])
        uncertain = any(entry.uncertain for entry in alike) or self._is_doubtful(kind, 0 if alike else grace_days)
        changes = tuple(one.change(known, kind) for one in self.compared)
        seen = Entry(
            identities[0][0], [(one[1], one[2]) for one in identities], kind, finding.severity, since,
            self._today, source=finding.source, uncertain=uncertain,
        )  # fmt: skip
        first = self._note(seen, same, like, again)
        if first:
            for one, change in zip(self.compared, changes, strict=True):
                one.count(change, since)
        return Known(since, uncertain, changes, again=not first)

    def _is_doubtful(self, kind: FindingKind, grace_days: int) -> bool:
        """Whether a finding of the kind may be older than the register knows, as a part of the past was lost."""
        if self.lost or not self.register.lost_at:
            return bool(self.lost)
        since = date.fromisoformat(self._today) - date.fromisoformat(self.register.lost_at[:10])
        return since.days < grace_days or not self.register.looked_since_loss(self._ami.ami_id, kind)

    def _vague(self, identities: Sequence[FindingIdentity]) -> list[Entry]:
        """Entries of a source that said less, and so may be of this finding: of dates, the earliest counts."""
        entries = (self.register.entries[number] for number in self.register.like(identities))
        return [entry for entry in entries if any(not all(package) for package in entry.packages)]

    def _like(self, identities: Sequence[FindingIdentity]) -> list[int]:
        """The entry that may be the same and stands for no other of these findings: what the AMI had, then the oldest.

        What says no more than that it is one of several known findings is an occurrence of one of them.
        """
        found = sorted(self.register.like(identities), key=self._likeness)
        for number in found:
            if number not in self._expected and self._taken.get(number, 0) < self.register.entries[number].occurrences:
                self._taken[number] = self._taken.get(number, 0) + 1
                return [number]
        return found[:1] if any(not all(identity) for identity in identities) else []

    def _likeness(self, number: int) -> tuple[list[bool], str]:
        """Sorts entries: those that the assessments had with which this one is compared, then the oldest."""
        entry = self.register.entries[number]
        return [not one.found(entry) for one in self.compared], entry.first_seen

    def _note(self, seen: Entry, same: Sequence[int], like: Sequence[int], again: Sequence[int]) -> bool:
        """Keep what was seen; whether it is the first of its identity in this assessment."""
        if again:
            self._again(self._new.entries[again[0]], seen)
            return False
        if like and (other := self._seen.get(like[0])) and not _may_be_same(other, seen):
            seen.on = self.register.entries[like[0]].on  # one entry stood for two, which can be told apart now
            like = []
        if like:
            self._matched |= dict.fromkeys(_whole(seen.identities), like[0])
        numbers = [*same, *like]
        if not numbers:
            self._new.add(seen)
            return True
        first = not any(number in self._seen for number in numbers)
        for number in numbers:
            if number in self._seen:
                self._again(self._seen[number], seen)
            else:
                self._seen[number] = seen
        return first

    @staticmethod
    def _again(known: Entry, seen: Entry) -> None:
        known.occurrences += 1
        known.first_seen = min(known.first_seen, seen.first_seen)
        known.packages += [one for one in seen.packages if one not in known.packages]

    def fixed(self, compared: Compared) -> list[Entry]:
        """What the earlier assessment found and this one would show, and does not."""
        return compared.gone({*self._seen}, self.looked)

    def record(self, assessment: Assessment) -> None:
        """Add the assessment to the register: what it saw, and what the lineage's newest AMI has no more."""
        newest = is_newest(self._ami, self.register, self._completed_at)
        found = self.remember()
        if newest:
            self._note_gone({*found})
        if not assessment.partial:
            self.register.record(assessment, found)

    def remember(self) -> list[int]:
        """Note what was seen and when, which is all that an AMI that is NOT ASSESSED adds; the entries' numbers."""
        self.register.changed = True
        if self.register.lost:
            self.register.lost_at = self._completed_at
        found = []
        for number, seen in self._seen.items():
            self.register.see(number, seen)
            found.append(number)
        return found + [self.register.add(entry) for entry in self._new.entries]

    def _note_gone(self, found: set[int]) -> None:
        for number, entry in enumerate(self.register.entries):
            if number in found:
                entry.gone_since = ""
            elif not entry.gone_since and could_show(entry.kind, self.looked):
                entry.gone_since = self._today


def _whole(identities: Sequence[FindingIdentity]) -> list[FindingIdentity]:
    """Those that say all: only they name one finding."""
    return [identity for identity in identities if all(identity)]


def _may_be_same(one: Entry, other: Entry) -> bool:
    return any(may_be_same(mine, theirs) for mine in one.identities for theirs in other.identities)


def last_assessment(ami: Ami, register: Register, completed_at: str) -> Assessment | None:
    """The last assessment of the AMI in another run, before this one."""
    earlier = register.before(completed_at, ami.run_id)
    own = (one for one in earlier if one.ami_id == ami.ami_id and one.run_id != ami.run_id)
    return max(own, key=lambda one: one.completed_at, default=None)


def previous_ami(ami: Ami, register: Register, completed_at: str) -> Assessment | None:
    """The last assessment of the AMI before this one in its lineage.

    AMIs of a lineage follow each other by their first assessment; those first assessed together by their names, in
    which digits count as numbers.
    """
    ranks = _ranks(ami, register, completed_at)
    earlier = register.before(completed_at, ami.run_id)
    older = [one for one in earlier if ranks[one.ami_id] < ranks[ami.ami_id]]
    return max(older, key=lambda one: (ranks[one.ami_id], one.completed_at), default=None)


def is_newest(ami: Ami, register: Register, completed_at: str) -> bool:
    """Whether no AMI of the lineage comes after this one."""
    ranks = _ranks(ami, register, completed_at)
    return ranks[ami.ami_id] == max(ranks.values())


_Rank = tuple[str, list[Number]]


def _ranks(ami: Ami, register: Register, completed_at: str) -> dict[str, _Rank]:
    ranks: dict[str, _Rank] = {ami.ami_id: (completed_at, natural_order(ami.name))}
    for one in register.assessments:
        rank = (one.first_at or one.completed_at, natural_order(one.name))
        ranks[one.ami_id] = min(ranks.get(one.ami_id, rank), rank)
    return ranks
