"""From the events of GetExecutionHistory to the model.

An event names the event before it (`previousEventId`); that chain, not the order of the ids, says to which iteration
an event belongs, since iterations of a Map run side by side.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from golden_ami.events import Event
from golden_ami.executions import run_id_of
from golden_ami_cli.history.model import Attempt, ExecutionHistory, Frame, StateStatus, Step, Visit, walk, worst

# The beginning of an attempt, and its ends, of the three kinds of task that Step Functions records.
_BEGIN = frozenset({"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled"})
_DONE = frozenset({"TaskSucceeded", "LambdaFunctionSucceeded", "ActivitySucceeded"})
_FAILURES = ("Failed", "TimedOut")
_ENDS: dict[str, StateStatus] = {
    "ExecutionSucceeded": "succeeded",
    "ExecutionFailed": "failed",
    "ExecutionTimedOut": "timed-out",
    "ExecutionAborted": "aborted",
}
_OF_STATUS: dict[str, StateStatus] = {
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "timed-out",
    "ABORTED": "aborted",
}


def parse(
    events: Sequence[Event],
    definition: Mapping[str, Any],
    description: Mapping[str, Any],
    labels: Mapping[str, str] | None = None,
) -> ExecutionHistory:
    """The history of an execution.

    `events` in the order of their ids; `description` is DescribeExecution's answer; times are datetimes or ISO text.
    `labels` gives an iteration's item (a batch of the run) a name that a person knows.
    """
    reader = _Reader(labels or {})
    for event in events:
        reader.read(event)
    status = str(description.get("status", "RUNNING"))
    stopped = instant(description["stopDate"]) if description.get("stopDate") else reader.ended
    last = stopped or reader.now
    reader.close(_OF_STATUS.get(status, "running"), last)
    arn = str(description.get("executionArn", ""))
    return ExecutionHistory(
        run_id=str(description.get("name") or run_id_of(arn)),
        arn=arn,
        status=status,
        started=instant(description["startDate"]) if description.get("startDate") else reader.began,
        stopped=None if status == "RUNNING" else last,
        last=last,
        input=str(description.get("input") or ""),
        output=str(description.get("output") or ""),
        error=str(description.get("error") or reader.error),
        cause=str(description.get("cause") or reader.cause),
        definition=dict(definition),
        root=reader.root,
        steps=reader.steps,
    )


def instant(value: Any) -> datetime:
    """A time as boto3 or the archive gives it, aware, in UTC."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def details_of(event: Event) -> Mapping[str, Any]:
    """The one member of an event that says what happened."""
    for name, value in event.items():
        if name.endswith("EventDetails") and isinstance(value, Mapping):
            return value
    return {}


