"""What changed since an earlier assessment: new, still open, fixed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

from golden_ami.evaluation.model import Change, Comparison, FindingIdentity, FindingStatus, Item
from golden_ami.evaluation.versions import number_of
from golden_ami.evidence.requirements import is_partial
from golden_ami.models import SEVERITIES, Ami, Assessment

_DIGITS = "0123456789"


class EarlierAssessment:
    """An earlier assessment, indexed by identity. A finding is the same one if any of its identities is."""

    def __init__(self, assessment: Assessment, statuses: Iterable[FindingStatus]) -> None:
        self.assessment = assessment
        self._statuses = list(statuses)
        self._index = {identity: at for at, status in enumerate(self._statuses) for identity in status.identities}
        self._matched: set[int] = set()
        self._new = self._open = 0
        self._oldest = ""  # ISO date

    def match(self, identities: Sequence[FindingIdentity]) -> str:
        """The ISO date since which the finding was known then; "" when it was not. Counts it as open or new."""
        found = [at for identity in identities if (at := self._index.get(identity)) is not None]
        if not found:
            self._new += 1
            return ""
        self._matched.update(found)
        self._open += 1
        since = min([self._statuses[at].since for at in found])
        if not self._oldest or since < self._oldest:
            self._oldest = since
        return since

    def comparison(self, ami: Ami, today: date, new_items: list[Item], limit: int) -> Comparison:
        """What changed, after every finding of the present assessment was matched. `limit`: fixed items listed."""
        then = self.assessment
        note, fixed = "", [status for at, status in enumerate(self._statuses) if at not in self._matched]
        if is_partial(ami):
            note, fixed = "this scan was partial: what it does not show may still be there", []
        elif ami.engine != then.engine:
            note = f"the engine was {then.engine} then: only package vulnerabilities can be seen as fixed"
            fixed = [status for status in fixed if status.type == "PACKAGE_VULNERABILITY"]
        fixed.sort(key=lambda status: SEVERITIES.index(status.severity))
        return Comparison(
            run_id=then.run_id,
            ami_id=then.ami_id,
            completed_at=then.completed_at,
            new=self._new,
            open=self._open,
            fixed=len(fixed),
            oldest_days=(today - date.fromisoformat(self._oldest)).days if self._oldest else 0,
            note=note,
            new_items=new_items,
            fixed_items=[_fixed_item(status) for status in fixed[:limit]],
        )


def _fixed_item(status: FindingStatus) -> Item:
    vulnerability, package, _, path = status.identities[0]
    return Item(vulnerability=vulnerability, severity=status.severity, package=package or path, since=status.since)


def first_observed(observed_at: str, known_since: Sequence[str], today: date) -> str:
    """The ISO date of a finding's first observation in its lineage: Inspector's own, ours of earlier runs, or today.

    `observed_at` is an instant in UTC, as `times.read` writes it.
    Inspector's own is the day of the scan where every scan has an instance of its own.
    """
    since = _observed(observed_at[:10], today)
    return min([since, *filter(None, known_since)]) if known_since else since


@lru_cache(maxsize=1024)
def _observed(day: str, today: date) -> str:
    """The ISO date, or today where it is none or to come."""
    try:
        return min(date.fromisoformat(day), today).isoformat()
    except ValueError:
        return today.isoformat()


def change_of(known_since: Sequence[str]) -> Change:
    """The change since the first of the earlier assessments, the one that counts; "" without any."""
    if not known_since:
        return ""
    return "OPEN" if known_since[0] else "NEW"


def last_assessment(ami: Ami, history: Iterable[Assessment]) -> Assessment | None:
    """The last complete assessment of the same AMI in an earlier run; `history` is newest first."""
    return next(
        (one for one in history if one.ami_id == ami.ami_id and one.run_id != ami.run_id and not one.partial), None
    )


def previous_ami(ami: Ami, history: Sequence[Assessment], completed_at: str) -> Assessment | None:
    """The last complete assessment of the AMI before this one in its lineage.

    AMIs of a lineage follow each other by their first assessment; those first assessed together by their names, in
    which digits count as numbers.
    """
    first: dict[str, tuple[str, list[tuple[int, str]]]] = {ami.ami_id: (completed_at, natural_order(ami.name))}
    for one in history:
        rank = (one.completed_at, natural_order(one.name))
        first[one.ami_id] = min(first.get(one.ami_id, rank), rank)
    older = [one for one in history if not one.partial and first[one.ami_id] < first[ami.ami_id]]
    return max(older, key=lambda one: (first[one.ami_id], one.completed_at), default=None)


def natural_order(name: str) -> list[tuple[int, str]]:
    """A sort key in which "v9" comes before "v10"."""
    return [number_of(part) if part[0] in _DIGITS else (-1, part) for part in re.split("([0-9]+)", name) if part]
