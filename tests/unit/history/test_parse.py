"""The model from the events: who belongs to which iteration, what succeeded, was retried, caught or cut off."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami_cli.history.model import ExecutionHistory, Frame, Visit, walk
from golden_ami_cli.history.parse import parse
from golden_ami_cli.history.phases import shares

Recorded = Callable[[str], dict[str, Any]]
Parsed = Callable[[str], ExecutionHistory]
SCENARIOS = ("happy", "polled", "retries", "one-ami-fails", "failed", "aborted", "timed-out", "local", "local-refused")
SECOND = "golden-2 · ami-0a1b2c3d4e5f60002"


def visits(history: ExecutionHistory, name: str) -> list[Visit]:
    return [visit for visit in history.visits() if visit.name == name]


def only(history: ExecutionHistory, name: str) -> Visit:
    (visit,) = visits(history, name)
    return visit


def iteration(history: ExecutionHistory, map_state: str, label: str) -> Frame:
    (frame,) = [frame for frame in only(history, map_state).frames if frame.label == label]
    return frame


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_entered_state_is_one_visit(name: str, recorded: Recorded, history: Parsed) -> None:
    entered = [event["id"] for event in recorded(name)["events"] if event["type"].endswith("StateEntered")]
    assert sorted(visit.event for visit in history(name).visits()) == entered


@pytest.mark.parametrize("name", ["happy", "polled", "retries", "one-ami-fails"])
def test_a_state_in_a_map_belongs_to_the_iteration_of_its_own_item(
    name: str, recorded: Recorded, history: Parsed
) -> None:
    parsed = history(name)
    names = {row["batch"]: f"{row['name']} · {row['amiId']}" for row in recorded(name)["rows"] if "batch" in row}
    for map_state in ("Launch Instances", "Tag Findings"):
        frames = only(parsed, map_state).frames
        assert sorted(frame.index for frame in frames) == [0, 1, 2]
        for frame in frames:
            assert frame.label == names[json.loads(frame.visits[0].input or "")["batch"]]
            assert {names[json.loads(visit.input or "")["batch"]] for visit in walk(frame)} == {frame.label}
            assert all(visit.path[0] == map_state for visit in frame.visits)


def test_a_good_run(history: Parsed) -> None:
    parsed = history("happy")
    assert parsed.status == "SUCCEEDED"
    assert {visit.status for visit in parsed.visits()} == {"succeeded"}
    assert [visit.name for visit in parsed.root.visits][:3] == [
        "Load Config",
        "Duplicate?",
        "Anything To Assess?",
    ]
    assert parsed.root.visits[-1].name == "Assessment Complete"
    assert only(parsed, "Wait For Boot").duration == pytest.approx(timedelta(seconds=240), abs=timedelta(seconds=1))
    assert json.loads(only(parsed, "Load Config").input or "") == {"AMIsParamName": "ContinuousAssessmentInput"}
    assert json.loads(only(parsed, "Load Config").output or "")["run"]["assessable"] == 3


def test_a_whole_run_of_the_embedded_aws(history: Parsed) -> None:
    """The template deployed, the real functions: an AMI whose completion was lost and one whose agent never came."""
    parsed = history("local")
    assert (parsed.status, parsed.verdict) == ("SUCCEEDED", "FAIL")
    assert parsed.report.endswith("/runs/run-local/report.json")
    assert [visit.status for visit in visits(parsed, "Await Completion")] == ["succeeded"]
    assert len(only(parsed, "Tag Findings").frames) == 4
    frames = only(parsed, "Launch Instances").frames
    assert len(frames) == 5
    assert "golden-al2023-minimal-2026-10-28 · ami-0a1b2c3d4e5f60005" in {frame.label for frame in frames}


def test_retries_are_attempts_with_their_errors(history: Parsed) -> None:
    parsed = history("retries")
    check = only(parsed, "Check Run")
    assert check.status == "retried"
    assert [attempt.error for attempt in check.attempts] == ["Throttled", ""]
    assert check.attempts[1].started - (check.attempts[0].ended or check.entered) >= timedelta(0)
    (launch,) = iteration(parsed, "Launch Instances", SECOND).visits
    assert [attempt.error for attempt in launch.attempts] == ["Throttled", "Throttled", ""]
    assert iteration(parsed, "Launch Instances", SECOND).status == "retried"
    others = [frame.status for frame in only(parsed, "Launch Instances").frames if frame.label != SECOND]
    assert others == ["succeeded", "succeeded"]


def test_a_caught_error_in_one_iteration_stays_there(history: Parsed) -> None:
    parsed = history("one-ami-fails")
    launch, failed = iteration(parsed, "Launch Instances", SECOND).visits
    assert (launch.name, launch.status, launch.error) == ("Launch Batch", "caught", "AccessDenied")
    assert (failed.name, failed.status) == ("Launch Failed", "succeeded")
    assert [frame.status for frame in only(parsed, "Launch Instances").frames].count("caught") == 1
    assert only(parsed, "Launch Instances").status == "succeeded"


def test_a_caught_timeout_of_the_callback(history: Parsed) -> None:
    first, second = visits(history("polled"), "Await Completion")
    assert (first.status, first.error, second.status) == ("caught", "States.Timeout", "succeeded")
    assert first.attempts[0].submitted
    assert second.attempts[0].ended


def test_the_wait_of_an_older_definition_is_inspectors_too(history: Parsed) -> None:
    parsed = history("happy")
    waited = {one.phase: one.duration for one in shares(parsed)}
    assert waited["assessment"] > timedelta(minutes=10)
    object.__setattr__(only(parsed, "Await Completion"), "name", "Start Run")
    assert {one.phase: one.duration for one in shares(parsed)} == waited


def test_a_failed_run_names_where(history: Parsed) -> None:
    parsed = history("failed")
    assert (parsed.status, parsed.error) == ("FAILED", "EngineUnavailable")
    assert only(parsed, "Ensure Target Template").status == "caught"
    assert only(parsed, "Assessment Failed").status == "failed"
    assert only(parsed, "Terminate All").status == "succeeded"
    assert not visits(parsed, "Launch Instances")


@pytest.mark.parametrize(("name", "status"), [("aborted", "aborted"), ("timed-out", "timed-out")])
def test_an_end_from_outside_cuts_off_what_ran(name: str, status: str, history: Parsed) -> None:
    parsed = history(name)
    *before, last = parsed.root.visits
    assert (last.name, last.status, last.exited) == ("Await Completion", status, parsed.last)
    assert all(visit.status in ("succeeded", "caught") for visit in before)


@pytest.mark.parametrize("name", SCENARIOS)
def test_any_beginning_of_a_history_is_a_running_execution(name: str, recorded: Recorded) -> None:
    it = recorded(name)
    running = {**it["description"], "status": "RUNNING"}
    running.pop("stopDate", None)
    for length in range(1, len(it["events"])):
        parsed = parse(it["events"][:length], it["definition"], running)
        assert parsed.stopped is None
        assert len(parsed.steps) == length
        open_visits = [visit for visit in parsed.visits() if visit.open]
        assert all(visit.status == "running" for visit in open_visits)


def test_every_event_knows_its_state_and_item(history: Parsed) -> None:
    parsed = history("retries")
    throttled = [step for step in parsed.steps if step.error == "Throttled" and step.state == "Launch Batch"]
    assert {step.item for step in throttled} == {SECOND}
    assert len(throttled) == 2
    started = [step.item for step in parsed.steps if step.type == "MapIterationStarted"]
    assert set(started) == {f"golden-{n} · ami-0a1b2c3d4e5f6000{n}" for n in (1, 2, 3)}


class Recorder:
    """Writes events as Step Functions does; `chain` gives each iteration's last event."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def add(self, kind: str, previous: int, **details: Any) -> int:
        number = len(self.events) + 1
        at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=number)
        member = {"stateEnteredEventDetails": details} if details else {}
        self.events.append(
            {"id": number, "previousEventId": previous, "type": kind, "timestamp": at.isoformat(), **member}
        )
        return number


