"""What happened in one execution: visits of states, their attempts, and the iterations of Map states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

StateStatus = Literal["failed", "timed-out", "aborted", "running", "caught", "retried", "succeeded", "not-reached"]

# From the most to the least noteworthy: what a state that was visited several times is shown as.
STATUSES: tuple[StateStatus, ...] = (
    "failed",
    "timed-out",
    "aborted",
    "running",
    "caught",
    "retried",
    "succeeded",
    "not-reached",
)


def worst(statuses: Iterator[StateStatus]) -> StateStatus:
    """The most noteworthy of the statuses; not-reached when there is none."""
    return min(statuses, key=STATUSES.index, default="not-reached")


@dataclass(slots=True)
class Attempt:
    """One try of a task: from its scheduling to its result."""

    number: int
    started: datetime
    ended: datetime | None = None
    submitted: datetime | None = None  # a callback task: since then the execution waits for the callback
    error: str = ""
    cause: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.error)


@dataclass(slots=True)
class Visit:
    """One stay of the execution in a state. `event` is the id of the event that entered it."""

    event: int
    name: str
    type: str  # Task, Map, Wait, Choice, Pass, Parallel, Succeed, Fail
    path: tuple[str, ...]  # names of the states around it and its own
    entered: datetime
    frame: Frame = field(repr=False)
    exited: datetime | None = None
    status: StateStatus = "running"
    input: str | None = None  # JSON text, as Step Functions recorded it
    output: str | None = None
    error: str = ""
    cause: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)  # iterations of a Map, branches of a Parallel

    @property
    def duration(self) -> timedelta:
        return (self.exited or self.entered) - self.entered

    @property
    def open(self) -> bool:
        return self.exited is None


@dataclass(slots=True)
class Frame:
    """A sequence of visits: the execution itself, an iteration of a Map, or a branch of a Parallel."""

    owner: Visit | None = None
    index: int = 0
    label: str = ""  # the item of an iteration: for this project, the AMI
    started: datetime | None = None
    ended: datetime | None = None
    status: StateStatus = "running"
    visits: list[Visit] = field(default_factory=list)


@dataclass(slots=True)
class Step:
    """One event, in the shape of the table."""

    id: int
    previous: int
    type: str
    at: datetime
    state: str
    item: str
    visit: int  # the event that entered the state; 0 outside every state
    input: str | None
    output: str | None
    error: str
    cause: str


@dataclass(slots=True)
class ExecutionHistory:
    """One execution."""

    run_id: str
    arn: str
    status: str  # RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED
    started: datetime
    stopped: datetime | None  # None: it still runs
    last: datetime  # the end, or the latest event of a running execution
    input: str
    output: str
    error: str
    cause: str
    definition: dict[str, Any]
    root: Frame
    steps: list[Step]
    verdict: str = ""
    report: str = ""  # where the report is, as a link or an S3 address
    started_by: str = ""  # a schedule's ARN, or what the starter said of himself

    @property
    def duration(self) -> timedelta:
        return self.last - self.started

    def visits(self) -> Iterator[Visit]:
        """Every visit, in each frame in order of time, a Map's iterations after it."""
        yield from walk(self.root)


def walk(frame: Frame) -> Iterator[Visit]:
    """The visits of a frame and of all frames inside it."""
    for visit in frame.visits:
        yield visit
        for inner in visit.frames:
            yield from walk(inner)
