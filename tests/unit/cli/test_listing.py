"""The list of runs."""

from __future__ import annotations

import pytest

from golden_ami_cli.runs.listing import Listed, lines


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
