"""What a run has used, as its history and the ledger tell, beside its estimate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from golden_ami.events import Event
from golden_ami.models import Ami, Config
from golden_ami.usage.estimate import (
    INSPECTOR_AMIS,
    INSPECTOR_CIS,
    INSPECTOR_INSTANCES,
    LAMBDA,
    TRANSITIONS,
    VOLUMES,
    estimate,
    instances_of,
    launches,
)
from golden_ami.usage.history import ended_at, lambda_gb_seconds, terminated_at, transitions
from golden_ami.usage.lines import UsageLine
from golden_ami.usage.prices import Prices


def used_by(
    config: Config, amis: Sequence[Ami], events: Sequence[Event], prices: Prices, now: datetime, to_come: int = 0
) -> list[UsageLine]:
    """The estimate for a run, with what it has used until now beside it.

    Without events the history is not known: transitions and Lambda are None then, and instances count until now.
    `to_come` are the transitions that the history cannot have yet.
    """
    used = _of_instances(amis, terminated_at(events) or now) | _of_scans(amis)
    if events:
        used[TRANSITIONS] = transitions(events) + to_come
        used[LAMBDA] = lambda_gb_seconds(events, ended_at(events) or now)
    lines = estimate(config, amis, prices)
    for line in lines:
        line.actual = used.get(line.what)
        if line.actual is not None and line.most_cost is not None:
            line.actual_cost = line.actual * (line.most_cost / line.most if line.most else 0.0)
    return lines


def _of_instances(amis: Sequence[Ami], ended: datetime) -> dict[str, float]:
    """Minutes by the estimate's lines."""
    kinds = launches(amis)
    by_kind = dict.fromkeys(kinds, 0.0)
    volumes = inspector = 0.0
    for ami in amis:
        if not ami.instance_id or not ami.launched_at:
            continue
        minutes = max(0.0, (ended - datetime.fromisoformat(ami.launched_at)).total_seconds() / 60)
        by_kind[ami.entry.instance_type] = by_kind.get(ami.entry.instance_type, 0.0) + minutes
        volumes += minutes * sum(ami.volumes.values())
        inspector += minutes if ami.engine == "instance" else 0
    used = {instances_of(kind, kinds[kind]): minutes for kind, minutes in by_kind.items()}
    return used | {VOLUMES: volumes, INSPECTOR_INSTANCES: inspector}


def _of_scans(amis: Sequence[Ami]) -> dict[str, float]:
    """Scans that were completed, by the estimate's lines. With CIS, a scan is completed when the benchmark is too."""
    completed = Counter(ami.engine for ami in amis if ami.scan_status in ("COMPLETED", "PARTIAL"))
    return {INSPECTOR_AMIS: completed["ami"], INSPECTOR_CIS: completed["instance"]}
