"""GetExecutionHistory as AWS pages it: moto answers every event at once, in one order."""

from __future__ import annotations

import base64
from typing import Any

# What includeExecutionData=false leaves out: "execution data (input or output of a history event)" (Step Functions API
# Reference, GetExecutionHistory); a task's parameters are taken for its input.
_DATA = ("input", "output", "parameters")
_DEFAULT, _MOST = 100, 1000  # events of a page (Step Functions API Reference, GetExecutionHistory: maxResults)


def get_execution_history(response: Any) -> Any:
    """StepFunctionResponse.get_execution_history with maxResults, nextToken, reverseOrder and includeExecutionData."""
    from moto.core.responses import ActionResult
    from moto.stepfunctions.exceptions import InvalidToken

    arn, token = response._get_param("executionArn"), response._get_param("nextToken")
    events = list(response.stepfunction_backend.get_execution_history(arn)["events"])
    if response._get_param("reverseOrder"):
        events.reverse()
    limit = min(int(response._get_param("maxResults") or _DEFAULT), _MOST)
    start = 0
    if token:
        try:  # it names the last event that was told, as more may be added between two pages
            last = int(base64.b64decode(token, validate=True))
        except ValueError:
            raise InvalidToken from None
        start = next((place for place, event in enumerate(events) if _number(event) == last), len(events) - 1) + 1
    page = events[start : start + limit]
    more = start + limit < len(events)
    following = {"nextToken": base64.b64encode(str(_number(page[-1])).encode()).decode()} if more else {}
    if response._get_param("includeExecutionData") is False:
        page = [_without_data(event) for event in page]
    return ActionResult({"events": page, **following})


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    details = {
        member: {name: value for name, value in content.items() if name not in _DATA}
        for member, content in event.items()
        if isinstance(content, dict)
    }
    return event | details


def _number(event: Any) -> int:
    return int(event["id"])
