"""Plans what an execution does next: launch a wave of instances, start scans, await them, or come to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from golden_ami import deadlines
from golden_ami.aws.clients import Clients
from golden_ami.batches import Batch, batches_of
from golden_ami.contracts import Contract
from golden_ami.engines.registry import traits
from golden_ami.failures import COLLECT, LAUNCH, failure_of
from golden_ami.instances.budget import PARTIAL_UNTIL, exhausted
from golden_ami.instances.quotas import Quota, quota, quota_of
from golden_ami.instances.refusals import over_quota
from golden_ami.instances.waves import Capacity, Share, capacity_of, share, spread
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.models import Ami, Reason, Run
from golden_ami.parallel import side_by_side
from golden_ami.places import Place, place_of
from golden_ami.reasons import launching
from golden_ami.settings import Settings
from golden_ami.stage import is_collectable, is_running, is_startable, needs_launch
from golden_ami.times import iso, now

ROOM = 30  # seconds between two looks for room

Next = Literal["LAUNCH", "BOOT", "WAIT", "START", "AWAIT", "FINISH"]


class Iteration(Contract):
    """One iteration of a Map state, as it stands in the execution's state."""

    batch: str
    wave: int = 0  # of Launch Instances
    error: str = ""  # name of the fault that it ended with


class Plan(NamedTuple):
    """What comes next. Counts are AMIs."""

    next: Next
    number: int  # of the wave
    batches: list[str]  # of the AMIs that are launched now
    items: list[Batch]  # the same, with those AMIs
    wait_seconds: int
    running: int
    left: int  # launched in no wave yet


def plan_wave(
    run_id: str,
    execution_arn: str,
    launches: Sequence[Iteration],
    findings: Sequence[Iteration],
    settings: Settings,
    clients: Clients,
    ledger: Ledger,
) -> Plan:
    """Note what the last turn left undone, allot AMIs to a wave, and say what comes next. May be repeated.

    Raises botocore's ClientError and `errors`.
    """
    run, amis = ledger.run_and_amis(run_id)
    amis = _noted(amis, LAUNCH, launches, _was_not_launched, ledger)
    amis = _noted(amis, COLLECT, findings, _was_not_collected, ledger)
    events = _events(execution_arn, clients)
    if not run.collects_at_end and events >= PARTIAL_UNTIL:
        ledger.update_run(run_id, collects_at_end=True)
        logger.warning("events run short: findings are collected when no scan runs any more")
    wave = _allotted(run, amis, events, settings, clients, ledger)
    return _plan(run, wave)


class _Wave(NamedTuple):
    """The AMIs with what was decided of them."""

    amis: Sequence[Ami]
    number: int
    awaits_ending: bool = False  # another starts when instances that are ending have ended


def _plan(run: Run, wave: _Wave) -> Plan:
    launched = [ami for ami in wave.amis if needs_launch(ami) and ami.wave]
    items = batches_of(launched)
    left = sum(map(needs_launch, wave.amis)) - len(launched)
    return Plan(
        next=_next(run, wave, launched, left),
        number=wave.number,
        batches=[one.batch for one in items],
        items=items,
        wait_seconds=ROOM,
        running=sum(map(is_running, wave.amis)),
        left=left,
    )


def _next(run: Run, wave: _Wave, launched: Sequence[Ami], left: int) -> Next:
    if launched:
        return "LAUNCH"
    startable = [ami for ami in wave.amis if is_startable(ami)]
    if any(ami.instance_id for ami in startable):
        return "BOOT"
    if startable:
        return "START"
    if wave.awaits_ending:
        return "WAIT"
    if any(is_running(ami) or is_collectable(ami) for ami in wave.amis):
        return "AWAIT"
    if left:
        return "WAIT"
    # What scanners made for the run is removed by Check Run, which Await Completion leads to.
    return "AWAIT" if any(ami.scan for ami in wave.amis) and not run.closed else "FINISH"


# ---------------------------------------------------------------- what the last turn left undone


def _was_not_launched(ami: Ami, iteration: Iteration) -> bool:
    return needs_launch(ami) and ami.wave == iteration.wave


def _was_not_collected(ami: Ami, _: Iteration) -> bool:
    return is_collectable(ami)


