"""A run that is redriven after it failed, and an execution whose name an earlier run had."""

from __future__ import annotations

import json
from typing import Any

import pytest
import time_machine
from report_world import ami, finding

from golden_ami import metrics
from golden_ami.models import Config, RiskException, Scope

ABORTED = {"Error": "ExecutionAborted", "Cause": json.dumps({"errorMessage": "stopped"})}
CLEAN, BAD = finding("CVE-1", severity="LOW"), finding("CVE-2", severity="CRITICAL")


def subjects(stack: Any) -> list[str]:
    return [message["Subject"] for message in stack.messages()]


def aborted(stack: Any) -> str:
    """The execution is aborted, and on_execution_end reports; the verdict."""
    answer = stack.aggregate("run-1", error=ABORTED)
    stack.ledger.note_end("run-1", "2026-03-01T13:00:00Z")  # as test_ending_report.py has it
    return str(answer["output"]["verdict"])


def test_the_end_of_a_redriven_run_is_told_too(stack: Any) -> None:
    stack.open("run-1", [(ami("ami-0a"), [BAD])])
    aborted(stack)
    assert subjects(stack) == ["Golden AMI assessment could not complete: ExecutionAborted"]
    stack.aggregate("run-1")
    assert subjects(stack) == ["Golden AMIs: FAIL - 1 fail"]
    stack.aggregate("run-1")
    assert subjects(stack) == []


def test_a_run_that_succeeds_when_redriven_counts_as_one_success(stack: Any, capsys: Any) -> None:
    stack.open("run-1", [(ami("ami-0a"), [BAD])])
    aborted(stack)
    for _ in range(2):
        stack.aggregate("run-1")
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"CloudWatchMetrics"' in line]
    assert [one[metrics.SUCCEEDED] for one in written] == [[0.0], [1.0]]
    assert [metrics.DURATION in one for one in written] == [True, False], "the others are written once"


def test_a_repeated_end_of_a_failed_run_is_told_once(stack: Any) -> None:
    stack.open("run-1", [(ami("ami-0a"), [BAD])])
    for _ in range(2):
        stack.aggregate("run-1", error=ABORTED)
    assert len(subjects(stack)) == 1


def test_a_redriven_run_is_judged_on_the_day_of_its_end(stack: Any) -> None:
    exception = RiskException(
        vulnerability="CVE-2", reason="accepted", owner="security", expires="2026-03-01", scope=Scope()
    )
    stack.open("run-1", [(ami("ami-0a"), [BAD])], Config(exceptions=[exception]))
    with time_machine.travel("2026-03-01T13:00:00Z", tick=False):
        assert aborted(stack) == "PASS"
    with time_machine.travel("2026-03-03T13:00:00Z", tick=False):
        assert stack.aggregate("run-1")["output"]["verdict"] == "FAIL"
        assert stack.report("run-1")["run"]["completedAt"] == "2026-03-03T13:00:00Z"
    assert [one.verdict for one in stack.register("web").assessments] == ["FAIL"]


@pytest.mark.parametrize("started", ["2026-03-01T12:00:00.123Z", "2026-03-16T12:00:00Z"])
def test_a_start_is_the_same_to_the_millisecond_or_a_redrives(stack: Any, started: str) -> None:
    stack.open("run-1", [(ami("ami-0a"), [CLEAN])])
    assert stack.aggregate("run-1", started=started)["output"]["report"].endswith("/runs/run-1/report.json")


def test_the_report_of_a_name_used_again_is_not_the_earlier_runs(stack: Any) -> None:
    stack.open("monthly", [(ami("ami-0a"), [CLEAN])])
    assert stack.aggregate("monthly")["output"]["verdict"] == "PASS"
    subjects(stack)
    earlier = stack.report("monthly")
    fault = {"Error": "InvalidEvent", "Cause": json.dumps({"errorMessage": "the name was used before"})}
    answer = stack.aggregate("monthly", started="2026-06-01T12:00:00.000Z", error=fault)
    assert (answer["succeeded"], answer["output"]["verdict"]) == (False, "NOT_ASSESSED")
    assert answer["output"]["report"].endswith("/runs/monthly-2026-06-01T120000Z/report.json")
    assert stack.report("monthly") == earlier
    assert subjects(stack) == ["Golden AMI assessment could not complete: InvalidEvent"]


def test_each_redrive_is_told(stack: Any) -> None:
    """Aborted, redriven, aborted, redriven: also where the end is the same as the one before."""
    stack.open("run-1", [(ami("ami-0a"), [BAD])])
    for day in (1, 2, 3):
        stack.aggregate("run-1", error=ABORTED)
        assert len(subjects(stack)) == 1
        stack.ledger.note_end("run-1", f"2026-03-0{day}T13:00:00Z")


def test_the_end_of_a_run_that_was_opened_by_a_redrive_is_told(stack: Any) -> None:
    """Load Config was aborted: the report named the fault, and the ledger had no run."""
    stack.aggregate("run-1", error=ABORTED)
    stack.ledger.note_end("run-1", "2026-03-01T13:00:00Z")
    assert len(subjects(stack)) == 1
    stack.open("run-1", [(ami("ami-0a"), [BAD])])
    stack.aggregate("run-1")
    assert subjects(stack) == ["Golden AMIs: FAIL - 1 fail"]
