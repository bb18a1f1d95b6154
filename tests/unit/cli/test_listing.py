"""The list of runs."""

from __future__ import annotations

import pytest

from golden_ami_cli.runs.listing import Listed, lines


@pytest.mark.parametrize(("report_only", "shown"), [(2, "PASS (report only)"), (1, "PASS")])
def test_a_run_that_nothing_could_fail_says_so(report_only: int, shown: str) -> None:
    counted = Listed(run_id="run-1", status="SUCCEEDED", verdict="PASS", started_at="", seconds=None, amis=2, passed=2)
    counted.report_only = report_only
    assert next(lines([counted])).plain == f"run-1  {shown}"