class _Reader:
    """Reads events one by one. `_place` remembers where each event happened, for those that follow it."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels
        self._place: dict[int, tuple[Frame, Visit | None]] = {}
        self.root = Frame()
        self.steps: list[Step] = []
        self.began = self.now = datetime.fromtimestamp(0, UTC)
        self.ended: datetime | None = None
        self.error = self.cause = ""

    def read(self, event: Event) -> None:
        """Take in the next event."""
        kind, details = str(event["type"]), details_of(event)
        self.now = instant(event["timestamp"])
        before = self._place.get(int(event.get("previousEventId") or 0), (self.root, None))
        place = self._locate(event, kind, details, *before)
        self._place[int(event["id"])] = place
        self._note(event, kind, details, place[1])

    def _locate(
        self, event: Event, kind: str, details: Mapping[str, Any], frame: Frame, visit: Visit | None
    ) -> tuple[Frame, Visit | None]:
        if kind.startswith("Execution"):
            self._execution(kind, details, visit)
            if kind != "ExecutionRedriven":
                return self.root, None
            # Events may follow it, or the end before it, as those of a start follow none.
            self._place[int(event.get("previousEventId") or 0)] = resumed = self.root, self._resumed()
            return resumed
        if kind.endswith("StateEntered"):
            return self._enter(event, kind, details, frame, visit)
        if kind.endswith("StateExited"):
            visit = _enclosing(frame, visit, name=str(details.get("name")))
            if visit:
                self._exit(visit, details)
            return (visit.frame if visit else frame), visit
        if kind.startswith("MapIteration"):
            return self._iteration(kind, details, frame, visit)
        if kind.startswith(("MapState", "ParallelState")):
            visit = _enclosing(frame, visit, kind=kind.split("State")[0])
        if visit:
            self._inside(kind, details, visit)
        return (visit.frame if visit else frame), visit

    def _execution(self, kind: str, details: Mapping[str, Any], visit: Visit | None) -> None:
        if kind == "ExecutionStarted":
            self.began = self.root.started = self.now
        elif kind in _ENDS:
            self.ended = self.now
            self.error, self.cause = str(details.get("error") or ""), str(details.get("cause") or "")
            if kind == "ExecutionFailed" and visit:
                visit.error, visit.cause = visit.error or self.error, visit.cause or self.cause

    def _resumed(self) -> Visit | None:
        """The visit with which a redrive goes on; None where its state is entered again, as a Fail state is."""
        visit = self.root.visits[-1] if self.root.visits else None
        if not visit or not visit.open:
            return None
        for frame in visit.frames:
            if not frame.ended:
                _close(frame, "aborted", self.now)
                frame.ended, frame.status = self.now, "aborted"
        if visit.type != "Fail":
            return visit
        visit.exited, visit.status = self.now, "failed"
        return None

    def _enter(
        self, event: Event, kind: str, details: Mapping[str, Any], frame: Frame, before: Visit | None
    ) -> tuple[Frame, Visit | None]:
        if before and before.open and before.type == "Parallel":
            frame = Frame(owner=before, index=len(before.frames), started=self.now)
            frame.label = f"Branch {frame.index + 1}"
            before.frames.append(frame)
        elif before and before.open and before.frame is frame:
            self._exit(before, {})  # a state that was left without saying so
        name = str(details.get("name"))
        around = frame.owner.path if frame.owner else ()
        visit = Visit(int(event["id"]), name, kind.removesuffix("StateEntered"), (*around, name), self.now, frame)
        visit.input = details.get("input")
        frame.visits.append(visit)
        if frame.owner and frame.owner.type == "Map" and len(frame.visits) == 1:
            frame.label = _label(visit.input, frame.index, self._labels)
        return frame, visit

    def _exit(self, visit: Visit, details: Mapping[str, Any]) -> None:
        visit.exited = self.now
        visit.output = details.get("output")
        visit.status = "succeeded"
        if visit.error:
            visit.status = "caught"
        elif any(attempt.failed for attempt in visit.attempts):
            visit.status = "retried"

    def _iteration(
        self, kind: str, details: Mapping[str, Any], frame: Frame, visit: Visit | None
    ) -> tuple[Frame, Visit | None]:
        name, index = str(details.get("name")), int(details.get("index") or 0)
        if kind == "MapIterationStarted":
            owner = _enclosing(frame, visit, kind="Map", name=name) or _enclosing(frame, visit, kind="Map")
            frame = Frame(owner=owner, index=index, label=str(index), started=self.now)
            if owner:
                owner.frames.append(frame)
            return frame, None
        inner = _iteration_of(frame, visit, index, name)
        if inner:
            inner.ended = self.now
            inner.status = "succeeded" if kind.endswith("Succeeded") else "failed"
            if kind.endswith("Aborted"):
                inner.status = "aborted"
            _close(inner, inner.status, self.now)
            if inner.status == "succeeded":
                inner.status = worst(visit.status for visit in walk(inner))
        return inner or frame, visit

    def _inside(self, kind: str, details: Mapping[str, Any], visit: Visit) -> None:
        """An event between a state's entry and its exit."""
        failed = kind.endswith(_FAILURES)
        if kind in _BEGIN or kind in ("MapStateStarted", "ParallelStateStarted"):
            visit.attempts.append(Attempt(len(visit.attempts) + 1, self.now))
            visit.error = visit.cause = ""
        elif kind == "TaskSubmitted" and visit.attempts:
            visit.attempts[-1].submitted = self.now
        elif kind in _DONE or kind in ("MapStateSucceeded", "ParallelStateSucceeded"):
            if visit.attempts:
                visit.attempts[-1].ended = self.now
        elif failed:
            self._fail(details, visit)
        elif kind.endswith("StateAborted"):
            visit.exited, visit.status = self.now, "aborted"

    def _fail(self, details: Mapping[str, Any], visit: Visit) -> None:
        visit.error = str(details.get("error") or _inner_error(visit) or "States.TaskFailed")
        visit.cause = str(details.get("cause") or "")
        if not visit.attempts or visit.attempts[-1].ended:
            visit.attempts.append(Attempt(len(visit.attempts) + 1, visit.entered))
        attempt = visit.attempts[-1]
        attempt.ended, attempt.error, attempt.cause = self.now, visit.error, visit.cause

    def _note(self, event: Event, kind: str, details: Mapping[str, Any], visit: Visit | None) -> None:
        given = details.get("input", details.get("parameters"))
        self.steps.append(
            Step(
                id=int(event["id"]),
                previous=int(event.get("previousEventId") or 0),
                type=kind,
                at=self.now,
                state=visit.name if visit else str(details.get("name") or ""),
                item="",  # known once the iteration's first state is: see close
                visit=visit.event if visit else 0,
                input=given,
                output=details.get("output"),
                error=str(details.get("error") or ""),
                cause=str(details.get("cause") or ""),
            )
        )

    def close(self, status: StateStatus, at: datetime) -> None:
        """End what the execution's end cut off."""
        for step in self.steps:
            frame, _ = self._place[step.id]
            step.item = frame.label if frame.owner else ""
        self.root.status, self.root.ended = status, at
        if status != "running":
            _close(self.root, status, at)