@given(st.lists(st.integers(0, 5), min_size=30, max_size=60), st.sampled_from(["start", "exit", "success"]))
def test_interleaved_iterations_are_told_apart(order: list[int], follows: str) -> None:
    """However the events of side-by-side iterations fall, each state is found in its own iteration.

    AWS lets an iteration follow the Map's start, or, when concurrency is limited, the last state that the iteration
    before it left (recorded from AWS in localstack/localstack, stepfunctions/v2/scenarios snapshots).
    """
    recorder = Recorder()
    started = recorder.add("ExecutionStarted", 0)
    entered = recorder.add("MapStateEntered", started - 1, name="Map", input="{}")
    begun = recorder.add("MapStateStarted", entered)
    last, state = {}, dict.fromkeys(range(6), 0)
    before = {"start": begun, "exit": begun, "success": begun}
    for index in [*order, *(number for number in range(6) for _ in range(4))]:
        step, state[index] = state[index], state[index] + 1
        if step == 0:
            last[index] = recorder.add("MapIterationStarted", before[follows], name="Map", index=index)
        elif step == 1:
            item = json.dumps({"batch": f"ami-{index}"})
            last[index] = recorder.add("PassStateEntered", last[index], name="Inner", input=item)
        elif step == 2:
            last[index] = recorder.add("PassStateExited", last[index], name="Inner", output=json.dumps(index))
            before["exit"] = last[index]
        elif step == 3:
            before["success"] = recorder.add("MapIterationSucceeded", last[index], name="Map", index=index)
    recorder.add("MapStateSucceeded", before["success"])
    recorder.add("MapStateExited", before["success"], name="Map", output="[]")
    parsed = parse(recorder.events, {}, {"status": "SUCCEEDED", "executionArn": "a:run"})
    (outer,) = parsed.root.visits
    assert (outer.name, outer.status, len(outer.frames)) == ("Map", "succeeded", 6)
    for frame in outer.frames:
        (inner,) = frame.visits
        assert frame.label == f"ami-{frame.index}"
        assert json.loads(inner.output or "") == frame.index
        assert (frame.status, inner.status, inner.path) == ("succeeded", "succeeded", ("Map", "Inner"))


def test_branches_of_a_parallel_state() -> None:
    recorder = Recorder()
    recorder.add("ExecutionStarted", 0)
    entered = recorder.add("ParallelStateEntered", 0, name="Both", input="{}")
    begun = recorder.add("ParallelStateStarted", entered)
    left = recorder.add("PassStateEntered", begun, name="Left", input="1")
    right = recorder.add("WaitStateEntered", begun, name="Right", input="2")
    recorder.add("PassStateExited", left, name="Left", output="1")
    end = recorder.add("WaitStateExited", right, name="Right", output="2")
    end = recorder.add("ParallelStateSucceeded", end)
    recorder.add("ParallelStateExited", end, name="Both", output="[1,2]")
    (both,) = parse(recorder.events, {}, {"status": "SUCCEEDED"}).root.visits
    assert both.status == "succeeded"
    assert [[visit.name for visit in frame.visits] for frame in both.frames] == [["Left"], ["Right"]]
