"""The list of runs."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from golden_ami.errors import RunNotFound
from golden_ami_cli.main import main
from golden_ami_cli.runs import command, listing
from golden_ami_cli.runs.listing import Listed, lines
from golden_ami_cli.runs.status import Status


def test_a_starter_is_named_without_what_is_not_drawn() -> None:
    run = Listed(run_id="run-1", status="FAILED", verdict=None, started_at="", seconds=None, amis=None)
    assert [line.plain for line in lines([run])] == ["run-1  FAILED", "  failed"]
    run.started_by = "me\x1b[2J\u202e"
    assert [line.plain for line in lines([run])][1] == "  failed, started by me\\x1b[2J\\u202e"


@pytest.mark.parametrize(("report_only", "shown"), [(2, "PASS (report only)"), (1, "PASS")])
def test_a_run_that_nothing_could_fail_says_so(report_only: int, shown: str) -> None:
    counted = Listed(run_id="run-1", status="SUCCEEDED", verdict="PASS", started_at="", seconds=None, amis=2, passed=2)
    counted.report_only = report_only
    assert next(lines([counted])).plain == f"run-1  {shown}"


class Stack:
    """A stack of two executions, of which neither was opened, and one that Step Functions has forgotten."""

    stack = "golden"
    state_machine = "arn"

    def __init__(self, *executions: tuple[str, str]) -> None:
        self.executions = executions
        self.ledger = self

    def client(self, service: str) -> Any:
        return self

    def get_paginator(self, name: str) -> Any:
        return self

    def paginate(self, stateMachineArn: str, statusFilter: str = "") -> Iterable[Any]:
        at = datetime(2026, 3, 1, tzinfo=UTC)
        rows = [{"name": name, "status": status, "startDate": at} for name, status in self.executions]
        yield {"executions": [row for row in rows if statusFilter in ("", row["status"])]}

    def run_ids(self, limit: int) -> list[str]:
        return ["old"] if self.executions else []

    def run(self, run_id: str) -> Any:
        if run_id != "old":
            raise RunNotFound(run_id)
        return SimpleNamespace(
            verdict="PASS", ami_count=1, error="", started_by="", started_at="2025-01-01T00:00:00Z", completed_at="",
            report_key="",
        )  # fmt: skip


def test_runs_of_a_status_are_listed() -> None:
    stack: Any = Stack(("on", "RUNNING"), ("off", "FAILED"))
    assert [run.run_id for run in listing.runs(stack, 9)] == ["on", "off", "old"]
    assert [run.run_id for run in listing.runs(stack, 9, Status.RUNNING)] == ["on"]
    assert listing.runs(stack, 9, Status.ABORTED) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "No run of stack golden yet; `golden-ami assess` starts one\n"),
        (["--status", "timed_out"], "No run of stack golden is TIMED_OUT; without --status all runs are listed\n"),
        (["--output", "json"], "[]\n"),
    ],
)
def test_an_empty_list_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    monkeypatch.setattr(command, "chosen", lambda *_, **__: Stack())
    monkeypatch.setattr(sys, "argv", ["golden-ami", "runs", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out == said