def _enclosing(frame: Frame | None, visit: Visit | None, *, kind: str = "", name: str = "") -> Visit | None:
    """The visit itself, or the nearest around it, that is still open and of the kind and name."""
    while visit or frame:
        if visit and visit.open and kind in ("", visit.type) and name in ("", visit.name):
            return visit
        if visit:
            frame = visit.frame
        visit = frame.owner if frame else None
        frame = visit.frame if visit else None
    return None


def _iteration_of(frame: Frame | None, visit: Visit | None, index: int, name: str) -> Frame | None:
    """The iteration with this index, at the event or around it; else the open one of the nearest Map of that name."""
    around = frame
    while around:
        owner = around.owner
        if owner and owner.type == "Map" and around.index == index and name in ("", owner.name):
            return around
        around = owner.frame if owner else None
    owner = _enclosing(frame, visit, kind="Map", name=name)
    same = [inner for inner in (owner.frames if owner else []) if inner.index == index and not inner.ended]
    return same[-1] if same else None


def _close(frame: Frame, status: StateStatus, at: datetime) -> None:
    """Give what is still open in a frame the status that its end implies."""
    for visit in frame.visits:
        for inner in visit.frames:
            if not inner.ended:
                _close(inner, status, at)
                inner.ended, inner.status = at, status
        if visit.open:
            visit.exited = at
            visit.status = _ended(visit, status)


def _ended(visit: Visit, status: StateStatus) -> StateStatus:
    if visit.type == "Fail":
        return "failed"
    if status == "failed" and visit.error == "States.Timeout":
        return "timed-out"
    return status


def _inner_error(visit: Visit) -> str:
    errors = [inner.error for frame in visit.frames for inner in frame.visits if inner.error]
    return errors[-1] if errors else ""


def _label(text: str | None, index: int, labels: Mapping[str, str]) -> str:
    """What an iteration works on: its item if that is text, else the one text in it, else its number."""
    try:
        item = json.loads(text or "")
    except ValueError:
        return str(index)
    if isinstance(item, dict):
        texts = [value for value in item.values() if isinstance(value, str)]
        item = item.get("batch") or (texts[0] if len(texts) == 1 else None)
    return labels.get(item, item) if isinstance(item, str) else str(index)
