"""How long a run waits for an AMI: each deadline counts from the AMI's own launch or start. Pure.

An execution ends after a day (TimeoutSeconds of the definition), and then no Catch runs (Step Functions Developer
Guide, "Handling errors"): what is to be collected is collected before that.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from golden_ami.executions import TIME_LIMIT
from golden_ami.models import Ami, Run, Waits
from golden_ami.times import iso, until

RESERVE = 7_200  # seconds of an execution's day for collecting, terminating and reporting, with their retries


def last_collection(run: Run) -> str:
    """The instant (ISO 8601) until which scans are awaited; what is left of the execution is for its end."""
    return _later(run.started_at, TIME_LIMIT - RESERVE)


def seconds_left(run: Run) -> float:
    """Until then; negative when it has passed."""
    return until(last_collection(run))


def of_agent(run: Run, ami: Ami) -> str:
    """The instant until which the AMI's agent is awaited."""
    waits = run.config.waits
    return _within(run, _later(ami.launched_at or run.started_at, waits.boot_seconds + waits.agent_deadline_seconds))


def of_completion(run: Run, ami: Ami) -> str:
    """The instant until which the AMI's scan is awaited."""
    started_at = ami.assessment_started_at or of_agent(run, ami)  # "": started before an update
    return _within(run, _later(started_at, run.config.waits.completion_deadline_seconds))


def expiry(waits: Waits, launched_at: str) -> str:
    """The instant after which `reap` may terminate what is launched then, whatever happens to its run."""
    bounds = waits.boot_seconds + waits.agent_deadline_seconds + waits.completion_deadline_seconds
    return _later(launched_at, bounds + RESERVE)


def _within(run: Run, instant: str) -> str:
    return min(instant, last_collection(run), key=datetime.fromisoformat)


def _later(instant: str, seconds: float) -> str:
    return iso(datetime.fromisoformat(instant) + timedelta(seconds=seconds))
