"""The page's text: complete, escaped, masked; and the terminal's tree and the JSON form."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from golden_ami_cli.history.model import ExecutionHistory
from golden_ami_cli.history.page import console_link, page
from golden_ami_cli.history.parse import parse
from golden_ami_cli.history.summary import summary
from golden_ami_cli.history.terminal import tree

Parsed = Callable[[str], ExecutionHistory]
Recorded = Callable[[str], dict[str, Any]]


class Reader(HTMLParser):
    """Collects elements and every address that a browser would load by itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "srcset", "poster", "action") or (name == "href" and tag in ("link", "use", "image")):
                self.loads.append(value or "")


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_it_loads_nothing(history: Parsed) -> None:
    text = page(history("happy"))
    assert all(address.startswith(("#", "data:")) for address in Reader(text).loads)
    assert "@import" not in text
    assert "url(" not in text


def test_it_holds_every_event_and_visit(recorded: Recorded, history: Parsed) -> None:
    data = data_of(page(history("retries")))
    events = recorded("retries")["events"]
    assert [event[0] for event in data["events"]] == [event["id"] for event in events]
    entered = [event for event in events if event["type"].endswith("StateEntered")]
    assert len(data["visits"]) == len(entered)
    first = next(visit for visit in data["visits"] if visit[1] == "Load Config")
    assert json.loads(data["payloads"][first[6]]) == {"AMIsParamName": "ContinuousAssessmentInput"}


def test_no_secret_is_in_it(recorded: Recorded, history: Parsed) -> None:
    token = re.search(r'\\"taskToken\\": ?\\"([^"\\]{20,})', json.dumps(recorded("happy")["events"]))
    assert token, "the recording holds a task token"
    assert token[1] not in page(history("happy"))
    denied = recorded("one-ami-fails")
    assert "hunter2" in json.dumps(denied["events"])
    parsed = history("one-ami-fails")
    for text in (page(parsed), json.dumps(summary(parsed)), terminal(parsed)):
        assert "hunter2" not in text


def test_hostile_text_stays_text(recorded: Recorded) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\u2028"
    it = recorded("happy")
    text = json.dumps(it["events"]).replace("Launch Batch", json.dumps(evil)[1:-1])
    machine = json.dumps(it["definition"]).replace("Launch Batch", json.dumps(evil)[1:-1])
    parsed = parse(json.loads(text), json.loads(machine), {**it["description"], "name": evil, "error": evil})
    parsed.report, parsed.verdict = evil, "PASS"
    html = page(parsed)
    reader = Reader(html)
    assert reader.tags.count("script") == 2
    assert "img" not in reader.tags
    assert any(visit[1].endswith(evil) for visit in data_of(html)["visits"])


def test_a_history_at_the_limit_of_step_functions_is_rendered_in_seconds(recorded: Recorded) -> None:
    it = recorded("happy")
    events: list[dict[str, Any]] = []
    at = datetime(2026, 11, 1, tzinfo=UTC)

    def add(kind: str, **details: Any) -> None:
        number = len(events) + 1
        when = (at + timedelta(seconds=number)).isoformat()
        events.append({"id": number, "previousEventId": number - 1, "type": kind, "timestamp": when, "eD": 0} | details)

    add("ExecutionStarted")
    while len(events) < 24_990:
        entered = {"name": "Wait For Agents", "input": json.dumps({"n": len(events), "pad": "x" * 300})}
        add("WaitStateEntered", stateEnteredEventDetails=entered)
        add("WaitStateExited", stateExitedEventDetails={"name": "Wait For Agents", "output": "{}"})
    add("ExecutionAborted")
    description = {**it["description"], "status": "ABORTED", "startDate": at.isoformat(), "stopDate": None}
    started = time.process_time()  # of this process alone, however busy the machine is
    html = page(parse(events, it["definition"], description))
    assert time.process_time() - started < 20
    assert len(data_of(html)["events"]) == len(events)
    assert html.count('class="bar') < 2500  # bars in the same place are one


def test_the_console_link_is_of_the_executions_partition() -> None:
    name = "execution:m:run"
    assert console_link(f"arn:aws:states:us-east-1:1:{name}").startswith(
        "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:aws:"
    )
    assert "console.amazonaws.cn" in console_link(f"arn:aws-cn:states:cn-north-1:1:{name}")
    assert console_link("") == ""


def terminal(history: ExecutionHistory) -> str:
    out = StringIO()
    Console(file=out, width=120, color_system=None).print(tree(history))
    return out.getvalue()


def test_the_tree_shows_iterations_attempts_errors_and_times(history: Parsed) -> None:
    lines = terminal(history("retries"))
    assert "↻ golden-2 · ami-0a1b2c3d4e5f60002" in lines
    assert "attempt 2: Throttled  RunInstances: Request limit exceeded" in lines
    assert "✓ Wait For Boot  4 min 0 s" in lines
    assert "Waiting for Inspector's assessment" in lines
    failed = terminal(history("failed"))
    assert "EngineUnavailable  Inspector is not enabled in us-east-1" in failed
    assert "run-failed  FAILED" in failed


def test_a_loop_is_one_line(history: Parsed) -> None:
    lines = terminal(history("local"))
    (rounds,) = [line for line in lines.splitlines() if "rounds of" in line]
    assert "✓ 30 rounds of Check Agents, Agents Ready?, Wait For Agents  15 min" in rounds
    assert lines.count("Check Agents") == 2  # the last round goes on to Start Run


def test_who_started_it_is_told_as_text(history: Parsed) -> None:
    parsed = history("happy")
    assert "Started by" not in page(parsed)
    parsed.started_by = "<b>me</b>\x1b[2J password=hunter2"
    assert summary(parsed)["startedBy"] == "<b>me</b>\x1b[2J password=•••"
    assert "<div><dt>Started by</dt><dd>&lt;b&gt;me&lt;/b&gt;" in page(parsed)
    assert "started by <b>me</b>\\x1b[2J password=•••" in terminal(parsed)


def test_the_summary_is_json_and_complete(history: Parsed) -> None:
    said = json.loads(json.dumps(summary(history("one-ami-fails"))))
    assert said["status"] == "SUCCEEDED"
    assert sum(said["phases"].values()) == pytest.approx(said["seconds"])
    caught = [state for state in said["states"] if state["status"] == "caught"]
    assert [state["item"] for state in caught] == ["golden-2 · ami-0a1b2c3d4e5f60002"]
    assert caught[0]["attempts"][0]["error"] == "AccessDenied"
