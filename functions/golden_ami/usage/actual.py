"""What a run has used, as its history and the ledger tell, beside its estimate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from golden_ami.engines.registry import ENGINES, part
from golden_ami.events import Event
from golden_ami.models import NO_BATCH, Ami, Config
from golden_ami.places import Place
from golden_ami.usage.estimate import (
    ADDRESSES,
    INVOCATIONS,
    LAMBDA,
    TRANSITIONS,
    VOLUMES,
    addresses,
    by_place,
    estimate,
    instances_of,
    launches,
    named,
)
from golden_ami.usage.history import ended_at, invoked, lambda_gb_seconds, terminated_at, transitions
from golden_ami.usage.lines import UsageLine
from golden_ami.usage.prices import Prices


def used_by(
    config: Config,
    amis: Sequence[Ami],
    events: Sequence[Event],
    prices: Prices,
    home: Place,
    now: datetime,
    to_come: int = 0,
) -> list[UsageLine]:
    """The estimate for a run, with what it has used until now beside it.

    Without events the history is not known: transitions and Lambda are None then. An instance whose end the ledger
    does not have counts until Terminate All was over, or now.
    `to_come` are the transitions that the history cannot have yet.
    """
    ended = terminated_at(events) or now
    used: dict[str, float] = {}
    planned = [ami for ami in amis if ami.batch != NO_BATCH]
    for place, group in by_place(planned).items():
        here = _of_instances(config, group, ended) | _of_engines(group, ended)
        used |= {named(what, place, planned): amount for what, amount in here.items()}
    if events:
        used[TRANSITIONS] = transitions(events) + to_come
        used[LAMBDA] = lambda_gb_seconds(events, ended_at(events) or now)
        used[INVOCATIONS] = invoked(events)
    lines = estimate(config, amis, prices, home)
    for line in lines:
        line.actual = used.get(line.what)
        if line.actual is not None and line.most_cost is not None:
            line.actual_cost = line.actual * (line.most_cost / line.most if line.most else 0.0)
    return lines


def _of_instances(config: Config, amis: Sequence[Ami], ended: datetime) -> dict[str, float]:
    """Minutes by the estimate's lines."""
    kinds = launches(amis)
    by_kind = dict.fromkeys(kinds, 0.0)
    volumes = addressed = 0.0
    for ami, minutes in _lifetimes(amis, ended):
        by_kind[ami.entry.instance_type] = by_kind.get(ami.entry.instance_type, 0.0) + minutes
        volumes += minutes * sum(ami.volumes.values())
        addressed += minutes * addresses(config, [ami])
    used = {instances_of(kind, kinds[kind]): minutes for kind, minutes in by_kind.items()}
    return used | {VOLUMES: volumes, ADDRESSES: addressed}


def _of_engines(amis: Sequence[Ami], ended: datetime) -> dict[str, float]:
    """What the engines used, by the estimate's lines."""
    minutes = dict.fromkeys(ENGINES, 0.0)
    for ami, lived in _lifetimes(amis, ended):
        minutes[ami.engine] += lived
    completed = Counter(ami.engine for ami in amis if ami.scan_status in ("COMPLETED", "PARTIAL"))
    used: dict[str, float] = {}
    for engine in ENGINES:
        used |= part(engine, "usage").used(minutes[engine], completed[engine])
    return used


def _lifetimes(amis: Sequence[Ami], ended: datetime) -> Iterator[tuple[Ami, float]]:
    """The AMIs of which an instance was launched, and its minutes until it was terminated, else until `ended`."""
    for ami in amis:
        if ami.instance_id and ami.launched_at:
            until = datetime.fromisoformat(ami.terminated_at) if ami.terminated_at else ended
            yield ami, max(0.0, (until - datetime.fromisoformat(ami.launched_at)).total_seconds() / 60)
