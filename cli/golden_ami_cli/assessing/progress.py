"""What happens in a run, state by state, while it happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal

from rich.live import Live
from rich.text import Text

from golden_ami.characters import printable
from golden_ami.events import Event
from golden_ami_cli.console import Console

StepOutcome = Literal["done", "trouble", "failed"]

_QUIET = ("Choice", "Pass", "Succeed", "Fail")  # kinds of states that take no time and say nothing
_NOTABLE = timedelta(seconds=1)  # what takes less is shown without a duration
_STYLES: dict[StepOutcome, str] = {"done": "green", "trouble": "yellow", "failed": "bold red"}


@dataclass(frozen=True)
class ProgressStep:
    """One line of progress. Durations are those of the history: a local run's are emulated."""

    at: timedelta  # since the start of the execution
    name: str
    outcome: StepOutcome
    took: timedelta | None = None
    detail: str = ""


@dataclass
class Current:
    """The state that the execution is in."""

    name: str
    entered: timedelta
    iterations: int = 0
    iterations_over: int = 0
    note: str = ""
    troubled: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.iterations_over}/{self.iterations}" if self.iterations else self.name


@dataclass
class Steps:
    """Reads a history's events in their order and tells the steps in them.

    The iterations of a Map are counted, not told one by one. The definition has no Parallel and its Maps are inline,
    so whatever happens between a Map's entry and its exit belongs to its iterations. A state that comes again (the
    loops that ask for agents and for the assessment) is told again only when it has something else to say.
    """

    started: datetime | None = None
    current: Current | None = None
    _map: bool = field(default=False, repr=False)
    _told: set[tuple[str, StepOutcome, str]] = field(default_factory=set, repr=False)

    def feed(self, event: Event) -> ProgressStep | None:
        """The step that an event tells of, if any."""
        step = self._step(event)
        if step is None or (key := (step.name, step.outcome, step.detail)) in self._told:
            return None
        self._told.add(key)
        return step

    def _step(self, event: Event) -> ProgressStep | None:
        if self.started is None:
            self.started = event["timestamp"]
        at = event["timestamp"] - self.started
        kind: str = event["type"]
        if kind.startswith("Execution"):
            return _ended(at, kind, event)
        if kind.endswith("StateEntered"):
            self._enter(at, kind.removesuffix("StateEntered"), event)
            return None
        if kind.endswith("StateExited"):
            return self._exit(at, kind.removesuffix("StateExited"), event)
        if self.current and kind == "MapStateStarted":
            self.current.iterations = event["mapStateStartedEventDetails"]["length"]
        elif self.current and kind in ("MapIterationSucceeded", "MapIterationFailed"):
            self.current.iterations_over += 1
        elif self.current and kind.endswith(("Failed", "TimedOut")) and not kind.startswith("Map"):
            return self._trouble(at, kind, event, self.current)
        return None

    def _enter(self, at: timedelta, kind: str, event: Event) -> None:
        if not self._map and kind not in _QUIET:
            self._map = kind == "Map"
            self.current = Current(event["stateEnteredEventDetails"]["name"], at)

    def _exit(self, at: timedelta, kind: str, event: Event) -> ProgressStep | None:
        if kind in _QUIET or self.current is None or (self._map and kind != "Map"):
            return None
        state, self.current, self._map = self.current, None, False
        detail = state.note or _detail(state.name, event["stateExitedEventDetails"].get("output", ""))
        if state.troubled and not detail:  # its Catch took over; the trouble is told already
            return None
        return ProgressStep(state.entered, state.name, "done", at - state.entered, detail)

    def _trouble(self, at: timedelta, kind: str, event: Event, state: Current) -> ProgressStep | None:
        details = _details(kind, event)
        if kind == "TaskTimedOut" and details.get("resource", "").endswith("waitForTaskToken"):
            state.note = "no message yet"  # expected: Inspector is asked instead
            return None
        state.troubled = True
        return ProgressStep(at, state.name, "trouble", detail=details.get("error") or kind)


