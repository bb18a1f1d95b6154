"""The `instance` engine against the emulated Inspector."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from instance_findings import evidence_of, finding, status_of

from golden_ami.engines.instance import cis, scan_configuration
from golden_ami.errors import EngineUnavailable, FindingsIncomplete
from golden_ami.models import Policy, Waits
from golden_ami.scans.collect import tag_findings
from golden_ami_emulator.inspector import installed
from golden_ami_emulator.world import Behaviour

Make = Callable[..., Any]
A, B, C = "ami-11111111", "ami-22222222", "ami-33333333"
SHORT = Waits(completion_deadline_seconds=5400, agent_deadline_seconds=300)


def test_scanning_that_is_off_is_an_error_that_says_how(make: Make) -> None:
    harness = make(inspector_enabled=False)
    harness.open("instance")
    with pytest.raises(EngineUnavailable, match="aws inspector2 enable --resource-types EC2 --region us-east-1"):
        harness.assessment.ensure("run-1")


def test_scanning_is_turned_on_where_the_configuration_says_so(make: Make) -> None:
    harness = make(inspector_enabled=False)
    [ami] = harness.run("instance", enable_inspector=True)
    assert ami.scan_status == "COMPLETED"
    status = harness.client("inspector2").batch_get_account_status(accountIds=["123456789012"])
    assert status["accounts"][0]["resourceState"]["ec2"]["status"] == "ENABLED"


def test_agents_that_never_answer_are_named_and_the_others_go_on(make: Make) -> None:
    harness = make(behaviours={B: Behaviour(agent_after=None), C: Behaviour(instance_dies_after=100)})
    harness.open("instance", [A, B, C], waits=SHORT)
    harness.launch()
    agents = harness.wait_for_agents()
    assert agents == (True, 1, 0, 1)  # the dead one was given up before
    reasons = {ami.key: ami.reason and ami.reason.code for ami in harness.ledger.amis("run-1")}
    assert reasons == {A: None, B: "AGENT_NOT_REGISTERED", C: "INSTANCE_DIED"}
    harness.assess()
    [ami] = [ami for ami in harness.ledger.amis("run-1") if ami.scan_status == "COMPLETED"]
    assert ami.key == A


def test_hybrid_mode_scans_hourly_what_has_no_agent(make: Make) -> None:
    """Below that the reason says so; the system stays unknown without an agent."""
    silent = {"*": Behaviour(agent_after=None)}
    [ami] = make(behaviours=silent, scan_mode="EC2_HYBRID").run("instance", waits=SHORT)
    assert ami.reason
    assert (ami.reason.code, "EC2_HYBRID" in ami.reason.message) == ("AGENT_NOT_REGISTERED", True)
    assert "waits.agentDeadlineSeconds" in ami.reason.remedy


def test_a_scan_from_snapshots_is_evidence(make: Make) -> None:
    python = finding(2)
    python["packageVulnerabilityDetails"]["vulnerablePackages"] = [
        {"name": "a", "version": "1", "packageManager": "PIP"}
    ]
    harness = make(
        findings={"*": [finding(1), python]},
        behaviours={"*": Behaviour(agent_after=None)},
        scan_mode="EC2_HYBRID",
        deep_inspection="DEACTIVATED",
    )
    [ami] = harness.run("instance", waits=Waits(agent_deadline_seconds=7200))
    assert (ami.reason, ami.counts) == (None, {"HIGH": 2})
    found = {kind: status_of(ami, kind) for kind in ("packages", "languagePackages", "operatingSystem")}
    assert found == {"packages": "COMPLETE", "languagePackages": "COMPLETE", "operatingSystem": "MISSING"}


def test_a_scan_configuration_that_is_denied_is_unknown() -> None:
    error = ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetConfiguration")
    inspector = SimpleNamespace(get_configuration=Mock(side_effect=error))
    assert scan_configuration.read(inspector) == scan_configuration.ScanConfiguration()


def test_a_missing_instance_profile_is_named(make: Make) -> None:
    harness = make()
    harness.open("instance", waits=SHORT)
    harness.launch(profile=False)
    harness.wait_for_agents()
    [ami] = harness.ledger.amis("run-1")
    assert ami.reason
    assert "no instance profile" in ami.reason.message
    assert harness.assess().over  # nothing to wait for: resumed at once
    assert harness.checks == 1


@pytest.mark.parametrize("result", ["UNSUPPORTED_OS", "ACCESS_DENIED"])
def test_what_inspector_will_not_scan_ends_with_its_reason(make: Make, result: str) -> None:
    harness = make(behaviours={B: Behaviour(scan_result=result)})
    first, second = harness.run("instance", [A, B])
    assert first.counts == {"HIGH": 1}
    assert second.reason
    assert second.reason.code == f"INSPECTOR_{result}"
    assert not second.findings_key


def test_a_scan_that_never_ends_is_given_up_at_the_deadline_with_inspectors_last_word(make: Make) -> None:
    harness = make(behaviours={B: Behaviour(scan_result="INTERNAL_ERROR")})
    first, second = harness.run("instance", [A, B], waits=SHORT)
    assert first.scan_status == "COMPLETED"
    assert second.reason
    assert second.reason.code == "COMPLETION_DEADLINE"
    assert "INTERNAL_ERROR" in second.reason.message
    assert harness.waits <= 2 + SHORT.completion_deadline_seconds // SHORT.poll_seconds  # no hot loop


def test_language_packages_that_could_not_be_read_make_it_partial(make: Make) -> None:
    harness = make(behaviours={A: Behaviour(scan_result="DEEP_INSPECTION_COLLECTION_TIME_LIMIT_EXCEEDED")})
    [ami] = harness.run("instance")
    assert ami.scan_status == "PARTIAL"
    assert "languages" in ami.notes[0]
    assert status_of(ami, "languagePackages") == "PARTIAL"
    assert ami.counts == {"HIGH": 1}


def test_one_ami_of_a_batch_whose_listing_lags_does_not_keep_the_others_from_being_collected(make: Make) -> None:
    lagging = Behaviour(listing_lag=10**6)
    harness = make(findings={"*": [finding(1), finding(2)]}, behaviours={A: lagging})
    harness.open("instance", [A, B], batch="00")
    harness.scan_instances()
    with pytest.raises(FindingsIncomplete, match=r"2 findings were announced, \d received"):
        tag_findings("run-1", "00", *harness.stack)
    first, second = harness.ledger.amis("run-1")
    assert (first.ami_id, status_of(first, "findings")) == (A, "PENDING")
    assert (second.ami_id, second.counts) == (B, {"HIGH": 2})


def test_a_listing_shorter_than_announced_is_not_believed(make: Make) -> None:
    harness = make(findings={"*": [finding(1), finding(2)]}, behaviours={"*": Behaviour(listing_lag=1)})
    harness.open("instance")
    harness.scan_instances()
    with pytest.raises(FindingsIncomplete, match=r"2 findings were announced, 1 received"):
        tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    assert (status_of(ami, "findings"), ami.counts) == ("PENDING", {"HIGH": 1})
    assert len(harness.stored(ami)) == 1
    assert ami.findings_key, "Aggregate judges them if no look comes any more"
    assert tag_findings("run-1", A, *harness.stack) == (1, 2)
    assert tag_findings("run-1", A, *harness.stack) == (0, 0)  # collected already
    [ami] = harness.ledger.amis("run-1")
    assert (len(harness.stored(ami)), status_of(ami, "findings")) == (2, "COMPLETE")


def test_findings_that_never_come_are_waited_for_so_long_only(make: Make) -> None:
    harness = make(findings={"*": [finding(1), finding(2)]}, behaviours={"*": Behaviour(listing_lag=10**6)})
    harness.open("instance", waits=Waits(findings_seconds=900))
    harness.scan_instances()
    with pytest.raises(FindingsIncomplete):
        tag_findings("run-1", A, *harness.stack)
    harness.clock.advance(899)
    with pytest.raises(FindingsIncomplete):
        tag_findings("run-1", A, *harness.stack)
    harness.clock.advance(1)
    assert tag_findings("run-1", A, *harness.stack) == (1, 1)
    [ami] = harness.ledger.amis("run-1")
    assert (status_of(ami, "findings"), ami.counts, ami.reason) == ("PARTIAL", {"HIGH": 1}, None)


def test_a_listing_that_no_message_counts_is_believed_after_a_while_only(make: Make) -> None:
    """Its completion is lost, and what is listed at first is nothing."""
    late = Behaviour(events=(), listing_late=250, scan_seconds=830)
    harness = make(findings={"*": [finding(1)]}, behaviours={"*": late})
    harness.open("instance")
    harness.scan_instances()
    with pytest.raises(FindingsIncomplete, match="no message tells how many"):
        tag_findings("run-1", A, *harness.stack)
    harness.collect(A)
    [ami] = harness.ledger.amis("run-1")
    assert (ami.counts, status_of(ami, "findings")) == ({"HIGH": 1}, "COMPLETE")


def test_a_completion_that_comes_after_the_look_counts(make: Make) -> None:
    harness = make(findings={"*": [finding(1), finding(2)]}, behaviours={"*": Behaviour(events=(), listing_lag=1)})
    harness.open("instance")
    harness.scan_instances()
    [ami] = harness.ledger.amis("run-1")
    detail = {"scan-status": "INITIAL_SCAN_COMPLETE", "instance-id": ami.instance_id}
    harness.publish("aws.inspector2", "Inspector2 Scan", detail | {"finding-severity-counts": {"TOTAL": 2}}, [])
    with pytest.raises(FindingsIncomplete, match="2 findings were announced, 1 received"):
        tag_findings("run-1", A, *harness.stack)


def test_an_entry_of_cisa_without_its_date_is_an_entry(make: Make) -> None:
    harness = make(findings={"*": [finding(1, details={"cisaData": {"action": "Apply updates."}})]})
    [ami] = harness.run("instance")
    assert harness.stored(ami)[0].known_exploited_since


def test_suppressed_findings_are_collected_and_marked(make: Make) -> None:
    harness = make(findings={"*": [finding(1), finding(2)]}, behaviours={"*": Behaviour(suppressed=1)})
    [ami] = harness.run("instance")
    assert ami.counts == {"HIGH": 2}
    assert sorted(one.suppressed for one in harness.stored(ami)) == [False, True]


def test_the_system_that_the_agent_reports_is_evidence(make: Make) -> None:
    [ami] = make().run("instance")
    assert (ami.platform_name, ami.platform_version) == ("Amazon Linux", "2023")
    assert {one.kind: one.status for one in ami.evidence} == {
        "operatingSystem": "COMPLETE",
        "packages": "COMPLETE",
        "languagePackages": "COMPLETE",
        "network": "COMPLETE",
        "findings": "COMPLETE",
    }


def test_language_packages_that_come_late_are_waited_for(make: Make) -> None:
    harness = make(behaviours={"*": Behaviour(language_packages_after=600)})
    [ami] = harness.run("instance")
    assert status_of(ami, "languagePackages") == "COMPLETE"


def test_language_packages_that_never_come_are_partial_after_their_wait(make: Make) -> None:
    harness = make(behaviours={"*": Behaviour(language_packages_after=None)})
    [ami] = harness.run("instance")
    assert (ami.scan_status, status_of(ami, "languagePackages")) == ("PARTIAL", "PARTIAL")


@pytest.mark.parametrize("require", [None, ["packages", "network"]])
def test_rows_of_an_earlier_use_of_the_id_are_waited_out(make: Make, require: Any) -> None:
    """Also while the agent is silent: the past row says RESOURCE_TERMINATED."""
    harness = make(behaviours={"*": Behaviour(agent_after=400, coverage_late=240)})
    [ami] = harness.run("instance", policy=Policy(require=require))
    assert (ami.reason, ami.counts, status_of(ami, "packages")) == (None, {"HIGH": 1}, "COMPLETE")
    assert status_of(ami, "network") == ("COMPLETE" if require else "MISSING")


def test_an_arn_on_two_pages_counts_once(make: Make) -> None:
    findings = [finding(number) for number in range(130)]
    harness = make(findings={"*": findings}, behaviours={"*": Behaviour(repeat_arns=20)})
    [ami] = harness.run("instance")
    assert ami.counts == {"HIGH": 130}
    assert len(harness.stored(ami)) == 130


def test_known_exploited_dates_and_weaknesses_are_kept(make: Make) -> None:
    details = {"cisaData": {"dateAdded": "2026-01-02T00:00:00Z", "dateDue": "2026-01-23T00:00:00Z"}, "cwes": ["CWE-1"]}
    harness = make(findings={"*": [finding(1, details=details)]})
    [ami] = harness.run("instance")
    [found] = harness.stored(ami)
    assert (found.known_exploited_since, found.cwes) == ("2026-01-02T00:00:00Z", ["CWE-1"])


def test_tags_go_to_security_hub_where_asked_for(make: Make) -> None:
    behaviour = {"*": Behaviour(imported_after=0)}
    harness = make(findings={"*": [finding(number) for number in range(130)]}, behaviours=behaviour)
    harness.run("instance", security_hub=True)
    updates = installed().security_hub_updates
    assert len(updates) >= 1
    assert all(one["UserDefinedFields"]["app-name"] == "shop" for one in updates)


def test_security_hub_is_not_called_otherwise(make: Make) -> None:
    harness = make(security_hub_enabled=False)
    [ami] = harness.run("instance")
    assert ami.counts == {"HIGH": 1}


def test_cis_checks_that_failed_are_findings_and_the_configuration_is_removed(make: Make) -> None:
    harness = make(behaviours={"*": Behaviour(cis_checks=5, cis_failed=2)})
    [ami] = harness.run("instance", cis="LEVEL_1")
    found = harness.stored(ami)
    assert [one.type for one in found].count("CIS") == 2
    assert ami.counts == {"HIGH": 1, "MEDIUM": 2}
    assert ami.notes == ["CIS benchmark: 2 of 5 checks failed, 0 skipped"]
    assert harness.client("inspector2").list_cis_scan_configurations()["scanConfigurations"] == []


def test_a_cis_scan_is_started_once_though_start_run_is_repeated(make: Make) -> None:
    harness = make()
    harness.open("instance", cis="LEVEL_1")
    harness.launch()
    harness.wait_for_agents()
    run = harness.ledger.run("run-1")
    amis = harness.ledger.amis("run-1")
    from golden_ami.engines.registry import adapter
    from golden_ami.places import home

    scanner = adapter("instance", home(harness.settings), *harness.stack)
    scanner.start(run, amis)
    harness.ledger.note_removed("run-1", "cis-configuration#123456789012/us-east-1")  # crashed before it was noted
    scanner.start(run, amis)
    assert len(harness.client("inspector2").list_cis_scan_configurations()["scanConfigurations"]) == 1


def test_zero_checks_are_no_pass(make: Make) -> None:
    harness = make(behaviours={A: Behaviour(cis_checks=0)})
    first, second = harness.run("instance", [A, B], cis="LEVEL_1")
    assert (first.reason, second.reason) == (None, None), "its findings may fail it"
    assert (evidence_of(first, "cis").code, evidence_of(second, "cis").status) == ("CIS_NO_CHECKS", "COMPLETE")


@pytest.mark.parametrize("result", ["FAILED", "CANCELLED"])
def test_a_cis_scan_that_fails_is_named(make: Make, result: Any) -> None:
    harness = make(behaviours={A: Behaviour(cis_result=result)})
    [ami] = harness.run("instance", cis="LEVEL_1")
    assert evidence_of(ami, "cis").code == "CIS_FAILED"
    assert result in evidence_of(ami, "cis").detail


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"statusCounts": {"skipped": 120}, "targetStatus": "COMPLETED"}, "CIS_NO_CHECKS"),
        ({"statusCounts": {"passed": 1}, "targetStatus": "TIMED_OUT"}, "CIS_FAILED"),
        ({"statusCounts": {"passed": 1, "failed": 2}, "targetStatus": "CANCELLED"}, "CIS_FAILED"),
        ({}, "CIS_NO_CHECKS"),
        ({"statusCounts": {"passed": 1, "skipped": 3}, "targetStatus": "COMPLETED"}, ""),
    ],
)
def test_a_target_that_was_not_checked_through_is_not_assessed(row: dict[str, Any], code: str) -> None:
    evidence = cis._judged(row, "i-1")
    assert (evidence.code, evidence.status == "COMPLETE") == (code, not code)


@pytest.mark.parametrize("state", ["terminated", "stopped"])
def test_an_instance_that_ends_before_its_findings_are_read(make: Make, state: str) -> None:
    """Inspector closes what it found on it; no message has told how many there were."""
    harness = make(behaviours={"*": Behaviour(events=())})
    harness.open("instance", [A, B])
    harness.scan_instances()
    first, second = harness.ledger.amis("run-1")
    assert {first.scan_status, second.scan_status} == {"COMPLETED"}
    ec2 = harness.client("ec2")
    (ec2.terminate_instances if state == "terminated" else ec2.stop_instances)(InstanceIds=[first.instance_id])
    for batch in (first.batch, second.batch):
        harness.collect(batch)
    first, second = harness.ledger.amis("run-1")
    assert (evidence_of(first, "findings").status, evidence_of(first, "findings").code) == ("MISSING", "INSTANCE_DIED")
    assert (second.reason, second.counts) == (None, {"HIGH": 1})
