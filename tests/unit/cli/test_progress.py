"""Progress, from histories that the real definition left (tests/fixtures/history)."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from golden_ami.events import Event
from golden_ami_cli.assessing.progress import ProgressDisplay, ProgressStep, Steps, clock
from golden_ami_cli.console import Console

HISTORIES = Path(__file__).parents[2] / "fixtures" / "history"
START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def recorded(name: str) -> list[Event]:
    events = json.loads((HISTORIES / f"{name}.json").read_text())["events"]
    return [event | {"timestamp": datetime.fromisoformat(event["timestamp"])} for event in events]


def steps_of(events: list[Event]) -> list[ProgressStep]:
    steps = Steps()
    return [step for event in events if (step := steps.feed(event))]


def told(events: list[Event]) -> list[tuple[str, str]]:
    return [(step.name, step.detail) for step in steps_of(events)]


def event(kind: str, seconds: float, **details: Any) -> Event:
    return {"type": kind, "timestamp": START + timedelta(seconds=seconds), "id": 1, **details}


def entered(kind: str, name: str, seconds: float) -> Event:
    return event(f"{kind}StateEntered", seconds, stateEnteredEventDetails={"name": name})


def exited(kind: str, name: str, seconds: float, output: str = "{}") -> Event:
    return event(f"{kind}StateExited", seconds, stateExitedEventDetails={"name": name, "output": output})


def printed(events: list[Event], **options: Any) -> str:
    file = io.StringIO()
    with ProgressDisplay(Console(file=file, highlight=False, **options)) as progress:
        for each in events:
            progress.event(each)
    return file.getvalue()


def test_a_good_run_is_told_state_by_state() -> None:
    assert told(recorded("happy")) == [
        ("Load Config", "3 AMIs to assess"),
        ("Ensure Target Template", ""),
        ("Plan Wave", ""),
        ("Launch Instances", "3 instances"),
        ("Wait For Boot", ""),
        ("Check Agents", "agents: 1 ready, 2 waiting"),
        ("Wait For Agents", ""),
        ("Check Agents", "agents: 3 ready"),
        ("Start Run", ""),
        ("Await Completion", ""),
        ("Check Run", "scans: 1 completed"),
        ("Tag Findings", "51 findings"),
        ("Terminate", "3 terminated, 0 running"),
        ("Terminate All", "3 terminated, 0 running"),
        ("Aggregate", "PASS"),
        ("Execution", "succeeded"),
    ]


def test_a_retry_and_a_caught_fault_are_told_once_by_their_error() -> None:
    assert ("Launch Instances", "Throttled") in told(recorded("retries"))
    failed = told(recorded("failed"))
    assert failed.count(("Ensure Target Template", "EngineUnavailable")) == 1
    assert ("Ensure Target Template", "") not in failed
    assert failed[-1] == ("Execution", "failed: EngineUnavailable")


def test_an_expected_time_out_of_the_callback_is_no_trouble() -> None:
    steps = steps_of(recorded("polled"))
    assert ("Await Completion", "no message yet") in [(step.name, step.detail) for step in steps]
    assert {step.outcome for step in steps} == {"done"}


def test_a_loop_is_told_again_only_when_it_says_something_else() -> None:
    loop = [
        each
        for turn in range(5)
        for each in (
            entered("Task", "Check Run", turn),
            exited("Task", "Check Run", turn, '{"run": {"assessment": {"completed": 0, "running": 2, "failed": 0}}}'),
        )
    ]
    assert told(loop) == [("Check Run", "scans: 2 running")]


def test_a_map_counts_its_iterations_and_hides_their_states() -> None:
    steps = Steps()
    steps.feed(entered("Map", "Tag Findings", 0))
    steps.feed(event("MapStateStarted", 0, mapStateStartedEventDetails={"length": 2}))
    assert steps.feed(entered("Task", "Tag Batch", 1)) is None
    assert steps.feed(exited("Task", "Tag Batch", 2)) is None
    steps.feed(event("MapIterationSucceeded", 2))
    assert str(steps.current) == "Tag Findings 1/2"


@pytest.mark.parametrize("output", ["", "no JSON", "[]", "{}", '{"run": null}'])
def test_an_output_of_another_shape_leaves_the_detail_out(output: str) -> None:
    events = [entered("Task", "Load Config", 0), exited("Task", "Load Config", 1, output)]
    assert told(events) == [("Load Config", "")]


def test_durations_are_the_histories_own() -> None:
    (step,) = steps_of([entered("Wait", "Wait For Boot", 5), exited("Wait", "Wait For Boot", 245)])
    assert (step.at, step.took) == (timedelta(0), timedelta(seconds=240))


def test_plain_lines_where_no_terminal_is() -> None:
    output = '{"instances": {"terminated": 5, "running": 0}}'
    events = [
        entered("Wait", "Wait For Boot", 0),
        exited("Wait", "Wait For Boot", 240),
        entered("Task", "Terminate", 241.2),
        exited("Task", "Terminate", 241.4, output),
    ]
    assert printed(events).splitlines() == [
        "0:00:00  Wait For Boot            0:04:00",
        "0:04:01  Terminate                         5 terminated, 0 running",
    ]


def test_a_terminal_shows_the_current_state_below_the_lines() -> None:
    text = printed(recorded("happy")[:30], force_terminal=True, width=100, color_system="standard")
    assert "Launch Instances" in text
    assert "…" in text


def test_no_color_is_respected_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(recorded("happy"), force_terminal=True, width=100)
    assert "\x1b[32m" not in text


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00:00"), (59.6, "0:01:00"), (3661.4, "1:01:01"), (90000, "25:00:00")]
)
def test_clock(seconds: float, shown: str) -> None:
    assert clock(timedelta(seconds=seconds)) == shown
