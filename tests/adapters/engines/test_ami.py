"""The `ami` engine against the emulated Inspector."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from golden_ami.engines.ami.adapter import is_shown
from golden_ami.errors import FindingsIncomplete
from golden_ami.models import Waits
from golden_ami.scans.collect import tag_findings
from golden_ami.storage.keys import vulnerabilities_key
from golden_ami_emulator.world import Behaviour

Make = Callable[..., Any]
A, B = "ami-11111111", "ami-22222222"
EVENT, ROW = "EventBridge:OnDemand AMI Scan Findings", "ec2:GetImageFindings"
BOTH = f"{EVENT} and {ROW}"
KIND = "Inspector2 OnDemand Scan Complete"


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
    assert ami.findings_source == BOTH
    assert ami.findings_total == 5


def test_what_events_lost_comes_from_ec2_and_each_row_says_so(make: Make) -> None:
    harness = make(findings=FINDINGS, behaviours={"*": Behaviour(findings_events_lost=2)})
    [ami] = harness.run("ami")
    assert ami.counts == {"CRITICAL": 2, "HIGH": 3}
    assert ami.findings_source == f"{BOTH}, {ROW}"
    sources = [found.source for found in harness.stored(ami)]
    assert (sources.count(BOTH), sources.count(ROW)) == (3, 2)
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
    harness.start("run-1", "t")
    [ami] = harness.ledger.amis("run-1")
    detail = {"scanId": ami.scan, "scanStatus": "SUCCESSFUL", "findingSeverityCounts": {"TOTAL": 0}, **dated}
    forged = {"source": "aws.inspector2", "detail-type": KIND, "account": ami.account, "detail": detail}
    harness.clock.advance(60)
    harness.receive(json.dumps(forged))
    harness.clock.advance(Behaviour().scan_seconds - 60)  # the scan is over, its messages are on their way
    assert not harness.assessment.check("run-1").over
    for event in harness.published:
        harness.receive(json.dumps(event))
    harness.clock.advance(60)
    assert harness.assessment.check("run-1").over
    tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    assert (ami.counts, ami.findings_total, ami.findings_source) == ({"CRITICAL": 2, "HIGH": 3}, 5, BOTH)


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
    harness.start("run-1", "t1")
    [before] = harness.ledger.amis("run-1")
    harness.ledger.update_ami(before, scan="", scan_status="")  # crashed before it was recorded
    harness.start("run-1", "t2")
    [after] = harness.ledger.amis("run-1")
    assert after.scan == before.scan


def test_a_scan_that_runs_already_is_waited_for(make: Make) -> None:
    harness = make(findings=FINDINGS)
    other = harness.client("inspector2").start_on_demand_scan(resourceId=A, resourceType="AMI")["scanId"]
    [ami] = harness.run("ami")
    assert ami.scan == other
    assert ami.counts == {"CRITICAL": 2, "HIGH": 3}


# ---------------------------------------------------------------- the sign that does without messages


def evidence(ami: Any) -> tuple[str, str]:
    found = next(one for one in ami.evidence if one.kind == "findings")
    return found.status, found.code


@pytest.mark.parametrize("deliver", [True, False])
def test_a_scan_runs_on_until_ec2_shows_its_results(make: Make, deliver: bool) -> None:
    harness = make(findings=FINDINGS, behaviours={"*": Behaviour(rows_after=700)})
    harness.deliver = deliver
    harness.open("ami")
    state = harness.assess()
    [ami] = harness.ledger.amis("run-1")
    assert state.completed == 1
    assert (datetime.now(UTC) - datetime.fromisoformat(ami.scanned_at)).total_seconds() >= 700
    tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    assert (ami.counts, evidence(ami)) == ({"CRITICAL": 2, "HIGH": 3}, ("COMPLETE", ""))


def test_findings_that_ec2_never_confirms_are_partial_in_the_end(make: Make) -> None:
    harness = make(findings=FINDINGS, behaviours={"*": Behaviour(rows_after=None)})
    harness.open("ami")
    harness.assess()
    [ami] = harness.ledger.amis("run-1")
    assert 900 <= (datetime.now(UTC) - datetime.fromisoformat(ami.scanned_at)).total_seconds() < 1300
    with pytest.raises(FindingsIncomplete, match="EC2 shows no results of this scan"):
        tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    assert (ami.counts, evidence(ami)) == ({"CRITICAL": 2, "HIGH": 3}, ("PENDING", "FINDINGS_NOT_CONFIRMED"))
    harness.clock.advance(900)
    tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    assert evidence(ami) == ("PARTIAL", "FINDINGS_NOT_CONFIRMED")


def test_what_events_told_by_the_deadline_is_kept_though_ec2_shows_nothing(make: Make) -> None:
    harness = make(findings=FINDINGS, behaviours={"*": Behaviour(rows_after=None)})
    seconds = int(Behaviour().scan_seconds) + 120
    harness.open("ami", waits=Waits(completion_deadline_seconds=seconds))
    harness.start("run-1", "t")
    harness.clock.advance(seconds)
    assert harness.assessment.check("run-1").over
    [ami] = harness.ledger.amis("run-1")
    assert (ami.reason, ami.scan_status) == (None, "COMPLETED")
    with pytest.raises(FindingsIncomplete):
        tag_findings("run-1", A, *harness.stack)
    assert harness.ledger.amis("run-1")[0].counts == {"CRITICAL": 2, "HIGH": 3}


@pytest.mark.parametrize(
    ("date", "started", "shown"),
    [
        ("", "2026-11-02T08:00:00.500Z", False),
        ("2026-11-02T07:59:59.999Z", "2026-11-02T08:00:00.500Z", False),
        ("2026-11-02T08:00:00Z", "2026-11-02T08:00:00.500Z", True),
        ("2026-11-02T08:00:00Z", "", False),
    ],
)
def test_results_of_an_earlier_scan_are_no_sign(date: str, started: str, shown: bool) -> None:
    assert is_shown(date, started) is shown


def test_rows_read_before_ec2_showed_results_are_not_confirmed(make: Make) -> None:
    """The results may appear while rows are read: those are still the earlier scan's."""
    harness = make(findings=FINDINGS)
    harness.open("ami")
    harness.assess()
    ec2 = harness.client("ec2")
    hidden = [True]

    def show(parsed: dict[str, Any], **_: Any) -> None:
        if hidden:
            parsed["Images"] = []

    ec2.meta.events.register_last("after-call.ec2.DescribeImages", show)
    ec2.meta.events.register("after-call.ec2.GetImageFindings", lambda **_: hidden.clear())
    with pytest.raises(FindingsIncomplete):
        tag_findings("run-1", A, *harness.stack)
    tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    assert evidence(ami) == ("COMPLETE", "")


