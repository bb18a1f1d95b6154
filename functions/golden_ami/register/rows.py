"""Rows of the ledger about lineages, AMIs and the trend: what outlives a run."""

from __future__ import annotations

from collections.abc import Iterable

from golden_ami.models import Assessment, Deprecation, Point
from golden_ami.register.model import KnownAmi, RegisterNote
from golden_ami.storage import keys
from golden_ami.storage.rows import Rows, lasting_row, loaded, stored


class Lineages(Rows):
    """What later runs compare with, and where it is."""

    def register_note(self, lineage: str) -> RegisterNote | None:
        """Where the register of a lineage ("account/region/lineage") is; None where it has none."""
        item = self._table.get(keys.register_row(lineage))
        return loaded(item, RegisterNote) if item else None

    def note_register(self, lineage: str, note: RegisterNote, before: RegisterNote | None) -> bool:
        """Note where it is now; False, and nothing is changed, when it is not where it was `before`."""
        item = lasting_row(keys.register_row(lineage), stored(note))
        if before is None:
            return self._table.put(item, condition="attribute_not_exists(pk)")
        return self._table.put(item, condition="sha256 = :before", values={":before": before.sha256})

    def known_amis(self, amis: Iterable[tuple[str, str, str]]) -> list[KnownAmi]:
        """What is known of AMIs, given by account, region and AMI id."""
        found = self._table.get_many(keys.known_ami_row(*one) for one in amis)
        return sorted((loaded(item, KnownAmi) for item in found), key=lambda one: one.ami_id)

    def note_amis(self, amis: Iterable[KnownAmi]) -> None:
        """Note what is known of AMIs now, and that their lineages have registers."""
        listed = list(amis)
        rows = [lasting_row(keys.known_ami_row(one.account, one.region, one.ami_id), stored(one)) for one in listed]
        lineages = dict.fromkeys(one.lineage_key for one in listed)
        self._table.put_many([*rows, *(lasting_row(keys.known_lineage_row(one), {}) for one in lineages)])

    def deprecations(self, amis: Iterable[tuple[str, str, str]]) -> list[Deprecation]:
        """The deprecations that this system asked for of AMIs, given by account, region and AMI id."""
        return [loaded(item, Deprecation) for item in self._table.get_many(keys.deprecation_row(*one) for one in amis)]

    def note_deprecations(self, notes: Iterable[Deprecation]) -> None:
        """Note deprecations before EC2 is asked for them, or to take them back."""
        self._table.put_many(
            lasting_row(keys.deprecation_row(one.account, one.region, one.ami_id), stored(one)) for one in notes
        )

    def knows_lineage(self, lineage: str) -> bool:
        """Whether a lineage ("account/region/lineage") had a register once, wherever that is now."""
        return self._table.get(keys.known_lineage_row(lineage)) is not None

    def assessments(self, lineage: str) -> list[Assessment]:
        """The assessments of a lineage by a release that had no registers, newest first.

        Of a run that was reported twice, as it was redriven, the later one.
        """
        newest: dict[tuple[str, str], Assessment] = {}
        for item in self._table.query(keys.lineage_partition(lineage), forward=False):
            one = loaded(item, Assessment)
            newest.setdefault((one.run_id, one.key), one)
        return list(newest.values())

    def trend(self, parameter: str, limit: int) -> list[Point]:
        """The last points of a parameter's trend, oldest first; of a run that was reported twice, the later."""
        found = self._table.query(keys.trend_partition(parameter), forward=False, limit=limit)
        newest: dict[str, Point] = {}
        for item in found:
            point = loaded(item, Point)
            newest.setdefault(point.run_id, point)
        return list(newest.values())[::-1]

    def note_trend(self, parameter: str, points: Iterable[Point]) -> None:
        """Note points of the trend."""
        rows = ((keys.trend_row(parameter, one.completed_at, one.run_id), one) for one in points)
        self._table.put_many(self._row(key, stored(one)) for key, one in rows)
