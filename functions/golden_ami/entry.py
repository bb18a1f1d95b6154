"""What every Lambda handler does around its own job: log context and named errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from aws_lambda_powertools import Logger

from golden_ami.aws import named_errors
from golden_ami.errors import InvalidEvent

# ASCII only: a control or bidirectional mark in a name acts on the terminal of whoever reads the log.
logger = Logger(
    service="golden-ami-assessment", json_serializer=partial(json.dumps, default=str, separators=(",", ":"))
)

Event = dict[str, Any]
Handler = Callable[[Event, Any], Any]


def handler(function: Handler) -> Handler:
    """Decorate a Lambda handler: the run's id on every log line, AWS's errors under our names."""

    @wraps(function)
    def wrapper(event: Event, context: Any) -> Any:
        # Context variables: invocations that share a process (the embedded AWS) do not see each other's keys.
        logger.thread_safe_append_keys(run_id=_run_named_by(event), function=getattr(context, "function_name", None))
        try:
            with named_errors():
                return function(event, context)
        finally:
            logger.thread_safe_clear_keys()

    return wrapper


def _run_named_by(event: Any) -> Any:
    """The run's id, where the definition or an execution's status change gives it."""
    if not isinstance(event, dict):
        return None
    detail = event.get("detail")
    return event.get("runId") or (detail.get("name") if isinstance(detail, dict) else None)


def text(event: Event, name: str) -> str:
    """A text that the event must have. Raises InvalidEvent."""
    value = event.get(name) if isinstance(event, dict) else None
    if not isinstance(value, str) or not value:
        raise InvalidEvent(f"{name}: {value!r}; the state machine passes a text here")
    return value


def run_id_of(event: Event) -> str:
    """The run id that the event must have. Raises InvalidEvent."""
    return text(event, "runId")
