"""The `ami` engine against the emulated Inspector."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from golden_ami.scans.collect import tag_findings
from golden_ami_emulator.world import Behaviour

Make = Callable[..., Any]
A, B = "ami-11111111", "ami-22222222"
EVENT, ROW = "EventBridge:OnDemand AMI Scan Findings", "ec2:GetImageFindings"


def finding(number: int) -> dict[str, Any]:
    return {
        "findingArn": f"arn:aws:inspector2:us-east-1:123456789012:finding/{number:032x}",
        "title": f"CVE-2026-{number:04} - openssl",
        "severity": "HIGH" if number % 2 else "CRITICAL",
        "packageVulnerabilityDetails": {"vulnerabilityId": f"CVE-2026-{number:04}", "source": "NVD"},
    }


FINDINGS = {"*": [finding(number) for number in range(1, 6)]}


def test_findings_come_from_events(make: Make) -> None:
    harness = make(findings=FINDINGS)
    [ami] = harness.run("ami")
    assert ami.counts == {"CRITICAL": 2, "HIGH": 3}
    assert ami.findings_source == EVENT
    assert ami.findings_total == 5


def test_what_events_lost_comes_from_ec2_and_each_row_says_so(make: Make) -> None:
    harness = make(findings=FINDINGS, behaviours={"*": Behaviour(findings_events_lost=2)})
    [ami] = harness.run("ami")
    assert ami.counts == {"CRITICAL": 2, "HIGH": 3}
    assert ami.findings_source == f"{EVENT}, {ROW}"
    sources = [found.source for found in harness.stored(ami)]
    assert (sources.count(EVENT), sources.count(ROW)) == (3, 2)
    assert len({found.vulnerability_id for found in harness.stored(ami)}) == 5


def test_all_events_lost(make: Make) -> None:
    harness = make(findings=FINDINGS)
    harness.deliver = False
    [ami] = harness.run("ami")
    assert ami.counts == {"CRITICAL": 2, "HIGH": 3}
    assert ami.findings_source == ROW


def test_all_pages_of_image_findings_are_read_though_no_total_is_known(make: Make) -> None:
    """A page holds 1,000 at most (EC2 API Reference, GetImageFindings); no completion has announced how many."""
    harness = make(findings={"*": [finding(number) for number in range(1, 1004)]})
    harness.deliver = False
    [ami] = harness.run("ami")
    assert ami.findings_total is None
    assert sum(ami.counts.values()) == 1003
    assert len({found.vulnerability_id for found in harness.stored(ami)}) == 1003


@pytest.mark.parametrize("dated", [{}, {"completedAt": "2026-11-02T08:01:00Z"}])
def test_a_total_announced_before_the_end_of_the_scan_is_not_believed(make: Make, dated: dict[str, str]) -> None:
    harness = make(findings=FINDINGS)
    harness.deliver = False
    harness.open("ami")
    harness.assessment.start("run-1", "t")
    [ami] = harness.ledger.amis("run-1")
    detail = {"scanId": ami.scan, "scanStatus": "SUCCESSFUL", "findingSeverityCounts": {"TOTAL": 0}, **dated}
    kind = "Inspector2 OnDemand Scan Complete"
    forged = {"source": "aws.inspector2", "detail-type": kind, "account": ami.account, "detail": detail}
    harness.clock.advance(60)
    harness.receive(json.dumps(forged))
    harness.clock.advance(Behaviour().scan_seconds - 60)  # the scan is over, its messages are on their way
    assert not harness.assessment.check("run-1").over
    for event in harness.published:
        harness.receive(json.dumps(event))
    assert harness.assessment.check("run-1").over
    tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    assert (ami.counts, ami.findings_total, ami.findings_source) == ({"CRITICAL": 2, "HIGH": 3}, 5, EVENT)


def test_events_twice_count_once(make: Make) -> None:
    harness = make(findings=FINDINGS)
    harness.open("ami")
    harness.assess()
    for event in list(harness.published):
        harness.receive(json.dumps(event))
    tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    assert ami.counts == {"CRITICAL": 2, "HIGH": 3}


@pytest.mark.parametrize("result", ["UNSUPPORTED_OS", "ACCESS_DENIED", "STORAGE_LIMIT_EXCEEDED"])
def test_a_scan_that_fails_names_cause_and_the_other_engine(make: Make, result: str) -> None:
    harness = make(findings=FINDINGS, behaviours={B: Behaviour(scan_result=result)})
    first, second = harness.run("ami", [A, B])
    assert first.counts == {"CRITICAL": 2, "HIGH": 3}
    assert second.reason
    assert second.reason.code == f"INSPECTOR_{result}"
    assert "engine `instance`" in second.reason.remedy


def test_an_image_that_inspector_refuses_does_not_cost_the_others(make: Make) -> None:
    harness = make(findings=FINDINGS)
    first, second = harness.run("ami", [A, "ami-99999999"])
    assert first.counts
    assert second.reason
    assert second.reason.code == "INSPECTOR_ValidationException"
    assert "does not exist" in second.reason.message


def test_all_refused_ends_without_waiting(make: Make) -> None:
    harness = make()
    harness.open("ami", ["ami-99999999"])
    state = harness.assess()
    assert (state.over, state.failed) == (True, 1)
    assert harness.callbacks.answered == ["run-1-token-0"]


def test_starting_again_starts_no_second_scan(make: Make) -> None:
    harness = make()
    harness.open("ami")
    harness.assessment.start("run-1", "t1")
    [before] = harness.ledger.amis("run-1")
    harness.ledger.update_ami(before, scan="", scan_status="")  # crashed before it was recorded
    harness.assessment.start("run-1", "t2")
    [after] = harness.ledger.amis("run-1")
    assert after.scan == before.scan


def test_a_scan_that_runs_already_is_waited_for(make: Make) -> None:
    harness = make(findings=FINDINGS)
    other = harness.client("inspector2").start_on_demand_scan(resourceId=A, resourceType="AMI")["scanId"]
    [ami] = harness.run("ami")
    assert ami.scan == other
    assert ami.counts == {"CRITICAL": 2, "HIGH": 3}
