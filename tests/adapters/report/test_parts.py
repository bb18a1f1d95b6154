"""Every function of the report raises, one at a time, in the handler: the run still has its report and one message.

What holds: the report stands and can be read, every AMI is in it once, one message was sent, and nothing is PASS that
should not be.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from botocore.client import BaseClient
from report_parts import PARTS, broken
from report_world import ami, exception, finding

from golden_ami.models import Act, Config, Policy, Reason, Threshold
from golden_ami.report.model import Report

_NO_AGENT = Reason(code="AGENT_NOT_READY", message="no agent", remedy="Install it.")


def _opened(stack: Any, run_id: str) -> None:
    config = Config(
        act=Act(dry_run=False, tag_amis=True, events=True, deprecate=True),
        routes={"payments": stack.topics["payments"]},
        exceptions=[exception("CVE-2", "2036-01-01", lineage="good")],
        policy=Policy(fail_on=Threshold(severities=["HIGH"], epss=0.9), only_fixable=True, grace_days=1),
    )
    old = {"first_observed_at": "2026-01-01T00:00:00Z"}
    images = [
        (ami("ami-0a", tags={"Owner": "payments"}), [finding("CVE-1", **old), finding("CVE-3", **old)]),
        (ami("ami-0b", lineage="good"), [finding("CVE-2", **old)]),
        (ami("ami-0c", lineage="absent", reason=_NO_AGENT), None),
    ]
    stack.open(run_id, images, config)


@pytest.fixture(autouse=True)
def _deprecation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulation lacks EnableImageDeprecation, and there is no history."""
    base: Any = BaseClient
    real = base._make_api_call

    def answered(client: Any, name: str, given: dict[str, Any]) -> Any:
        if name == "EnableImageDeprecation":
            return {"Return": True}
        return {"events": []} if name == "GetExecutionHistory" else real(client, name, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", answered)


# What catches the others' faults: on-execution-end reports then (test_ending_report.py, test_report_parts.py).
CATCHING = {"report.aggregate.aggregate", "report.aggregate._required"}


@pytest.mark.parametrize("name", sorted(PARTS.keys() - CATCHING))
def test_a_part_that_raises_costs_no_report(stack: Any, name: str) -> None:
    _opened(stack, "run-0")
    stack.aggregate("run-0")
    stack.messages(), stack.messages("payments")
    _opened(stack, "run-1")
    with broken(name) as called:
        answers = [stack.aggregate("run-1"), stack.aggregate("run-1")]  # a retry, too
    report = msgspec.json.decode(stack.object("runs/run-1/report.json"), type=Report)
    (message,) = stack.messages()
    assert len(message["Subject"]) <= 100
    verdicts = {one.key: one.verdict for one in report.amis}
    assert sorted(one.key for one in report.amis) == ["ami-0a", "ami-0b", "ami-0c"]
    whole = {"ami-0a": "FAIL", "ami-0b": "PASS", "ami-0c": "NOT_ASSESSED"}
    if all(answer["succeeded"] for answer in answers):
        assert verdicts == whole, "what costs the execution nothing costs no verdict"
        assert called or not report.run.incomplete
        return
    assert called
    assert {answer["error"] for answer in answers} == {"Broken"}
    if "could not complete" not in message["Subject"]:
        assert verdicts == whole, "what was told before the fault stands"
        return
    assert "PASS" not in verdicts.values()
    assert verdicts["ami-0a"] in ("FAIL", "NOT_ASSESSED")
    reasons = {one.key: one.reason.code for one in report.amis if one.reason}
    assert reasons["ami-0c"] == "AGENT_NOT_READY"
    assert reasons["ami-0b"] == "REPORT_FAILED"
    assert message["Subject"] == "Golden AMI assessment could not complete: Broken"
    assert report.run.faults[-1].error == "Broken"
    assert name.rpartition(".")[2] in report.run.faults[-1].cause
    run = stack.ledger.run("run-1")
    assert (run.error, run.report_key) == ("Broken", "runs/run-1/report.json")


def test_what_failed_an_ami_before_the_fault_fails_it(stack: Any) -> None:
    _opened(stack, "run-1")
    with broken("report.notify.notify"):
        answer = stack.aggregate("run-1")
    assert (answer["succeeded"], answer["output"]["verdict"]) == (False, "FAIL")
    assert answer["output"]["history"] == "s3://golden-ami-reports/runs/run-1/history/"
    report = msgspec.json.decode(stack.object("runs/run-1/report.json"), type=Report)
    assert (report.verdict, report.totals.failed, report.totals.not_assessed, report.totals.failing) == (
        "FAIL",
        1,
        2,
        2,
    )
    assert {one.key: (one.verdict, one.failing, one.reason is None) for one in report.amis} == {
        "ami-0a": ("FAIL", 2, True), "ami-0b": ("NOT_ASSESSED", 0, False), "ami-0c": ("NOT_ASSESSED", 0, False),
    }  # fmt: skip
    (message,) = stack.messages()
    assert message["Message"].startswith("FAIL: 3 golden AMIs - 1 fail, 2 not assessed\n")
    assert "  FAIL  ami-0a (ami-0a): 2 findings fail it" in message["Message"]


def test_a_last_report_has_the_faults_before_its_own(stack: Any) -> None:
    _opened(stack, "run-1")
    caught = {"Error": "EngineBusy", "Cause": "another run"}
    with broken("report.build.build"):
        stack.aggregate("run-1", error=caught, terminateError=caught | {"Error": "Throttled"})
    faults = [(fault["where"], fault["error"]) for fault in stack.report("run-1")["run"]["faults"]]
    assert faults == [("run", "EngineBusy"), ("terminate", "Throttled"), ("report", "Broken")]


def test_parts_that_fail_together_are_named_in_order(stack: Any) -> None:
    _opened(stack, "run-1")
    with broken("report.findings.findings_of"):
        assert stack.aggregate("run-1")["succeeded"]
    report = stack.report("run-1")
    missing = [part["where"] for part in report["run"]["incomplete"]]
    assert {"findings.csv", "report.sarif", "junit.xml", "report.html"} <= set(missing)
    assert missing == sorted(missing)
    (message,) = stack.messages()
    assert message["Subject"].startswith("Golden AMIs: FAIL")
    assert "PARTS OF THE REPORT THAT COULD NOT BE MADE" in message["Message"]
    assert "findings.csv could not be made: Broken in report/findings.py" in message["Message"]
