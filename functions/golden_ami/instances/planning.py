"""Plans what an execution does next: launch a wave of instances, start scans, await them, or come to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from golden_ami import deadlines
from golden_ami.aws.clients import Clients
from golden_ami.contracts import Contract
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.models import Ami, Failure, Run
from golden_ami.parallel import side_by_side
from golden_ami.settings import Settings
from golden_ami.stage import is_collectable, is_running, is_startable, needs_launch
from golden_ami.times import iso, now

# Events of an execution's history from which on findings are collected only when no scan runs any more: an execution
# may have 25,000 (Step Functions Developer Guide, "Service quotas"), and ends at them without any Catch.
PARTIAL_UNTIL = 15_000

Next = Literal["LAUNCH", "WAIT", "START", "AWAIT", "FINISH"]


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
    wait_seconds: int
    running: int
    left: int  # launched in no wave yet


def plan_wave(
    run_id: str,
    execution_arn: str,
    launches: Sequence[Iteration],
    findings: Sequence[Iteration],
    settings: Settings,  # noqa: ARG001
    clients: Clients,
    ledger: Ledger,
) -> Plan:
    """Note what the last turn left undone, allot AMIs to a wave, and say what comes next. May be repeated.

    Raises botocore's ClientError and `errors`.
    """
    run, amis = ledger.run_and_amis(run_id)
    amis = _noted(amis, "Launch Instances", launches, _was_not_launched, ledger)
    amis = _noted(amis, "Tag Findings", findings, _was_not_collected, ledger)
    if not run.collects_at_end and _events(execution_arn, clients) >= PARTIAL_UNTIL:
        ledger.update_run(run_id, collects_at_end=True)
        logger.warning("events run short: findings are collected when no scan runs any more")
    amis = _allotted(run, amis, ledger)
    return _plan(run, amis)


def _plan(run: Run, amis: Sequence[Ami]) -> Plan:
    launched = [ami for ami in amis if needs_launch(ami) and ami.wave]
    running = sum(map(is_running, amis))
    return Plan(
        next=_next(run, amis, launched),
        number=max((ami.wave for ami in amis), default=0),
        batches=sorted({ami.batch for ami in launched}),
        wait_seconds=0,
        running=running,
        left=sum(map(needs_launch, amis)) - len(launched),
    )


def _next(run: Run, amis: Sequence[Ami], launched: Sequence[Ami]) -> Next:
    if launched:
        return "LAUNCH"
    if any(map(is_startable, amis)):
        return "START"
    if any(is_running(ami) or is_collectable(ami) for ami in amis):
        return "AWAIT"
    # What scanners made for the run is removed by Check Run, which Await Completion leads to.
    return "AWAIT" if any(ami.scan for ami in amis) and not run.closed else "FINISH"


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
        failure = Failure(step=step, error=ended[ami.batch].error or "Unknown")
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


def _allotted(run: Run, amis: Sequence[Ami], ledger: Ledger) -> list[Ami]:
    """The AMIs, with the wave of those that are launched now; what an earlier try has allotted stands."""
    waiting = [ami for ami in amis if needs_launch(ami)]
    if not waiting or any(ami.wave for ami in waiting):
        return list(amis)
    number = max(ami.wave for ami in amis) + 1
    ledger.update_run(run.run_id, expires_at=deadlines.expiry(run.config.waits, iso(now())))
    return _with(amis, side_by_side(lambda ami: ledger.update_ami(ami, wave=number), waiting))
