"""Errors of the on-demand scan's calls: what costs one AMI, what heals, what is never started twice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError

from golden_ami.aws.errors import named_errors
from golden_ami.errors import ServiceFault
from golden_ami.models import Waits
from golden_ami_emulator.calls import client_error
from golden_ami_emulator.inspector import installed
from golden_ami_emulator.world import Behaviour

Make = Callable[..., Any]
Fail = Callable[[str, Any], None]
A, B = "ami-11111111", "ami-22222222"
FINDING = {
    "findingArn": "arn:aws:inspector2:us-east-1:123456789012:finding/1",
    "title": "CVE-2026-0001 - openssl",
    "severity": "HIGH",
    "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2026-0001", "source": "NVD"},
}
FINDINGS = {"*": [FINDING]}
START, STATUS = "StartOnDemandScan", "GetOnDemandScanStatus"
USER = "User: arn:aws:sts::123456789012:assumed-role/start-run/x is not authorized to perform: "
BY_POLICY = f"{USER}inspector2:StartOnDemandScan on resource: * with an explicit deny in a service control policy"
ROLE = "arn:aws:iam::123456789012:role/aws-service-role/ami.inspector2.amazonaws.com/X"
NO_ROLE = f"{USER}iam:CreateServiceLinkedRole on resource: {ROLE}"


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Fail:
    """`fail(operation, fault)`: `fault(number, request)` gives an error to raise before the call, or None."""

    def lay(operation: str, fault: Callable[[int, dict[str, Any]], Exception | None]) -> None:
        base: Any = BaseClient
        real, calls = base._make_api_call, Counter[str]()

        def call(client: Any, name: str, given: dict[str, Any]) -> Any:
            if name == operation:
                calls[name] += 1
                if error := fault(calls[name], given):
                    raise error
            return real(client, name, given)

        monkeypatch.setattr(BaseClient, "_make_api_call", call)

    return lay


def of_first(error: Exception) -> Callable[[int, dict[str, Any]], Exception | None]:
    return lambda _, given: error if given["resourceId"] == A else None


def scans() -> dict[str, int]:
    """How many scans of each AMI Inspector was made to start."""
    return dict(Counter(scan.image_id for scan in installed().on_demand.values()))


# ---------------------------------------------------------------- an error that costs its AMI only


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (("UnknownOperationException", "", 404), "AMI_SCAN_NOT_IN_REGION", "not available in us-east-1"),
        (("404", "", 404), "AMI_SCAN_NOT_IN_REGION", "not available in us-east-1"),
        (("UnrecognizedClientException", "invalid token", 403), "AMI_SCAN_NOT_IN_REGION", "not enabled"),
        (("AccessDeniedException", BY_POLICY, 403), "AMI_SCAN_NOT_ALLOWED", "inspector2:StartOnDemandScan"),
        (("AccessDeniedException", BY_POLICY, 403), "AMI_SCAN_NOT_ALLOWED", "service control policies"),
        (("AccessDeniedException", NO_ROLE, 403), "AMI_SCAN_NEEDS_ROLE", "--aws-service-name ami.inspector2.amazonaws"),
        (("AccessDeniedException", "not the owner", 403), "INSPECTOR_AccessDeniedException", "must own both"),
    ],
)
@pytest.mark.parametrize("operation", [START, STATUS])
def test_a_refusal_costs_its_ami_only_and_says_what_to_do(
    make: Make, fail: Fail, operation: str, error: tuple[str, str, int], code: str, words: str
) -> None:
    harness = make(findings=FINDINGS)
    fail(operation, of_first(client_error(error[0], operation, error[1], error[2])))
    first, second = harness.run("ami", [A, B])
    assert first.reason.code == code
    assert words in f"{first.reason.message} {first.reason.remedy}"
    assert (second.reason, second.counts) == (None, {"HIGH": 1})


def test_a_region_without_an_endpoint_costs_its_amis_only(
    make: Make, fail: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = make(findings=FINDINGS)
    monkeypatch.setattr("golden_ami.aws.clients.Clients.regions_of", lambda *_: ["eu-west-1"])
    fail(START, of_first(EndpointConnectionError(endpoint_url="https://inspector2.us-east-1.amazonaws.com")))
    first, second = harness.run("ami", [A, B])
    assert (first.reason.code, second.counts) == ("AMI_SCAN_NOT_IN_REGION", {"HIGH": 1})


def test_an_endpoint_that_exists_and_is_not_reached_is_tried_again(make: Make, fail: Fail) -> None:
    harness = make(findings=FINDINGS)
    harness.open("ami")
    fail(START, of_first(EndpointConnectionError(endpoint_url="https://inspector2.us-east-1.amazonaws.com")))
    with pytest.raises(ServiceFault), named_errors():
        harness.start("run-1", "t")
    assert harness.ledger.amis("run-1")[0].reason is None


def test_a_fault_of_the_service_is_raised(make: Make, fail: Fail) -> None:
    harness = make(findings=FINDINGS)
    harness.open("ami")
    fail(START, of_first(client_error("InternalServerException", START, status=500)))
    with pytest.raises(ClientError):
        harness.start("run-1", "t")


# ---------------------------------------------------------------- throttled


def throttled(seconds: int) -> ClientError:
    error = client_error("ThrottlingException", START, "Rate exceeded", 429)
    error.response["retryAfterSeconds"] = seconds  # type: ignore[typeddict-unknown-key]
    return error


def test_a_throttled_call_waits_as_long_as_it_is_told(make: Make, fail: Fail, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    harness = make(findings=FINDINGS)
    harness.open("ami")
    fail(START, lambda number, _: throttled(7) if number == 1 else None)
    monkeypatch.setattr(time, "sleep", slept.append)
    harness.start("run-1", "t")
    assert slept == [7]
    assert harness.ledger.amis("run-1")[0].scan


@pytest.mark.parametrize("seconds", [21, 300])
def test_no_function_waits_for_minutes(make: Make, fail: Fail, seconds: int) -> None:
    harness = make(findings=FINDINGS)
    harness.open("ami")
    fail(START, lambda *_: throttled(seconds))
    with pytest.raises(ClientError, match="Throttling"):
        harness.start("run-1", "t")


# ---------------------------------------------------------------- INTERNAL_ERROR: once more


def failing(make: Make, errors: int) -> Any:
    behaviours = {A: Behaviour(internal_errors=errors)}
    return make(findings=FINDINGS, behaviours=behaviours)


def test_a_scan_that_fails_internally_is_started_once_more(make: Make) -> None:
    first, second = failing(make, 1).run("ami", [A, B])
    assert (first.reason, first.counts, second.counts) == (None, {"HIGH": 1}, {"HIGH": 1})
    assert scans() == {A: 2, B: 1}
    assert first.failed_scan
    assert first.failed_scan != first.scan
    assert second.failed_scan == ""


def test_a_second_internal_error_is_not_assessed_and_there_is_no_third_scan(make: Make) -> None:
    first, second = failing(make, 9).run("ami", [A, B])
    assert first.reason.code == "INSPECTOR_INTERNAL_ERROR"
    assert "so did a second one" in first.reason.message
    assert (scans(), second.counts) == ({A: 2, B: 1}, {"HIGH": 1})


def test_at_the_deadline_no_second_scan_is_started(make: Make) -> None:
    """Nobody would wait for it, and it costs."""
    harness = failing(make, 1)
    harness.open("ami", [A])
    harness.start("run-1", "t")
    harness.clock.advance(Waits().completion_deadline_seconds)
    assert harness.assessment.check("run-1").over
    [ami] = harness.ledger.amis("run-1")
    assert (ami.reason.code, scans()) == ("INSPECTOR_INTERNAL_ERROR", {A: 1})


@pytest.mark.parametrize("ended", [False, True])
def test_a_second_scan_that_was_not_recorded_is_found(make: Make, ended: bool) -> None:
    harness = failing(make, 1)
    harness.open("ami", [A])
    harness.start("run-1", "t")
    harness.clock.advance(1000)
    [before] = harness.ledger.amis("run-1")
    assert not harness.assessment.check("run-1").over
    [after] = harness.ledger.amis("run-1")
    harness.ledger.update_ami(before, scan=before.scan, failed_scan="")  # died before it was recorded
    harness.clock.advance(1000 if ended else 60)
    harness.assessment.check("run-1")
    [again] = harness.ledger.amis("run-1")
    assert (again.scan, again.failed_scan) == (after.scan, before.scan)
    assert scans() == {A: 2}


def test_a_second_scan_that_is_refused_says_why(make: Make, fail: Fail) -> None:
    harness = failing(make, 1)
    fail(START, lambda number, _: client_error("AccessDeniedException", START, BY_POLICY, 403) if number > 1 else None)
    [first] = harness.run("ami", [A])
    assert first.reason.code == "AMI_SCAN_NOT_ALLOWED"


def test_a_second_scan_that_is_throttled_costs_no_other_ami(make: Make, fail: Fail) -> None:
    harness = failing(make, 1)
    harness.open("ami", [A, B])
    harness.start("run-1", "t")
    fail(START, lambda *_: client_error("ThrottlingException", START, "Rate exceeded", 429))
    harness.clock.advance(2000)
    assert not harness.assessment.check("run-1").over
    first, second = harness.ledger.amis("run-1")
    assert (first.scan_status, second.scan_status) == ("PENDING", "COMPLETED")


def test_no_older_scan_takes_the_place_of_one_that_failed(make: Make) -> None:
    harness = failing(make, 2)  # the old one fails, too
    harness.client("inspector2").start_on_demand_scan(resourceId=A, resourceType="AMI")
    harness.clock.advance(2000)
    [first] = harness.run("ami", [A])
    assert (first.reason, scans()) == (None, {A: 3})


# ---------------------------------------------------------------- a scan whose id was lost


def test_a_scan_that_failed_for_somebody_else_is_not_ours(make: Make) -> None:
    harness = failing(make, 1)
    harness.open("ami", [A])
    harness.client("inspector2").start_on_demand_scan(resourceId=A, resourceType="AMI")
    harness.clock.advance(2000)
    harness.start("run-1", "t")
    assert scans() == {A: 2}


def test_a_run_that_is_redriven_much_later_scans_again(make: Make) -> None:
    harness = make(findings=FINDINGS)
    harness.open("ami")
    harness.start("run-1", "t1")
    harness.clock.advance(2 * 86_400)
    [before] = harness.ledger.amis("run-1")
    harness.ledger.update_ami(before, scan="", scan_status="")
    harness.start("run-1", "t2")
    assert scans() == {A: 2}


@pytest.mark.parametrize("seconds", [0, 60, 2000])
def test_a_scan_whose_id_was_lost_is_found_also_when_it_has_ended(make: Make, seconds: float) -> None:
    harness = make(findings=FINDINGS)
    harness.open("ami")
    harness.start("run-1", "t1")
    [before] = harness.ledger.amis("run-1")
    harness.ledger.update_ami(before, scan="", scan_status="")  # died before it was recorded
    harness.clock.advance(seconds)
    harness.start("run-1", "t2")
    assert harness.ledger.amis("run-1")[0].scan == before.scan
    assert scans() == {A: 1}


def test_a_scan_from_before_the_run_is_none_of_it(make: Make) -> None:
    harness = make(findings=FINDINGS)
    old = harness.client("inspector2").start_on_demand_scan(resourceId=A, resourceType="AMI")["scanId"]
    harness.clock.advance(2000)
    [ami] = harness.run("ami")
    assert ami.scan != old
    assert scans() == {A: 2}


def test_a_conflict_with_a_scan_that_is_listed_late_is_waited_for(make: Make, fail: Fail) -> None:
    harness = make(findings=FINDINGS)
    harness.open("ami")
    fail(START, lambda number, _: client_error("ConflictException", START, status=409) if number == 1 else None)
    harness.start("run-1", "t")
    assert harness.ledger.amis("run-1")[0].scan
