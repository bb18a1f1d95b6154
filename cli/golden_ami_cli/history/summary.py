"""The history for programs: one JSON object."""

from __future__ import annotations

from typing import Any

from golden_ami.history.mask import masked_text
from golden_ami_cli.history.model import ExecutionHistory, Visit
from golden_ami_cli.history.phases import shares


def summary(history: ExecutionHistory) -> dict[str, Any]:
    """The run, where its seconds went, and every visit of a state; inputs and outputs are left to the page."""
    return {
        "runId": history.run_id,
        "executionArn": history.arn,
        "status": history.status,
        "verdict": history.verdict,
        "startedBy": masked_text(history.started_by),
        "startedAt": history.started.isoformat(),
        "stoppedAt": history.stopped.isoformat() if history.stopped else None,
        "seconds": history.duration.total_seconds(),
        "error": history.error,
        "cause": masked_text(history.cause),
        "report": history.report,
        "phases": {share.phase: share.duration.total_seconds() for share in shares(history)},
        "states": [_state(visit) for visit in history.visits()],
    }


def _state(visit: Visit) -> dict[str, Any]:
    return {
        "state": list(visit.path),
        "item": visit.frame.label if visit.frame.owner else None,
        "status": visit.status,
        "enteredAt": visit.entered.isoformat(),
        "seconds": visit.duration.total_seconds(),
        "attempts": [
            {"error": attempt.error, "cause": masked_text(attempt.cause)} if attempt.failed else {}
            for attempt in visit.attempts
        ],
    }