# ---------------------------------------------------------------- events that come late


def waiting(make: Make, **waits: int) -> tuple[Any, list[str], list[str]]:
    """A run whose scan has just ended; its completion, and its findings events, which are under way."""
    harness = make(findings=FINDINGS)
    harness.deliver = False
    harness.open("ami", waits=Waits(**waits))
    harness.start("run-1", "t")
    harness.clock.advance(Behaviour().scan_seconds + 1)
    sent = [(event["source"], json.dumps(event)) for event in harness.published]
    completion = [text for source, text in sent if source == "aws.inspector2"]
    return harness, completion, [text for source, text in sent if source != "aws.inspector2"]


def queued(harness: Any) -> str:
    """The URL of the queue of findings, with a message of another scan in it."""
    url = str(harness.settings.findings_queue)
    harness.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    return url


def test_events_as_many_as_were_announced_end_no_wait(make: Make) -> None:
    """Anybody may send one, so that the real ones may be still to come."""
    harness, [completion], events = waiting(make)
    for message in (completion, *events):
        harness.receive(message)
    look = harness.assessment.check("run-1")
    assert (look.over, look.next_look_seconds) == (False, 20)
    harness.clock.advance(60)
    assert harness.assessment.check("run-1").over


def test_a_run_waits_while_the_queue_has_findings(make: Make) -> None:
    harness, _, _ = waiting(make)
    url = queued(harness)
    harness.clock.advance(300)
    assert not harness.assessment.check("run-1").over
    harness.client("sqs").purge_queue(QueueUrl=url)
    assert harness.assessment.check("run-1").over


def test_a_run_waits_for_a_minute_though_the_queue_is_empty(make: Make) -> None:
    harness, _, _ = waiting(make)
    harness.clock.advance(58)
    assert not harness.assessment.check("run-1").over
    harness.clock.advance(2)
    assert harness.assessment.check("run-1").over


def test_a_queue_that_never_empties_holds_a_run_for_findings_seconds_only(make: Make) -> None:
    harness, _, _ = waiting(make, findings_seconds=600)
    queued(harness)
    harness.clock.advance(590)
    assert not harness.assessment.check("run-1").over
    harness.clock.advance(20)
    assert harness.assessment.check("run-1").over


def test_findings_that_are_tried_again_are_waited_for(make: Make) -> None:
    harness, _, _ = waiting(make)
    url = queued(harness)
    harness.client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=600)
    harness.clock.advance(300)
    assert not harness.assessment.check("run-1").over


def test_findings_that_are_delayed_are_waited_for(make: Make) -> None:
    harness, _, _ = waiting(make)
    url = str(harness.settings.findings_queue)
    harness.client("sqs").send_message(QueueUrl=url, MessageBody="{}", DelaySeconds=900)
    harness.clock.advance(300)
    assert not harness.assessment.check("run-1").over


