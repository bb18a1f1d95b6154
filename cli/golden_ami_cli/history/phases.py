"""Where the minutes of a run went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from golden_ami_cli.history.model import ExecutionHistory, Visit

BOOT, AGENTS, ROOM, ASSESSMENT, OURS = "boot", "agents", "room", "assessment", "ours"
LABELS = {
    BOOT: "Waiting for instances to boot",
    AGENTS: "Waiting for agents to answer",
    ROOM: "Waiting for room in the quota of vCPUs",
    ASSESSMENT: "Waiting for Inspector's assessment",
    OURS: "Our functions and transitions",
}
WAITS = {
    "Wait For Boot": BOOT,
    "Wait For Agents": AGENTS,
    "Wait For Room": ROOM,
}  # states of statemachine/assessment.asl.json
# These wait once their function has returned; in executions of an older definition, Start Run.
CALLBACKS = {"Await Completion": ASSESSMENT, "Start Run": ASSESSMENT}


@dataclass(frozen=True)
class Share:
    """One phase's part of the run's duration; the parts add up to it."""

    phase: str
    duration: timedelta
    fraction: float  # 0..1

    @property
    def label(self) -> str:
        return LABELS[self.phase]


def shares(history: ExecutionHistory) -> list[Share]:
    """The run's duration by phase. Only top-level states wait, so that nothing is counted twice."""
    spent = dict.fromkeys(LABELS, timedelta())
    for visit in history.root.visits:
        if visit.name in WAITS:
            spent[WAITS[visit.name]] += visit.duration
        elif visit.name in CALLBACKS:
            spent[CALLBACKS[visit.name]] += _awaited(visit)
    total = history.duration
    spent[OURS] = max(timedelta(), total - sum(spent.values(), timedelta()))
    return [Share(phase, time, time / total if total else 0.0) for phase, time in spent.items()]


def _awaited(visit: Visit) -> timedelta:
    waits = [(a.ended or visit.exited or a.submitted) - a.submitted for a in visit.attempts if a.submitted]
    return sum(waits, timedelta())


def human(duration: timedelta) -> str:
    """A duration as a person says it, in at most two units: "4 min 0 s", "850 ms"."""
    milliseconds = max(0, round(duration / timedelta(milliseconds=1)))
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 10_000:
        return f"{milliseconds / 1000:.1f} s"
    seconds = round(milliseconds / 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
