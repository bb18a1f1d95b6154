"""Which AMIs a run launches next, so that their instances fit a quota of vCPUs. Pure.

A run has room for what its quota leaves beside its own instances; those of others are not known, and a launch that EC2
refuses for them shows what the run may have, for a while: others come and go. EC2 counts an instance until it has
terminated; how long that takes is not documented, so the room of one that was ended just now is waited for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from golden_ami.models import Ami
from golden_ami.stage import is_open

ENDING = timedelta(seconds=75)  # from its termination for which an instance is taken to hold its vCPUs; an assumption
SETTLED = timedelta(minutes=5)  # after which it holds them no more: a refusal is then not for an instance of ours
RECOVERY = timedelta(minutes=15)  # from a refusal until twice the room that it showed is tried
RETRY = timedelta(minutes=5)  # from a refusal with no instance of the run beside it until the next launch
PATIENCE = timedelta(hours=1)  # of such refusals; after that, what was refused is taken not to fit at all
AT_ONCE = 40  # AMIs of a batch in one wave: what Launch Instances launches within its time-out, at EC2's rate (pacing)
_SKEW = timedelta(minutes=1)  # between EC2's clock, which tells of a launch, and the function's, of a refusal


class Capacity(NamedTuple):
    """What the launches of a run that share a quota may take. In vCPUs."""

    limit: int | None  # that the run is taken to have at once; None: not known
    largest: int | None  # of an instance that fits at all; None: not known
    held: int  # by its instances that run
    ending: int  # by those that were ended just now
    settled: bool  # whether none of its instances runs, or was ended in the last minutes
    resting: bool = False  # whether the last launch was refused in the last minutes, with none of them beside it


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
    if pool.resting:
        return Share([], too_large, awaits_ending=False)
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
    The limit doubles with the time that has passed. What was refused for an hour with nothing of the run beside it does
    not fit, nor does one as large. An instance that is done with and could not be terminated counts as others' do.
    """
    rows = [ami for ami in amis if not ami.instance_id or ami.terminated_at or is_open(ami)]
    misfits = [vcpus(ami) - 1 for ami in rows if _never_fitted(ami, rows)]
    largest = min([*misfits, *([] if quota is None else [quota])], default=None)
    refused = max((ami.deferred_at for ami in rows if ami.deferred_at), key=read, default="")
    learnt = [_room_shown(rows, read(refused), at)] if refused else []
    limit = min([*learnt, *([] if largest is None else [largest])], default=None)
    held = total(ami for ami in rows if ami.instance_id and not ami.terminated_at)
    ending = total(ami for ami in rows if ami.terminated_at and _holds(ami, at, ENDING))
    settled = not any(_holds(ami, at, SETTLED) for ami in rows)
    resting = bool(refused) and at - read(refused) < RETRY and not _beside(rows, read(refused), SETTLED)
    return Capacity(limit, largest, held, ending, settled, resting)


def spread(launched: Iterable[Ami]) -> list[Ami]:
    """Of AMIs that may be launched, those of this wave: no more of a batch than one invocation launches."""
    of_batch: Counter[str] = Counter()
    taken = []
    for ami in launched:
        of_batch[ami.batch] += 1
        if of_batch[ami.batch] <= AT_ONCE:
            taken.append(ami)
    return taken


def vcpus(ami: Ami) -> int:
    """Of the AMI's instance; at least one where EC2 does not tell."""
    return max(1, ami.vcpus)


def total(amis: Iterable[Ami]) -> int:
    """The vCPUs of AMIs together."""
    return sum(map(vcpus, amis))


def read(instant: str) -> datetime:
    """An instant of a row."""
    return datetime.fromisoformat(instant)


def _never_fitted(ami: Ami, rows: Iterable[Ami]) -> bool:
    """Whether EC2 has refused the AMI's launch for an hour with no instance of the run beside it."""
    if not ami.deferred_at:
        return False
    since, last = read(ami.deferred_since or ami.deferred_at), read(ami.deferred_at)
    return last - since >= PATIENCE and not _beside(rows, last, PATIENCE)


def _room_shown(rows: Iterable[Ami], refused: datetime, at: datetime) -> int:
    """The vCPUs that a refusal shows the run to have, doubled for each RECOVERY since then."""
    doublings: int = max(timedelta(), at - refused) // RECOVERY
    return max(1, _beside(rows, refused, SETTLED)) << doublings


def _beside(rows: Iterable[Ami], at: datetime, after: timedelta) -> int:
    """The vCPUs that instances of the run held at an instant, or might, so long after their termination."""
    return total(ami for ami in rows if _holds(ami, at, after))


def _holds(ami: Ami, at: datetime, after: timedelta) -> bool:
    """Whether the AMI's instance may hold its vCPUs at an instant, and for so long after its termination."""
    if not ami.instance_id or not ami.launched_at or read(ami.launched_at) - _SKEW > at:
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
