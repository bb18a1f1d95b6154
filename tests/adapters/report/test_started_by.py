"""Who started a run: in every form of the report, whatever the starter calls himself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from report_world import ami, finding

from golden_ami.models import Config
from handlers.aggregate import handler

OWNER = "payments"
HOSTILE = '<img src=x onerror=alert(1)> & "me"'
SCHEDULED = {
    "AMIsParamName": "amis",
    "schedule": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/assess",
    "scheduledTime": "2026-03-01T12:00:00Z",
}


def _opened(stack: Any, started_by: str) -> None:
    config = Config(routes={OWNER: stack.topics[OWNER]})
    stack.open("run-1", [(ami("ami-0a", tags={"Owner": OWNER}), [finding("CVE-1")])], config)
    stack.ledger.update_run("run-1", started_by=started_by)


def test_a_starter_is_named_and_cannot_write_the_page(stack: Any) -> None:
    _opened(stack, HOSTILE)
    stack.aggregate("run-1")
    assert stack.report("run-1")["run"]["startedBy"] == HOSTILE
    page = stack.object("runs/run-1/report.html").decode()
    assert "<dt>Started by</dt><dd>&lt;img src=x onerror=alert(1)&gt; &amp; &#34;me&#34;</dd>" in page
    assert "<img" not in page
    for text in (stack.object("runs/run-1/report.txt").decode(), stack.messages()[0]["Message"]):
        assert f"\nStarted by: {HOSTILE}\n" in text
    [owners] = stack.messages(OWNER)
    assert HOSTILE not in owners["Message"], "whom an owner's topic reaches is the owner's matter"


def test_nobody_said_who_started_it(stack: Any) -> None:
    _opened(stack, "")
    stack.aggregate("run-1")
    assert "startedBy" not in stack.report("run-1")["run"]
    for name in ("html", "txt"):
        said = stack.object(f"runs/run-1/report.{name}").decode()
        assert "not told; the event StartExecution in AWS CloudTrail names who" in said


def test_the_last_report_names_the_starter_too(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ValueError

    _opened(stack, HOSTILE)
    monkeypatch.setattr("golden_ami.report.aggregate.build", broken)
    stack.aggregate("run-1")
    assert stack.report("run-1")["run"]["startedBy"] == HOSTILE


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"AMIsParamName": "amis", "startedBy": "pipeline"}, "pipeline"),
        (SCHEDULED | {"startedBy": "pipeline"}, SCHEDULED["schedule"]),
        (SCHEDULED | {"scheduledTime": "never"}, None),
        ({"startedBy": "\x1b[2J"}, None),
        ([], None),
    ],
)
def test_a_run_that_was_not_opened_is_read_from_its_input(stack: Any, given: Any, told: str | None) -> None:
    error = {"Error": "InvalidConfiguration", "Cause": "why"}
    event = {"runId": "run-1", "input": given, "state": {"error": error}}
    assert handler(event, None)["succeeded"] is False
    assert stack.report("run-1")["run"].get("startedBy") == told
    assert msgspec.json.decode(stack.object("runs/run-1/report.json"))