def test_a_queue_that_cannot_be_asked_holds_no_run(make: Make) -> None:
    harness, _, _ = waiting(make)
    harness.client("sqs").delete_queue(QueueUrl=harness.settings.findings_queue)
    harness.clock.advance(300)
    assert harness.assessment.check("run-1").over


# ---------------------------------------------------------------- messages that anybody may send


def collected(harness: Any) -> Any:
    tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    return ami


def assessed(make: Make) -> tuple[Any, Any]:
    """A run whose scan is over and whose true messages are kept back."""
    harness = make(findings=FINDINGS)
    harness.deliver = False
    harness.open("ami")
    harness.assess()
    [ami] = harness.ledger.amis("run-1")
    return harness, ami


def forged(ami: Any, number: int, severity: str = "INFORMATIONAL", **members: Any) -> dict[str, Any]:
    prefix = f"arn:aws:inspector2:{ami.region}:{ami.account}:finding/ondemand/{ami.scan}"
    invented = {"scanId": ami.scan, "findingArn": f"{prefix}/{number:032x}", "severity": severity}
    named = {"title": "CVE-2026-9 - bash", "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2026-9"}}
    detail = finding(number) | named | invented | members
    source = "inspector2.ami.ondemand"
    return {"source": source, "detail-type": "OnDemand AMI Scan Findings", "account": ami.account, "detail": detail}


def test_an_invented_finding_adds_and_hides_nothing(make: Make) -> None:
    harness, ami = assessed(make)
    harness.receive(json.dumps(forged(ami, 99)))
    assert collected(harness).counts == {"CRITICAL": 2, "HIGH": 3, "INFORMATIONAL": 1}


def test_a_replaced_finding_lowers_nothing_whichever_comes_first(make: Make) -> None:
    harness, ami = assessed(make)
    true = [event for event in harness.published if event["source"] == "inspector2.ami.ondemand"]
    for number, event in enumerate(true):
        replaced = event | {"detail": event["detail"] | {"severity": "LOW", "status": "SUPPRESSED"}}
        for one in (replaced, event) if number % 2 else (event, replaced):
            harness.receive(json.dumps(one))
    ami = collected(harness)
    assert (ami.counts, ami.findings_source) == ({"CRITICAL": 2, "HIGH": 3}, BOTH)


def test_a_finding_of_another_account_region_or_scan_is_left_out(make: Make) -> None:
    harness, ami = assessed(make)
    event = forged(ami, 99)
    arn = event["detail"]["findingArn"]
    for other in (
        arn.replace(ami.account, "999999999999"),
        arn.replace(ami.region, "eu-west-1"),
        arn.replace(ami.scan, "s"),
    ):
        harness.receive(json.dumps(event | {"detail": event["detail"] | {"findingArn": other}}))
    harness.receive(json.dumps(event | {"account": "999999999999"}))
    assert collected(harness).counts == {"CRITICAL": 2, "HIGH": 3}


def test_invented_findings_fill_no_gap(make: Make) -> None:
    harness, ami = assessed(make)
    at = datetime.now(UTC).isoformat()
    detail = {"scanId": ami.scan, "scanStatus": "SUCCESSFUL", "findingSeverityCounts": {"TOTAL": 7}, "completedAt": at}
    completion = {"source": "aws.inspector2", "detail-type": KIND, "account": ami.account, "detail": detail}
    harness.receive(json.dumps(completion))
    harness.receive(json.dumps(forged(ami, 98)))
    harness.receive(json.dumps(forged(ami, 99)))
    with pytest.raises(FindingsIncomplete, match="7 findings were announced, 5 received"):
        collected(harness)


def test_a_completion_that_announces_less_lowers_no_total(make: Make) -> None:
    harness = make(findings=FINDINGS)
    harness.deliver = False
    harness.open("ami")
    harness.start("run-1", "t")
    harness.clock.advance(Behaviour().scan_seconds + 120)
    [ami] = harness.ledger.amis("run-1")
    at = datetime.now(UTC).isoformat()
    detail = {"scanId": ami.scan, "scanStatus": "SUCCESSFUL", "findingSeverityCounts": {"TOTAL": 0}, "completedAt": at}
    lower = {"source": "aws.inspector2", "detail-type": KIND, "account": ami.account, "detail": detail}
    for event in [*harness.published, lower]:
        harness.receive(json.dumps(event))
    assert harness.assessment.check("run-1").over
    assert harness.ledger.amis("run-1")[0].findings_total == 5


def test_the_ids_that_findings_leave_open_are_noted_for_aggregate(make: Make) -> None:
    harness, _ = assessed(make)
    collected(harness)
    key = vulnerabilities_key("run-1", A)
    noted = harness.client("s3").get_object(Bucket=harness.settings.bucket, Key=key)["Body"].read()
    assert json.loads(noted) == [f"CVE-2026-{number:04}" for number in range(1, 6)]
