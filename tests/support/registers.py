"""The ledger's rows about lineages, in memory, and the past of an AMI."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from golden_ami.models import Ami, Assessment, Config, Point
from golden_ami.register.looked import looked_at
from golden_ami.register.model import Entry, Header, KnownAmi, RegisterNote
from golden_ami.register.past import Past
from golden_ami.register.register import Register


class History:
    """What the ledger keeps of lineages, AMIs and runs."""

    def __init__(self) -> None:
        self.notes: dict[str, RegisterNote] = {}
        self.known: dict[tuple[str, str, str], KnownAmi] = {}
        self.points: dict[str, dict[str, Point]] = {}
        self.lineages: set[str] = set()
        self.former: list[Assessment] = []  # of a release that had no registers

    def register_note(self, lineage: str) -> RegisterNote | None:
        return self.notes.get(lineage)

    def note_register(self, lineage: str, note: RegisterNote, before: RegisterNote | None) -> bool:
        if self.notes.get(lineage) != before:
            return False
        self.notes[lineage] = note
        return True

    def known_amis(self, amis: Iterable[tuple[str, str, str]]) -> list[KnownAmi]:
        return [self.known[one] for one in amis if one in self.known]

    def note_amis(self, amis: Iterable[KnownAmi]) -> None:
        amis = list(amis)
        self.lineages |= {one.lineage_key for one in amis}
        self.known |= {(one.account, one.region, one.ami_id): one for one in amis}

    def knows_lineage(self, lineage: str) -> bool:
        return lineage in self.lineages

    def assessments(self, lineage: str) -> list[Assessment]:
        found = (one for one in self.former if one.lineage == lineage)
        return sorted(found, key=lambda one: one.completed_at, reverse=True)

    def trend(self, parameter: str, limit: int) -> list[Point]:
        return sorted(self.points.get(parameter, {}).values(), key=lambda one: one.completed_at)[-limit:]

    def note_trend(self, parameter: str, points: Iterable[Point]) -> None:
        self.points.setdefault(parameter, {}).update({one.run_id: one for one in points})


def no_past(ami: Ami, completed_at: str) -> Past:
    """Of an AMI that was never assessed."""
    return Past(Register(Header(lineage="l")), ami, looked_at(ami, Config()), completed_at)


def past_with(ami: Ami, completed_at: str, entries: Sequence[Entry]) -> Past:
    """Of an AMI of whose lineage these findings are known."""
    return Past(Register(Header(lineage="l"), entries), ami, looked_at(ami, Config()), completed_at)
