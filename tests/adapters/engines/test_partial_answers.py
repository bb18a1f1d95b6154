"""Batch operations answer 200 and name, beside what they did, what they did not do. Shapes: botocore's models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient

from golden_ami.errors import EngineUnavailable, FindingsIncomplete, Retriable, ServiceFault
from golden_ami.scans.collect import tag_findings

Make = Callable[..., Any]
Change = Callable[[dict[str, Any], dict[str, Any]], None]
A = "ami-11111111"
FAILED = {"failureCode": "INTERNAL_ERROR", "retryable": True}


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Change], None]:
    """A factory: `answer(operation, change)` lets `change(request, answer)` alter an operation's answers."""

    def alter(operation: str, change: Change) -> None:
        base: Any = BaseClient
        real = base._make_api_call

        def call(client: Any, name: str, given: dict[str, Any]) -> Any:
            found = real(client, name, given)
            if name == operation:
                change(given, found)
            return found

        monkeypatch.setattr(BaseClient, "_make_api_call", call)

    return alter


def finding(number: int) -> dict[str, Any]:
    return {
        "findingArn": f"arn:aws:inspector2:us-east-1:123456789012:finding/{number:032x}",
        "title": f"CVE-2026-{number:04} - openssl",
        "severity": "LOW",
        "type": "PACKAGE_VULNERABILITY",
        "packageVulnerabilityDetails": {"vulnerabilityId": f"CVE-2026-{number:04}", "source": "NVD"},
    }


FINDINGS = {"*": [finding(number) for number in range(1, 13)]}


def assessed(harness: Any, engine: str) -> None:
    """A run up to the end of its scan."""
    harness.open(engine)
    harness.assessment.ensure("run-1")
    harness.scan_instances()


def test_attributes_that_classic_did_not_take_are_noted(make: Make, answer: Any) -> None:
    def change(request: dict[str, Any], found: dict[str, Any]) -> None:
        found["failedItems"] = {request["findingArns"][0]: FAILED}

    answer("AddAttributesToFindings", change)
    [ami] = make(findings=FINDINGS).run("classic")
    assert ami.counts == {"LOW": 12}
    told = "2 findings in us-east-1 did not take the AMI's tags: Inspector Classic answers INTERNAL_ERROR"
    assert ami.tag_notes[-1].startswith(told), "one of each ten"


def test_findings_that_classic_does_not_describe_are_waited_for(make: Make, answer: Any) -> None:
    def change(request: dict[str, Any], found: dict[str, Any]) -> None:
        lost = found["findings"].pop()["arn"]
        found["failedItems"] = {lost: FAILED}

    harness = make(findings=FINDINGS)
    assessed(harness, "classic")
    answer("DescribeFindings", change)
    with pytest.raises(FindingsIncomplete, match="12 findings were announced, 10 received"):
        tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    assert [one.status for one in ami.evidence if one.kind == "findings"] == ["PENDING"]
    assert ami.counts == {"LOW": 10}, "a failing one among them is known"


def test_a_run_that_classic_fails_to_describe_is_not_taken_for_lost(make: Make, answer: Any) -> None:
    def change(request: dict[str, Any], found: dict[str, Any]) -> None:
        found["assessmentRuns"], found["failedItems"] = [], dict.fromkeys(request["assessmentRunArns"], FAILED)

    harness = make(findings=FINDINGS)
    harness.open("classic")
    harness.assessment.ensure("run-1")
    harness.launch()
    harness.wait_for_agents()
    harness.start("run-1", "token")
    answer("DescribeAssessmentRuns", change)
    with pytest.raises(ServiceFault, match="INTERNAL_ERROR"):
        harness.assessment.check("run-1")
    [ami] = harness.ledger.amis("run-1")
    assert (ami.reason, ami.scan_status) == (None, "PENDING")
    with pytest.raises(ServiceFault):  # nor for a free target
        harness.assessment.ensure("run-1")


