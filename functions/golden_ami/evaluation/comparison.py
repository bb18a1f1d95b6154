"""What changed since an earlier assessment: new, still open, fixed."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from golden_ami.evaluation.model import Comparison, Item
from golden_ami.evidence.requirements import is_partial
from golden_ami.models import SEVERITIES, Ami
from golden_ami.register.model import Entry
from golden_ami.register.past import Compared, Past


def comparison_of(
    compared: Compared, past: Past, ami: Ami, new_items: list[Item], limit: int, today: date
) -> Comparison:
    """What changed, after every finding of the present assessment was matched. `limit`: fixed items listed."""
    then = compared.assessment
    fixed = sorted(past.fixed(compared), key=lambda entry: SEVERITIES.index(entry.severity))
    return Comparison(
        run_id=then.run_id,
        ami_id=then.ami_id,
        completed_at=then.completed_at,
        new=compared.new,
        open=compared.open,
        fixed=len(fixed),
        oldest_days=(today - date.fromisoformat(compared.oldest)).days if compared.oldest else 0,
        note=_note(compared, past, ami),
        new_items=new_items,
        fixed_items=[_fixed_item(entry) for entry in fixed[:limit]],
    )


def _note(compared: Compared, past: Past, ami: Ami) -> str:
    then = compared.assessment
    if is_partial(ami):
        return "this scan was partial: what it does not show may still be there"
    if ami.engine != then.engine:
        return f"the engine was {then.engine} then: what only one of the two can see is neither new nor fixed"
    if {*past.looked} != {*then.looked_at}:
        return "not all was looked at both times: what only one of the two could see is neither new nor fixed"
    return ""


def _fixed_item(entry: Entry) -> Item:
    _, package = entry.packages[0]
    return Item(vulnerability=entry.vulnerability, severity=entry.severity, package=package, since=entry.first_seen)


@lru_cache(maxsize=1024)
def first_observed(observed_at: str, today: date) -> str:
    """The ISO date on which a finding was first observed, by its source; today where that says none, or one to come.

    `observed_at` is an instant in UTC, as `times.read` writes it. Inspector's own is the day of the scan where every
    scan has an instance of its own.
    """
    try:
        return min(date.fromisoformat(observed_at[:10]), today).isoformat()
    except ValueError:
        return today.isoformat()