def _noted(
    amis: Sequence[Ami],
    step: str,
    iterations: Iterable[Iteration],
    undone: Callable[[Ami, Iteration], bool],
    ledger: Ledger,
) -> list[Ami]:
    """The AMIs, with the failure of those for which a step that ended has not done its work: nobody tries again."""
    ended = {one.batch: one for one in iterations}

    def note(ami: Ami) -> Ami:
        failure = failure_of(ami, step, ended[ami.batch].error)
        logger.error("a step failed", extra={"ami": ami.key, "step": step, "error": failure.error})
        return ledger.update_ami(ami, failure=failure)

    left = [ami for ami in amis if ami.batch in ended and undone(ami, ended[ami.batch])]
    return _with(amis, side_by_side(note, left))


def _with(amis: Iterable[Ami], changed: Iterable[Ami]) -> list[Ami]:
    by_key = {ami.key: ami for ami in changed}
    return [by_key.get(ami.key, ami) for ami in amis]


def _events(execution_arn: str, clients: Clients) -> int:
    """The events of the execution's history so far: their ids count from 1 (Step Functions API Reference)."""
    states = clients.client("stepfunctions")
    answer = states.get_execution_history(executionArn=execution_arn, reverseOrder=True, maxResults=1)
    return max((int(event["id"]) for event in answer["events"]), default=0)


# ---------------------------------------------------------------- the wave


def _allotted(
    run: Run, amis: Sequence[Ami], events: int, settings: Settings, clients: Clients, ledger: Ledger
) -> _Wave:
    """The AMIs, with the wave of those that are launched now; what an earlier try has allotted stands."""
    waiting = [ami for ami in amis if needs_launch(ami)]
    if not waiting or any(ami.wave for ami in waiting):
        return _Wave(amis, run.waves)
    pools = _pools(amis, settings)
    shares = [_share(key, pools[key], clients) for key in dict.fromkeys(_pool_key(ami, settings) for ami in waiting)]
    launched = spread(ami for share, _ in shares for ami in share.launched)
    idle = not any(is_running(ami) or is_startable(ami) or is_collectable(ami) for ami in amis)
    if run.waves and (launched or idle) and (why := exhausted(run, amis, events, len(launched))):
        reason = launching.RUN_BUDGET_EXHAUSTED(why=why)
        return _Wave(_with(amis, side_by_side(lambda ami: ledger.not_assessed(ami, reason), waiting)), run.waves)
    refused = [(ami, pool) for share, pool in shares for ami in share.too_large]
    amis = _with(amis, side_by_side(lambda one: ledger.not_assessed(one[0], _over(*one)), refused))
    if not launched:
        return _Wave(amis, run.waves, any(share.awaits_ending for share, _ in shares))
    number = run.waves + 1
    ledger.update_run(run.run_id, waves=number, expires_at=deadlines.expiry(run.config.waits, iso(now())))
    return _Wave(_with(amis, side_by_side(lambda ami: ledger.update_ami(ami, wave=number), launched)), number)


def _pool_key(ami: Ami, settings: Settings) -> tuple[Place, Quota]:
    return place_of(ami, settings), quota_of(ami.entry.instance_type)


def _pools(amis: Iterable[Ami], settings: Settings) -> dict[tuple[Place, Quota], list[Ami]]:
    """The AMIs that need an instance, by place and quota."""
    pools: dict[tuple[Place, Quota], list[Ami]] = {}
    for ami in amis:
        if traits(ami.engine).needs_instances:
            pools.setdefault(_pool_key(ami, settings), []).append(ami)
    return pools


def _share(key: tuple[Place, Quota], amis: Sequence[Ami], clients: Clients) -> tuple[Share, Capacity]:
    place, kind = key
    pool = capacity_of(amis, quota(place, kind.code, clients), now())
    held_back = {ami.engine for ami in amis if is_running(ami) and traits(ami.engine).one_wave_at_a_time}
    return share([ami for ami in amis if needs_launch(ami) and ami.engine not in held_back], pool), pool


def _over(ami: Ami, pool: Capacity) -> Reason:
    if ami.deferred_at:
        why = "EC2 has refused it for an hour, with no instance of this run beside it (VcpuLimitExceeded)"
        return over_quota(ami, why)
    return over_quota(ami, f"the quota of vCPUs has room for no instance of more than {pool.largest} in this run")
