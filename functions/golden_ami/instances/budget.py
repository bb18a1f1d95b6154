"""Whether an execution has the time and the events left for another wave. Pure.

An execution may have 25,000 events in its history (Step Functions Developer Guide, "Service quotas") and lasts a day;
at either bound it ends without any Catch. So before each wave what it needs is held against what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from golden_ami import deadlines
from golden_ami.executions import EVENT_LIMIT
from golden_ami.models import BATCHES, Ami, Run
from golden_ami.stage import TURNS, is_open
from golden_ami.usage.budget import AGENTS, LOOKS, TURN, agent_looks, completion_looks, events_of_pass

PARTIAL_UNTIL = 15_000  # events from which on findings are collected only when no scan runs any more
_ITERATION = 20  # events of one iteration of a Map, with a repetition
_LAUNCH = 35  # of Launch Instances outside its iterations, Plan Wave, Wait For Boot and Start Run, with a repetition
_ENDING = 500  # of Terminate All and Aggregate, with their repetitions


def exhausted(run: Run, amis: Sequence[Ami], events: int, launched: int) -> str:
    """Why the execution cannot take another wave of so many AMIs; "" when it can. `events` are those so far."""
    left, needed = deadlines.seconds_left(run), _seconds(run, amis)
    if left < needed:
        return (
            f"another wave takes up to {needed:,.0f} seconds, and {max(0.0, left):,.0f} are left of the execution's day"
        )
    alive = sum(is_open(ami) and bool(ami.instance_id or ami.scan) for ami in amis)
    room, wanted = EVENT_LIMIT - events - _ENDING, _events(run, launched + alive)
    if room < wanted:
        return f"another wave takes up to {wanted:,} events, of {EVENT_LIMIT:,} {max(0, room):,} are left"
    return ""


def _seconds(run: Run, amis: Iterable[Ami]) -> float:
    """How long another wave takes: as long as the slowest AMI so far, else its boot and what a scan is said to take."""
    waits = run.config.waits
    lived = [_between(ami.launched_at, ami.terminated_at) for ami in amis if ami.findings_key and ami.terminated_at]
    return max(lived, default=float(waits.boot_seconds + waits.assessment_seconds))


def _events(run: Run, amis: int) -> int:
    """The most events of a wave of so many AMIs, with its agents and looks at their bounds; no look is repeated."""
    waits = run.config.waits
    asks = events_of_pass(AGENTS, 0) * (agent_looks(waits) + 1)
    looks = events_of_pass(LOOKS, 0) * (completion_looks(waits) + 1)
    turns = events_of_pass(TURN) * (1 + min(amis, TURNS))
    return _LAUNCH + _ITERATION * (min(amis, BATCHES) + amis) + asks + looks + turns


def _between(since: str, until: str) -> float:
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
