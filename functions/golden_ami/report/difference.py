"""What changed since an earlier assessment: new, still open, fixed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from golden_ami.models import SEVERITIES, Ami, Assessment, Data, Severity
from golden_ami.report.identity import day_of
from golden_ami.report.model import Change, Comparison, Item
from golden_ami.report.versions import number_of

_DIGITS = "0123456789"


class Earlier(Data):
    """A line of the standings of an earlier assessment, read as far as comparing needs it."""

    identities: list[tuple[str, str, str, str]]
    severity: Severity
    type: str
    since: str


class Baseline:
    """An earlier assessment, indexed by identity. A finding is the same one if any of its identities is."""

    def __init__(self, assessment: Assessment, standings: Iterable[Earlier]) -> None:
        self.assessment = assessment
        self._standings = list(standings)
        self._index = {key: at for at, standing in enumerate(self._standings) for key in standing.identities}
        self._seen: set[int] = set()
        self._new = self._open = 0
        self._oldest: date | None = None

    def match(self, keys: Sequence[tuple[str, str, str, str]]) -> date | None:
        """The day since which the finding was known then; None when it was not. Counts it as open or new."""
        found = [at for key in keys if (at := self._index.get(key)) is not None]
        if not found:
            self._new += 1
            return None
        self._seen.update(found)
        self._open += 1
        since = date.fromisoformat(min([self._standings[at].since for at in found]))
        if self._oldest is None or since < self._oldest:
            self._oldest = since
        return since

    def comparison(self, ami: Ami, today: date, new_items: list[Item], most: int) -> Comparison:
        """The outcome, once every finding of the present assessment was matched."""
        then = self.assessment
        note, fixed = "", [standing for at, standing in enumerate(self._standings) if at not in self._seen]
        if ami.scan_status == "PARTIAL":
            note, fixed = "this scan was partial: what it does not show may still be there", []
        elif ami.engine != then.engine:
            note = f"the engine was {then.engine} then: only package vulnerabilities can be seen as fixed"
            fixed = [standing for standing in fixed if standing.type == "PACKAGE_VULNERABILITY"]
        fixed.sort(key=lambda standing: SEVERITIES.index(standing.severity))
        return Comparison(
            run_id=then.run_id,
            ami_id=then.ami_id,
            completed_at=then.completed_at,
            new=self._new,
            open=self._open,
            fixed=len(fixed),
            oldest_days=(today - self._oldest).days if self._oldest else 0,
            note=note,
            new_items=new_items,
            fixed_items=[_item(standing) for standing in fixed[:most]],
        )


def _item(standing: Earlier) -> Item:
    vulnerability, package, _, path = standing.identities[0]
    return Item(vulnerability=vulnerability, severity=standing.severity, package=package or path, since=standing.since)


def first_seen(observed_at: str, known: Iterable[date | None], today: date) -> date:
    """The day of a finding's first observation in its lineage: Inspector's own, ours of earlier runs, or today.

    Inspector's own is the day of the scan where every scan has an instance of its own.
    """
    since = min(day_of(observed_at) or today, today)
    for day in known:
        if day and day < since:
            since = day
    return since


def change_of(known: Sequence[date | None]) -> Change:
    """How a finding stands against the first baseline, the one that counts; "" without any."""
    if not known:
        return ""
    return "OPEN" if known[0] else "NEW"


def last_assessment(ami: Ami, history: Iterable[Assessment]) -> Assessment | None:
    """The last complete assessment of the same AMI in an earlier run; `history` is newest first."""
    return next((one for one in history if one.ami_id == ami.ami_id and _is_base(one, ami)), None)


def _is_base(one: Assessment, ami: Ami) -> bool:
    return one.run_id != ami.run_id and not one.partial


def previous_ami(ami: Ami, history: Sequence[Assessment], completed_at: str) -> Assessment | None:
    """The last complete assessment of the AMI before this one in its lineage.

    AMIs of a lineage follow each other by their first assessment; those first assessed together by their names, in
    which digits count as numbers.
    """
    first: dict[str, tuple[str, list[tuple[int, str]]]] = {ami.ami_id: (completed_at, natural(ami.name))}
    for one in history:
        rank = (one.completed_at, natural(one.name))
        first[one.ami_id] = min(first.get(one.ami_id, rank), rank)
    older = [one for one in history if not one.partial and first[one.ami_id] < first[ami.ami_id]]
    return max(older, key=lambda one: (first[one.ami_id], one.completed_at), default=None)


def natural(name: str) -> list[tuple[int, str]]:
    """A sort key in which "v9" comes before "v10"."""
    return [number_of(part) if part[0] in _DIGITS else (-1, part) for part in re.split("([0-9]+)", name) if part]
