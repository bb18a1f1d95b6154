"""What a run used, in the report that aggregate makes of it: the execution's history is answered here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError
from report_world import ami, fault, history

from golden_ami.models import Config
from golden_ami.usage.paths import shipped_graph, states_after
from handlers.aggregate import handler

AFTER = states_after(shipped_graph(), "Aggregate")  # Succeeded?, Assessment Complete


def _answering(monkeypatch: pytest.MonkeyPatch, *pages: list[dict[str, Any]] | Exception) -> list[dict[str, Any]]:
    """Answer GetExecutionHistory page by page; what it is asked."""
    asked: list[dict[str, Any]] = []
    base: Any = BaseClient
    real = base._make_api_call

    def answer(client: Any, name: str, given: dict[str, Any]) -> Any:
        if name != "GetExecutionHistory":
            return real(client, name, given)
        page = pages[len(asked)]
        asked.append(given)
        if isinstance(page, Exception):
            raise page
        return {"events": page} | ({"nextToken": f"page {len(asked)}"} if len(asked) < len(pages) else {})

    monkeypatch.setattr(BaseClient, "_make_api_call", answer)
    return asked


def _launched() -> Any:
    """An AMI whose instance was launched ten minutes ago."""
    ten_minutes_ago = (datetime.now(UTC) - timedelta(minutes=10)).isoformat()
    return ami("ami-0a", instance_id="i-1", launched_at=ten_minutes_ago, volumes={"/dev/xvda": 8})


def _usage(stack: Any, run_id: str = "run-1") -> dict[str, dict[str, Any]]:
    return {line["what"]: line for line in stack.report(run_id)["usage"]}


def test_the_report_has_what_the_run_used_until_it_ends(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    events = history(datetime.now(UTC).isoformat())
    asked = _answering(monkeypatch, events[:40], events[40:])
    stack.open("run-1", [(_launched(), [])])
    stack.aggregate("run-1")
    entered = sum(event["type"].endswith("Entered") for event in events)
    usage = _usage(stack)
    assert usage["State transitions"]["actual"] == entered + AFTER
    assert usage["State transitions"]["actualCost"] == pytest.approx((entered + AFTER) * 0.000025)
    assert 60 < usage["Lambda"]["actual"] < 120  # aggregate's own began two seconds ago
    assert usage["Volumes"]["actualCost"] == pytest.approx(usage["Volumes"]["actual"] * 0.08 / 730 / 60)
    request = {"executionArn": f"{stack.execution}:run-1", "includeExecutionData": False, "maxResults": 1000}
    assert asked == [request, request | {"nextToken": "page 1"}]
    assert "What the run used" in stack.object("runs/run-1/report.html").decode()
    assert f"State transitions: {entered + AFTER} transitions" in stack.object("runs/run-1/report.txt").decode()


def test_of_an_execution_that_has_ended_nothing_is_to_come(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime.now(UTC)
    kinds = ("ExecutionStarted", "TaskStateEntered", "ExecutionAborted")
    events = [{"id": number, "type": kind, "timestamp": at} for number, kind in enumerate(kinds, 1)]
    _answering(monkeypatch, events)
    stack.open("run-1", [(_launched(), None)])
    stack.aggregate("run-1", error=fault("ExecutionAborted", "the execution was aborted"))
    assert _usage(stack)["State transitions"]["actual"] == 1


_REFUSALS = [
    ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetExecutionHistory"),
    ClientError({"Error": {"Code": "ExecutionDoesNotExist", "Message": "no"}}, "GetExecutionHistory"),
    ReadTimeoutError(endpoint_url="https://states"),
]


@pytest.mark.parametrize("refusal", _REFUSALS, ids=["denied", "gone", "timed out"])
@pytest.mark.parametrize("pages", [0, 1])
def test_a_history_that_cannot_be_read_costs_only_its_own_figures(
    stack: Any, monkeypatch: pytest.MonkeyPatch, refusal: Exception, pages: int
) -> None:
    _answering(monkeypatch, *[history(datetime.now(UTC).isoformat())][:pages], refusal)
    stack.open("run-1", [(_launched(), [])])
    assert stack.aggregate("run-1")["succeeded"]
    usage = _usage(stack)
    assert [usage[what]["actual"] for what in ("State transitions", "Lambda")] == [None, None]
    assert usage["Inspector, instances"]["actual"] == pytest.approx(10, abs=1)
    assert usage["Volumes"]["actual"] == pytest.approx(80, abs=8)
    assert "State transitions: not known" in stack.object("runs/run-1/report.txt").decode()


def test_a_run_that_was_not_opened_has_its_transitions(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime.now(UTC)
    _answering(monkeypatch, [{"id": number, "type": "TaskStateEntered", "timestamp": at} for number in range(3)])
    stack.aggregate("run-1", error=fault("InvalidConfiguration", "no"))
    assert _usage(stack)["State transitions"]["actual"] == 3 + AFTER


def test_an_execution_that_is_not_named_is_not_asked_about(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _answering(monkeypatch)
    event = {"runId": "run-1", "executionArn": "", "state": {"error": fault("InvalidConfiguration", "no")}}
    assert handler(event, None)["output"]["verdict"] == "NOT_ASSESSED"
    assert asked == []
    assert _usage(stack)["State transitions"]["actual"] is None


def test_an_owner_is_not_told_what_others_used(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _answering(monkeypatch, history(datetime.now(UTC).isoformat()))
    config = Config(routes={"payments": stack.topics["payments"]})
    stack.open("run-1", [(ami("ami-0a", tags={"Owner": "payments"}), [])], config)
    stack.aggregate("run-1")
    assert "WHAT THE RUN USED" in stack.messages()[0]["Message"]
    assert "WHAT THE RUN USED" not in stack.messages("payments")[0]["Message"]