def _ended(at: timedelta, kind: str, event: Event) -> ProgressStep | None:
    if kind == "ExecutionSucceeded":
        return ProgressStep(at, "Execution", "done", detail="succeeded")
    if kind in ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"):
        words = {"ExecutionFailed": "failed", "ExecutionTimedOut": "timed out", "ExecutionAborted": "aborted"}
        return ProgressStep(
            at, "Execution", "failed", detail=": ".join(filter(None, [words[kind], _details(kind, event).get("error")]))
        )
    return None


def _details(kind: str, event: Event) -> Mapping[str, Any]:
    return event.get(f"{kind[0].lower()}{kind[1:]}EventDetails") or {}


# ------------------------------------------------------------ what a state's output says


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _counts(part: Mapping[str, Any], *names: str) -> str:
    return ", ".join(f"{part[name]} {name}" for name in names if part[name])


def _launched(output: Mapping[str, Any]) -> str:
    launched = sum(launch["launch"]["launched"] for launch in output["launches"] if "launch" in launch)
    return _plural(launched, "instance")


def _planned(output: Mapping[str, Any]) -> str:
    wave = output["wave"]
    left = f", {wave['left']} left for later" if wave["left"] else ""
    return f"wave {wave['number']}{left}" if wave["next"] == "LAUNCH" and (left or wave["number"] > 1) else ""


def _terminated(counts: Mapping[str, Any]) -> str:
    return f"{counts['terminated']} terminated, {counts['running']} running"


def _tagged(output: Mapping[str, Any]) -> str:
    return _plural(sum(batch["tagging"]["findings"] for batch in output["findings"] if "tagging" in batch), "finding")


def _verdict(result: Mapping[str, Any]) -> str:
    """Of Aggregate; one from before executions had an output of their own has it beside the error."""
    return str(result.get("output", result)["verdict"]).replace("_", " ")


_DETAILS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "Load Config": lambda output: _plural(output["run"]["assessable"], "AMI") + " to assess",
    "Plan Wave": _planned,
    "Launch Instances": _launched,
    "Check Agents": lambda output: "agents: " + _counts(output["agents"], "ready", "waiting", "failed"),
    "Check Run": lambda output: "scans: " + _counts(output["run"]["assessment"], "completed", "running", "failed"),
    "Tag Findings": _tagged,
    "Terminate": lambda output: _terminated(output["ended"] if "ended" in output else output["instances"]),
    "Terminate All": lambda output: _terminated(output["instances"]),
    "Aggregate": lambda output: _verdict(output["result"]),
}


def _detail(state: str, output: str) -> str:
    try:
        return _DETAILS[state](json.loads(output))
    except (KeyError, TypeError, ValueError):  # a caught fault leaves no result, and another definition other states
        return ""


# ------------------------------------------------------------ showing it


def clock(duration: timedelta) -> str:
    """A duration as h:mm:ss.

    >>> clock(timedelta(seconds=3661.4))
    '1:01:01'
    """
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def line(step: ProgressStep) -> Text:
    """A step as one line: when, which state, how long, what came of it."""
    took = clock(step.took) if step.took and step.took >= _NOTABLE else ""
    text = Text.assemble(
        (clock(step.at), "dim"),
        "  ",
        (f"{printable(step.name):<24}", _STYLES[step.outcome]),
        f"{took:>8}  {printable(step.detail)}",
    )
    text.rstrip()
    return text


class ProgressDisplay:
    """Shows a run on a console: lines, and on a terminal the current state below them.

    It starts no thread: every event redraws, so the embedded AWS alone decides when time passes.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps = Steps()
        animated = console.is_terminal and not console.is_dumb_terminal
        self._live = Live(console=console, auto_refresh=False, transient=True) if animated else None

    def __enter__(self) -> ProgressDisplay:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def event(self, event: Event) -> None:
        """Show an event of the history."""
        step = self._steps.feed(event)
        if step:
            self._console.print(line(step), soft_wrap=True)
        if self._live:
            self._live.update(self._now(event["timestamp"]), refresh=True)

    def _now(self, instant: datetime) -> Text:
        state, started = self._steps.current, self._steps.started
        if state is None or started is None:
            return Text()
        return Text(f"{clock(instant - started)}  {printable(str(state))} …", style="cyan")
