"""Which AMIs a run launches next, so that their instances fit a quota of vCPUs. Pure.

A run has room for what its quota leaves beside its own instances; those of others are not known, and a launch that EC2
refuses for them shows what the run may have. EC2 counts an instance until it has terminated; how long that takes is not
documented, so the room of one that was ended just now is waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from golden_ami.models import Ami

ENDING = timedelta(seconds=75)  # from its termination for which an instance is taken to hold its vCPUs; an assumption
SETTLED = timedelta(minutes=5)  # after which it holds them no more: a refusal is then not for an instance of ours


class Capacity(NamedTuple):
    """What the launches of a run that share a quota may take. In vCPUs."""

    limit: int | None  # that the run is taken to have at once; None: not known
    largest: int | None  # of an instance that fits at all; None: not known
    held: int  # by its instances that run
    ending: int  # by those that were ended just now
    settled: bool  # whether none of its instances runs, or was ended in the last minutes


class Share(NamedTuple):
    """What becomes of the AMIs that wait for a pool."""

    launched: list[Ami]  # now
    too_large: list[Ami]  # not one of them fits, with no instance of the run beside it
    awaits_ending: bool  # a wave starts when what is ending has ended


def share(waiting: Sequence[Ami], pool: Capacity) -> Share:
    """The AMIs, in their order, that are launched now.

    A wave keeps a run from collecting while it boots. So it starts only when it takes at least half of what fits at
    all, or all that is left, or when no instance of the run holds the pool.
    """
    if pool.limit is None:
        return Share(list(waiting), [], awaits_ending=False)
    fitting = [ami for ami in waiting if pool.largest is None or vcpus(ami) <= pool.largest]
    too_large = [ami for ami in waiting if ami not in fitting] if pool.settled else []
    whole, room = _filled(fitting, pool.limit), pool.limit - pool.held
    if pool.settled:  # what the limit does not take may fit alone: the limit was shown beside others
        return Share(whole or fitting[:1], too_large, awaits_ending=False)
    now, later = _filled(fitting, room - pool.ending), _filled(fitting, room)

    def is_enough(some: Sequence[Ami]) -> bool:
        half = 2 * total(some) >= total(whole)
        return bool(some) and (half or len(some) == len(fitting) or not pool.held)

    launched = now if is_enough(now) and (pool.held or not pool.ending or 2 * total(now) >= total(later)) else []
    return Share(launched, too_large, awaits_ending=not launched and is_enough(later))


def capacity_of(amis: Iterable[Ami], quota: int | None, at: datetime) -> Capacity:
    """The pool of AMIs that share a quota, as their rows tell at an instant; `quota` is what Service Quotas says.

    A launch that EC2 refused for the quota shows a limit: what the run held then, with what might not have ended yet.
    An instance that was refused with nothing beside it does not fit, nor does one as large.
    """
    rows = list(amis)
    refused = sorted((ami for ami in rows if ami.deferred_at), key=lambda ami: read(ami.deferred_at))
    beside = [total(one for one in rows if _holds(one, read(ami.deferred_at), SETTLED)) for ami in refused]
    alone = [vcpus(ami) - 1 for ami, others in zip(refused, beside, strict=True) if not others]
    largest = min([*alone, *([] if quota is None else [quota])], default=None)
    limit = min([*beside[-1:], *([] if largest is None else [largest])], default=None)
    held = total(ami for ami in rows if ami.instance_id and not ami.terminated_at)
    ending = total(ami for ami in rows if ami.terminated_at and _holds(ami, at, ENDING))
    settled = not any(_holds(ami, at, SETTLED) for ami in rows)
    return Capacity(limit, largest, held, ending, settled)


def vcpus(ami: Ami) -> int:
    """Of the AMI's instance; at least one where EC2 does not tell."""
    return max(1, ami.vcpus)


def total(amis: Iterable[Ami]) -> int:
    """The vCPUs of AMIs together."""
    return sum(map(vcpus, amis))


def read(instant: str) -> datetime:
    """An instant of a row."""
    return datetime.fromisoformat(instant)


def _holds(ami: Ami, at: datetime, after: timedelta) -> bool:
    """Whether the AMI's instance may hold its vCPUs at an instant, and for so long after its termination."""
    if not ami.instance_id or not ami.launched_at or read(ami.launched_at) > at:
        return False
    return not ami.terminated_at or read(ami.terminated_at) + after > at


def _filled(amis: Iterable[Ami], room: int) -> list[Ami]:
    """As many as the room takes, in their order; one that does not fit is passed over."""
    taken: list[Ami] = []
    for ami in amis:
        if vcpus(ami) <= room:
            taken.append(ami)
            room -= vcpus(ami)
    return taken
