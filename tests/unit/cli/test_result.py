"""The result's contract, its table and its sources."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from golden_ami.evaluation.model import Failing
from golden_ami.models import SEVERITIES, Ami, AmiEntry, Evidence, Policy, Reason
from golden_ami.report.model import About, AmiReport, LastVerdict, Report, Totals
from golden_ami_cli.assessing import output, result
from golden_ami_cli.assessing.command import gate_status

AMI_KEYS = {"amiId", "name", "verdict", "reason", "instanceId", "tags", "findings"}
KEYS = {
    "runId", "engine", "executionArn", "executionStatus", "verdict", "startedAt", "stoppedAt", "transitions", "amis",
    "totals", "instances", "notifications", "reports",
}  # fmt: skip


def ami_report(ami_id: str, **members: Any) -> AmiReport:
    known: dict[str, Any] = {
        "key": ami_id, "ami_id": ami_id, "name": "web", "lineage": "web", "owner": "", "account": "123456789012",
        "region": "us-east-1", "engine": "instance", "verdict": "PASS",
    }  # fmt: skip
    return AmiReport(**known | members)


def report(*amis: AmiReport) -> Report:
    about = About(
        run_id="r", execution_arn="", execution_url="", account="", region="", started_at="", completed_at="",
        duration_seconds=0, succeeded=True,
    )  # fmt: skip
    return Report(run=about, verdict="FAIL", totals=Totals(), policy=Policy(), amis=list(amis))


UNREACHABLE = Reason(code="NO_AGENT", message="the agent never answered", remedy="check the instance profile")
REPORT = report(
    ami_report("ami-1", counts={"LOW": 3}, instance_id="i-1", tags={"Name": "web"}),
    ami_report(
        "ami-2",
        verdict="FAIL",
        counts={"HIGH": 2, "LOW": 1},
        failing=2,
        known_exploited=1,
        failing_by_severity=[Failing(severity="HIGH", findings=2, because={"known exploited": 1})],
    ),
    ami_report("ami-3", verdict="NOT_ASSESSED", reason=UNREACHABLE),
)


def built(**execution: Any) -> result.Result:
    described = {
        "name": "r",
        "executionArn": "arn:aws:states:us-east-1:123456789012:execution:m:r",
        "status": "SUCCEEDED",
        "startDate": datetime(2026, 11, 23, 6, 0, tzinfo=UTC),
        "stopDate": datetime(2026, 11, 23, 7, 4, 2, 500_000, tzinfo=UTC),
    }
    return result.build(
        described | execution,
        [{"type": "TaskStateEntered"}, {"type": "TaskScheduled"}, {"type": "SucceedStateEntered"}],
        result.from_report(REPORT),
        "FAIL",
        engine="instance",
        instances=result.InstanceTotals(launched=2, terminated=2),
        notifications=[result.Notification(topic="T", subject="S", bytes=9)],
        reports={"json": "s3://b/runs/r/report.json"},
    )


def shown(value: result.Result, width: int = 140) -> str:
    file = io.StringIO()
    Console(file=file, width=width, highlight=False).print(output.show(value))
    return file.getvalue()


def test_json_has_every_key_of_the_contract() -> None:
    answer = json.loads(output.to_json(built()))
    assert answer.keys() >= KEYS
    for ami in answer["amis"]:
        assert ami.keys() >= AMI_KEYS
        assert tuple(ami["findings"]) == SEVERITIES
    assert answer["instances"] == {"launched": 2, "terminated": 2, "running": 0}
    assert answer["startedAt"] == "2026-11-23T06:00:00.000Z"
    assert answer["stoppedAt"] == "2026-11-23T07:04:02.500Z"


def test_totals_sum_the_findings_and_verdicts_count_the_amis() -> None:
    answer = built()
    assert answer.totals == {"CRITICAL": 0, "HIGH": 2, "MEDIUM": 0, "LOW": 4, "INFORMATIONAL": 0, "UNTRIAGED": 0}
    assert answer.verdicts == {"PASS": 1, "FAIL": 1, "NOT_ASSESSED": 1}


def test_a_reason_is_text_or_null_never_empty() -> None:
    passed, failed, silent = built().amis
    assert (passed.reason, passed.instance_id) == (None, "i-1")
    assert (failed.reason, failed.instance_id) == ("2 high (1 known exploited)", None)
    assert (failed.known_exploited, failed.failing) == (1, 2)
    assert (silent.reason, silent.reason_code, silent.remedy) == (
        "the agent never answered",
        "NO_AGENT",
        "check the instance profile",
    )


def test_without_a_report_no_ami_counts_as_assessed() -> None:
    known: dict[str, Any] = {
        "run_id": "r", "batch": "b", "entry": AmiEntry(ami_id="ami-1"), "engine": "ami", "region": "eu-west-1",
        "account": "1",
    }  # fmt: skip
    rows = [
        Ami(key="ami-1", ami_id="ami-1", counts={"LOW": 1}, **known),
        Ami(key="ami-2", ami_id="ami-2", reason=UNREACHABLE, **known),
        Ami(key="ami-3", ami_id="ami-3", counts={"CRITICAL": 1}, **known),
    ]
    worst, first, second = result.from_ledger(rows)
    assert (worst.ami_id, worst.verdict) == ("ami-3", "NOT_ASSESSED")
    assert (first.verdict, first.reason_code) == ("NOT_ASSESSED", "NO_REPORT")
    assert (second.verdict, second.reason_code) == ("NOT_ASSESSED", "NO_AGENT")


def test_instances_are_counted_as_ec2_says() -> None:
    states = ["terminated", "shutting-down", "running", "stopped"]
    reservations = [{"Instances": [{"State": {"Name": state}}]} for state in states]
    assert result.instances_of(reservations) == result.InstanceTotals(launched=4, terminated=2, running=2)


def test_the_table_shows_no_zero_for_what_was_not_assessed() -> None:
    lines = shown(built()).splitlines()
    (row,) = [line for line in lines if "ami-3" in line]
    assert "NOT ASSESSED" in row
    assert "0" not in row
    assert "the agent never answered; check the instance profile" in row


def test_the_table_shows_what_was_found_though_not_assessed() -> None:
    answer = built()
    answer.amis[2].findings["LOW"] = 7
    (row,) = [line for line in shown(answer).splitlines() if "ami-3" in line]
    assert row.split("NOT ASSESSED")[1].split()[:7] == ["-", "-", "-", "-", "7", "-", "-"]


def test_a_pass_that_nothing_could_fail_says_so() -> None:
    found = [ami_report("ami-1", report_only=True, suppressed=2), ami_report("ami-2")]
    answer = built()
    answer.amis, answer.verdict = result.from_report(report(*found)), "PASS"
    lines = shown(answer).splitlines()
    assert "PASS (report only)" in lines[2]
    assert "2 suppressed in Inspector" in lines[2]
    assert "report only" not in lines[3]
    (run,) = [line for line in lines if "Run verdict" in line]
    assert "PASS (report only)" not in run
    assert ", 1 report only)" in run
    answer.amis.pop()
    assert "Run verdict    PASS (report only)" in shown(answer)


def test_grace_and_the_last_known_verdict_are_told() -> None:
    last = LastVerdict(verdict="REPORT_ONLY", completed_at="2026-04-01T03:00:00Z", run_id="run-7")
    graced, unknown = result.from_report(
        report(
            ami_report("ami-1", grace=2, grace_until="2026-04-11"),
            ami_report("ami-3", verdict="NOT_ASSESSED", reason=UNREACHABLE, last_verdict=last),
        )
    )
    assert graced.reason == "2 in grace, the first until 2026-04-11"
    assert unknown.notes == ["last PASS (report only) on 2026-04-01 (run run-7)"]


def test_json_has_the_evidence() -> None:
    gap = Evidence(kind="network", status="MISSING", detail="no coverage yet", code="C", remedy="R")
    answer = built()
    answer.amis = result.from_report(report(ami_report("ami-1", evidence=[gap])))
    (ami,) = json.loads(output.to_json(answer))["amis"]
    assert ami["evidence"] == [
        {"kind": "network", "status": "MISSING", "detail": "no coverage yet", "code": "C", "remedy": "R"}
    ]


def test_the_table_says_how_the_run_went() -> None:
    text = shown(built())
    assert "2 launched, 2 terminated, 0 running" in text
    assert "1 PASS, 1 FAIL, 1 NOT ASSESSED" in text
    assert "T: S" in text


def test_a_failed_execution_shows_error_and_cause_with_all_lines() -> None:
    text = shown(built(status="FAILED", error="InvalidConfiguration", cause="x has 2 problems:\n1. a\n2. b"))
    assert "InvalidConfiguration" in text
    assert text.splitlines()[-2:] == ["1. a", "2. b"]


def test_markup_in_names_and_tags_is_text() -> None:
    answer = built()
    answer.amis[0].name = "[red]x[/red] [/]"
    assert "[red]x[/red] [/]" in shown(answer)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_table_fits_its_console_and_loses_no_reason(width: int) -> None:
    answer = built()
    answer.amis[0].ami_id, answer.amis[0].name = "ami-0123456789abcdef0", "golden-ubuntu2404-api-2026-09-30"
    table = shown(answer, width).split("Run verdict")[0]
    assert max(len(line) for line in table.splitlines()) <= width
    for word in (
        "ami-0123456789abcdef0",
        "Name",
        "ubuntu2404",
        "2026-09-30",
        "exploited)",
        "answered;",
        "profile",
    ):
        assert word in table


@pytest.mark.parametrize(("verdict", "status"), [("PASS", 0), ("FAIL", 3), ("NOT_ASSESSED", 4)])
def test_gate(verdict: Any, status: int) -> None:
    answer = built()
    answer.verdict = verdict
    assert gate_status(answer) == status


def test_a_failed_execution_opens_no_gate() -> None:
    answer = built()
    answer.verdict, answer.execution_status = "PASS", "FAILED"
    assert gate_status(answer) == 1


@pytest.mark.parametrize(("verdict", "status"), [("PASS", 3), ("FAIL", 3), ("NOT_ASSESSED", 3)])
def test_findings_beyond_the_asked_severity_close_the_gate(verdict: Any, status: int) -> None:
    answer = built()
    answer.verdict, answer.fail_on = verdict, result.FailOn(severity="HIGH", findings=2)
    assert gate_status(answer) == status
    assert "Fail on        2 findings HIGH or worse, accepted by nobody" in shown(answer)
