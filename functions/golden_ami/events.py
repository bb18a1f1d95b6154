"""Events of Lambda and of Step Functions, and what is read from them."""

from __future__ import annotations

from typing import Any

from golden_ami.errors import InvalidEvent

Event = dict[str, Any]  # a function's event, or one of an execution's history (GetExecutionHistory)


def text(event: Event, name: str) -> str:
    """A text that the event must have. Raises InvalidEvent."""
    value = event.get(name) if isinstance(event, dict) else None
    if not isinstance(value, str) or not value:
        raise InvalidEvent(f"{name}: {value!r}; the state machine passes a text here")
    return value


def run_id_of(event: Event) -> str:
    """The run id that the event must have. Raises InvalidEvent."""
    return text(event, "runId")
