"""What a run has used, from its history and the ledger."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from golden_ami.models import Ami, AmiEntry, Config, Reason
from golden_ami.places import Place
from golden_ami.usage.actual import used_by
from golden_ami.usage.history import ended_at, lambda_gb_seconds, transitions
from golden_ami.usage.lines import UsageLine
from golden_ami.usage.prices import shipped

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
HISTORIES = Path(__file__).parents[2] / "fixtures" / "history"
HOME = Place("123456789012", "us-east-1")


def second(number: float) -> datetime:
    return START + timedelta(seconds=number)


def event(number: int, kind: str, at: float, previous: int = 0, **details: Any) -> dict[str, Any]:
    return {"id": number, "type": kind, "timestamp": second(at), "previousEventId": previous, **details}


def entered(number: int, at: float, state: str) -> dict[str, Any]:
    return event(number, "TaskStateEntered", at, stateEnteredEventDetails={"name": state})


def scheduled(number: int, at: float, previous: int) -> dict[str, Any]:
    return event(number, "TaskScheduled", at, previous)


def recorded(name: str) -> list[dict[str, Any]]:
    """A recorded history as boto3 answers it."""
    events: list[dict[str, Any]] = json.loads((HISTORIES / f"{name}.json").read_text())["events"]
    return [one | {"timestamp": datetime.fromisoformat(one["timestamp"])} for one in events]


def ami(number: int, **fields: Any) -> Ami:
    ami_id = f"ami-{number:017x}"
    given: dict[str, Any] = {
        "run_id": "run", "batch": ami_id, "key": ami_id, "ami_id": ami_id, "engine": "instance", "region": "us-east-1",
        "entry": AmiEntry(ami_id=ami_id, instance_type="t3.small"), "account": "123456789012",
        "volumes": {"/dev/xvda": 8},
    }  # fmt: skip
    return Ami(**(given | fields))


def used(amis: list[Ami], events: list[dict[str, Any]], now: datetime, to_come: int = 0) -> dict[str, UsageLine]:
    return {line.what: line for line in used_by(Config(), amis, events, shipped(), HOME, now, to_come)}


def test_transitions_count_entries_and_retries() -> None:
    kinds = ["ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskFailed", "TaskScheduled", "TaskStateExited"]
    assert transitions([{"type": kind} for kind in kinds]) == 2


def test_lambda_counts_each_function_with_its_memory_and_no_waiting() -> None:
    events = [
        entered(21, 0, "Load Config"),
        scheduled(1, 0, 21), event(2, "TaskStarted", 0, 1), event(3, "TaskSucceeded", 2, 2),
        entered(22, 2, "Await Completion"),
        scheduled(4, 2, 22), event(5, "TaskStarted", 2, 4), event(6, "TaskSubmitted", 3, 5),
        event(7, "TaskSucceeded", 900, 6),  # the callback: nobody computes meanwhile
        entered(23, 900, "Aggregate"),
        scheduled(8, 900, 23), event(9, "TaskStarted", 900, 8), event(10, "TaskFailed", 904, 9),
        entered(24, 904, "Check Run"),
        scheduled(11, 904, 24), event(12, "TaskStarted", 904, 11), event(13, "TaskTimedOut", 906, 12),
    ]  # fmt: skip
    assert lambda_gb_seconds(events, second(9999)) == pytest.approx(2 * 0.5 + 1 * 0.5 + 4 * 1.0 + 2 * 0.5)


def test_functions_side_by_side_are_told_apart() -> None:
    events = [
        entered(21, 0, "Launch Batch"), entered(22, 0, "Tag Batch"),
        scheduled(1, 0, 21), scheduled(2, 0, 22), event(3, "TaskStarted", 0, 1),
        event(4, "TaskStarted", 0, 2), event(5, "TaskSucceeded", 10, 3), event(6, "TaskSucceeded", 20, 4),
    ]  # fmt: skip
    assert lambda_gb_seconds(events, second(9999)) == pytest.approx(10 * 0.5 + 20 * 1.0)


def test_a_function_counts_until_now_while_it_runs() -> None:
    events = [entered(21, 0, "Aggregate"), scheduled(1, 0, 21), event(2, "TaskStarted", 0, 1)]
    assert lambda_gb_seconds(events, second(3)) == pytest.approx(3)


def test_a_task_of_an_unknown_state_is_an_ordinary_one() -> None:
    assert lambda_gb_seconds([scheduled(1, 0, 7)], second(4)) == pytest.approx(2)


def test_a_repeated_attempt_has_the_memory_of_its_state() -> None:
    first = [entered(1, 0, "Aggregate"), scheduled(2, 0, 1), event(3, "TaskStarted", 0, 2)]
    again = [event(4, "TaskFailed", 1, 3), scheduled(5, 2, 4), event(6, "TaskStarted", 2, 5)]
    assert lambda_gb_seconds([*first, *again], second(3)) == pytest.approx(2)


@pytest.mark.parametrize("name", ["happy", "failed", "aborted", "timed-out"])
def test_every_end_is_seen(name: str) -> None:
    events = recorded(name)
    assert ended_at(events) == events[-1]["timestamp"]
    assert ended_at(events[:-1]) is None


# As `generate.py` has them: seconds that the functions took, and their memory.
def test_lambda_of_a_recorded_history() -> None:
    events = recorded("happy")
    tasks = [json.loads(one["taskScheduledEventDetails"]["parameters"])["FunctionName"].rpartition(":")[2]
             for one in events if one["type"] == "TaskScheduled"]  # fmt: skip
    took = {"check-agents": 0.6, "launch-instances": 3.2, "tag-findings": 8.5, "aggregate": 2.4}
    expected = sum(took.get(task, 1.1) * (1 if task in ("tag-findings", "aggregate") else 0.5) for task in tasks)
    assert lambda_gb_seconds(events, datetime.max.replace(tzinfo=UTC)) == pytest.approx(expected, rel=0.1)


def test_instances_are_counted_from_their_launch_to_the_end_of_terminate() -> None:
    launched = [ami(1, instance_id="i-1", launched_at=START.isoformat())]
    left = event(1, "TaskStateExited", 600, stateExitedEventDetails={"name": "Terminate"})
    lines = used(launched, [left], second(7200))
    assert lines["1 x t3.small"].actual == pytest.approx(10)
    assert lines["Volumes"].actual == pytest.approx(80)
    assert lines["Inspector, instances"].actual == pytest.approx(10)
    assert used(launched, [event(1, "ExecutionAborted", 60)], second(7200))["1 x t3.small"].actual == pytest.approx(120)


def test_an_ami_that_was_not_launched_is_planned_and_used_nothing() -> None:
    refused = ami(2, reason=Reason(code="LAUNCH_FAILED", message="m", remedy="r"))
    late = ami(3, instance_id="i-3", launched_at=START.isoformat(), reason=Reason(code="C", message="m", remedy="r"))
    line = used([ami(1, instance_id="i-1", launched_at=START.isoformat()), refused, late], [], second(60))
    assert line["3 x t3.small"].actual == pytest.approx(2)
    assert used([refused], [], second(60))["1 x t3.small"].actual == 0


def test_scans_count_when_they_are_completed() -> None:
    rows = [
        *(ami(number, engine="ami", scan_status=status) for number, status in enumerate(("COMPLETED", "", "PENDING"))),
        *(ami(number, scan_status=status) for number, status in enumerate(("COMPLETED", "PARTIAL", ""), 10)),
    ]
    lines = {line.what: line for line in used_by(Config(cis="LEVEL_1"), rows, [], shipped(), HOME, second(0))}
    assert (lines["Inspector, on demand"].least, lines["Inspector, on demand"].actual) == (3, 1)
    assert (lines["Inspector, CIS"].least, lines["Inspector, CIS"].actual) == (3, 2)


def test_what_is_used_costs_what_the_estimates_price_says() -> None:
    line = used([ami(1)], [event(1, "PassStateEntered", 0)], second(0), to_come=2)["State transitions"]
    assert line.actual == 3
    assert line.actual_cost == pytest.approx(3 * shipped()["step_functions_transition"].price)


def test_without_a_history_transitions_and_lambda_are_not_known() -> None:
    lines = used([ami(1, instance_id="i-1", launched_at=START.isoformat())], [], second(60), to_come=2)
    assert (lines["State transitions"].actual, lines["State transitions"].actual_cost) == (None, None)
    assert lines["Lambda"].actual is None
    assert lines["1 x t3.small"].actual == pytest.approx(1)