def test_details_that_inspector_fails_to_give_are_waited_for(make: Make, answer: Any) -> None:
    def change(request: dict[str, Any], found: dict[str, Any]) -> None:
        lost = request["findingArns"][0]
        error = {"findingArn": lost, "errorCode": "INTERNAL_ERROR", "errorMessage": "try later"}
        found["findingDetails"] = [one for one in found["findingDetails"] if one["findingArn"] != lost]
        found["errors"] = [*found.get("errors", []), error]

    harness = make(findings=FINDINGS)
    assessed(harness, "instance")
    answer("BatchGetFindingDetails", change)
    with pytest.raises(FindingsIncomplete, match="does not answer the details of"):
        tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    assert [one.status for one in ami.evidence if one.kind == "exploitData"] == ["PENDING"]


def test_details_that_are_refused_are_no_details_that_say_nothing(make: Make, answer: Any) -> None:
    def change(request: dict[str, Any], found: dict[str, Any]) -> None:
        refused = found["findingDetails"].pop()["findingArn"]
        error = {"findingArn": refused, "errorCode": "ACCESS_DENIED", "errorMessage": "no"}
        found["errors"] = [*found.get("errors", []), error]

    harness = make(findings=FINDINGS)
    assessed(harness, "instance")
    answer("BatchGetFindingDetails", change)
    tag_findings("run-1", A, *harness.stack)
    [ami] = harness.ledger.amis("run-1")
    [exploit] = [one for one in ami.evidence if one.kind == "exploitData"]
    assert (exploit.status, exploit.code) == ("MISSING", "EXPLOIT_DATA_MISSING")
    unanswered = [one for one in harness.stored(ami) if "knownExploited" in one.unanswered]
    assert len(unanswered) == 2, "one of each ten"


@pytest.mark.parametrize("operation", ["BatchGetAccountStatus", "Enable"])
def test_an_account_that_inspector_fails_is_named(make: Make, answer: Any, operation: str) -> None:
    def change(request: dict[str, Any], found: dict[str, Any]) -> None:
        account = request["accountIds"][0]
        error = {"accountId": account, "errorCode": "SUSPEND_IN_PROGRESS", "errorMessage": "wait"}
        found["failedAccounts"] = [error]
        if operation == "BatchGetAccountStatus":
            found["accounts"] = []

    answer(operation, change)
    harness = make(inspector_enabled=False)
    harness.open("instance", enable_inspector=True)
    with pytest.raises(EngineUnavailable, match="in us-east-1: SUSPEND_IN_PROGRESS wait"):
        harness.assessment.ensure("run-1")


def test_tags_that_security_hub_did_not_take_are_noted(make: Make, answer: Any) -> None:
    def change(request: dict[str, Any], found: dict[str, Any]) -> None:
        refused = request["FindingIdentifiers"][:3]
        found["UnprocessedFindings"] = [
            {"FindingIdentifier": one, "ErrorCode": "ConcurrentUpdateError", "ErrorMessage": "again"} for one in refused
        ]

    answer("BatchUpdateFindings", change)
    [ami] = make(findings=FINDINGS).run("instance", security_hub=True)
    assert ami.counts == {"LOW": 12}
    [note] = ami.tag_notes
    assert note.startswith("3 findings in us-east-1 did not take the AMI's tags: Security Hub answers Concurrent")


def test_a_row_of_security_hub_that_names_no_finding_means_all(make: Make, answer: Any) -> None:
    """Botocore's model requires the identifier; without it any finding of the call may have no tags."""

    def change(request: dict[str, Any], found: dict[str, Any]) -> None:
        named = {"FindingIdentifier": request["FindingIdentifiers"][0], "ErrorCode": "InvalidInput"}
        found["UnprocessedFindings"] = [named, {"ErrorCode": "ConcurrentUpdateError", "ErrorMessage": "again"}]

    answer("BatchUpdateFindings", change)
    [ami] = make(findings=FINDINGS).run("instance", security_hub=True)
    assert (ami.counts, ami.tags_written) == ({"LOW": 12}, "PARTIAL")
    assert sorted(note.partition(" in us-east-1 ")[0] for note in ami.tag_notes) == ["1 findings", "11 findings"]
    told = " ".join(ami.tag_notes)
    assert "answers InvalidInput" in told
    assert "answers ConcurrentUpdateError" in told


def test_what_is_waited_for_is_retried_by_name() -> None:
    assert issubclass(FindingsIncomplete, Retriable)
    assert issubclass(ServiceFault, Retriable)
