"""Amazon Inspector's on-demand scan of an image, and EC2's view of what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from golden_ami_emulator.inspector import service_roles
from golden_ami_emulator.world import Behaviour, Image

if TYPE_CHECKING:
    from tests.adapters.inspector.conftest import Aws, MakeAws


def start(aws: Aws, image_id: str = "ami-1-long-enough", token: str = "") -> str:
    params = {"clientToken": token} if token else {}
    answer = aws.client("inspector2").start_on_demand_scan(resourceId=image_id, resourceType="AMI", **params)
    return str(answer["scanId"])


def status(aws: Aws, scan_id: str, image_id: str = "ami-1-long-enough") -> dict[str, Any]:
    client = aws.client("inspector2")
    return dict(client.get_on_demand_scan_status(resourceId=image_id, scanId=scan_id, resourceType="AMI"))


def code(call: Any, *args: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(*args)
    return str(refused.value.response["Error"]["Code"])


IMAGES = [
    Image("ami-1-long-enough", "golden-1", {"Owner": "web"}, architecture="arm64"),
    Image("ami-2-long-enough", "golden-2", platform="macOS"),
    Image("ami-3-long-enough", "golden-3", owner="999999999999"),
    Image("ami-4-long-enough", "golden-4", state="pending"),
]


@pytest.fixture
def make(make_aws: MakeAws) -> Any:
    return lambda **world: make_aws(images=IMAGES, **world)


def test_a_scan_from_start_to_its_events(make: Any) -> None:
    aws = make()
    scan_id = start(aws)
    first = status(aws, scan_id)
    assert (first["scanStatus"], "completedAt" in first) == ("IN_PROGRESS", False)
    aws.advance(900)
    last = status(aws, scan_id)
    assert last["scanStatus"] == "SUCCESSFUL"
    assert (last["completedAt"] - last["startedAt"]).total_seconds() == 900
    complete = {
        "scanId": scan_id,
        "awsAccountId": "123456789012",
        "resourceId": "ami-1-long-enough",
        "resourceType": "MACHINE_IMAGE",
        "scanStatus": "SUCCESSFUL",
        "startedAt": "2026-11-02T08:00:00.000Z",
        "completedAt": "2026-11-02T08:15:00.000Z",
        "findingSeverityCounts": {
            "CRITICAL": 0,
            "HIGH": 2,
            "MEDIUM": 3,
            "LOW": 1,
            "INFORMATIONAL": 0,
            "UNTRIAGED": 2,
            "TOTAL": 8,
        },
        "version": "1.0",
    }
    name = "Inspector2 OnDemand Scan Complete"
    assert aws.events[-1] == ("aws.inspector2", name, complete, ["ami-1-long-enough"])
    assert {event[:2] for event in aws.events[:-1]} == {("inspector2.ami.ondemand", "OnDemand AMI Scan Findings")}
    details = aws.details("OnDemand AMI Scan Findings")
    assert len({detail["findingArn"] for detail in details}) == 8
    prefix = f"arn:aws:inspector2:us-east-1:123456789012:finding/ondemand/{scan_id}/"
    assert all(detail["findingArn"].startswith(prefix) and detail["scanId"] == scan_id for detail in details)
    assert details[0]["firstObservedAt"] == "2024-02-02T15:30:33.045Z"
    assert details[0]["resources"] == [
        {"type": "MACHINE_IMAGE", "id": "ami-1-long-enough", "partition": "aws", "region": "us-east-1"}
    ]


def test_it_needs_no_activation_and_lists_nothing(make: Any) -> None:
    aws = make(inspector_enabled=False)
    scan_id = start(aws)
    aws.advance(900)
    assert status(aws, scan_id)["scanStatus"] == "SUCCESSFUL"
    assert aws.client("inspector2").list_findings()["findings"] == []


@pytest.mark.parametrize(
    ("behaviour", "image_id", "reason"),
    [
        (Behaviour(scan_result="UNSUPPORTED_OS"), "ami-1-long-enough", "UNSUPPORTED_OS"),
        (Behaviour(scan_result="STORAGE_LIMIT_EXCEEDED"), "ami-1-long-enough", "STORAGE_LIMIT_EXCEEDED"),
        (Behaviour(), "ami-2-long-enough", "UNSUPPORTED_OS"),
    ],
)
def test_a_scan_that_fails(make: Any, behaviour: Behaviour, image_id: str, reason: str) -> None:
    aws = make(behaviours={"*": behaviour})
    scan_id = start(aws, image_id)
    aws.advance(900)
    answer = status(aws, scan_id, image_id)
    assert (answer["scanStatus"], answer["scanStatusReason"]) == ("FAILED", reason)
    [event] = aws.events
    assert event[2]["scanStatus"] == "FAILED"
    assert event[2]["scanStatusReason"] == reason
    assert "findingSeverityCounts" not in event[2]
    assert aws.client("ec2").get_image_findings(ImageId=image_id)["ImageFindings"] == []


def test_a_reason_of_instances_does_not_concern_an_image(make: Any) -> None:
    aws = make(behaviours={"*": Behaviour(scan_result="NO_INVENTORY")})
    scan_id = start(aws)
    aws.advance(900)
    assert status(aws, scan_id)["scanStatus"] == "SUCCESSFUL"


def test_one_scan_an_image_at_a_time_and_tokens_repeat(make: Any) -> None:
    aws = make()
    scan_id = start(aws, token="once")
    assert start(aws, token="once") == scan_id
    with pytest.raises(ClientError) as refused:
        start(aws, token="twice")
    response: Any = refused.value.response
    assert response["Error"]["Code"] == "ConflictException"
    assert response["resourceId"] == "ami-1-long-enough"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 409
    aws.advance(900)
    assert start(aws, token="twice") != scan_id


def test_what_cannot_be_scanned(make: Any) -> None:
    aws = make()
    assert code(start, aws, "ami-3-long-enough") == "AccessDeniedException"
    assert code(start, aws, "ami-4-long-enough") == "ValidationException"
    assert code(start, aws, "ami-none-of-such") == "ValidationException"
    assert code(status, aws, "0" * 32) == "ResourceNotFoundException"


def test_a_record_is_kept_for_thirty_days(make: Any) -> None:
    aws = make()
    scan_id = start(aws)
    aws.advance(29 * 86_400)
    assert status(aws, scan_id)["scanStatus"] == "SUCCESSFUL"
    aws.advance(86_400)
    assert code(status, aws, scan_id) == "ResourceNotFoundException"


def test_events_may_be_lost(make: Any) -> None:
    aws = make(behaviours={"*": Behaviour(findings_events_lost=3, events=())})
    start(aws)
    aws.advance(900)
    assert len(aws.details("OnDemand AMI Scan Findings")) == 5
    assert aws.details("Inspector2 OnDemand Scan Complete") == []


def test_image_findings_come_from_the_last_scan(make: Any) -> None:
    aws = make()
    client = aws.client("ec2")
    assert client.get_image_findings(ImageId="ami-1-long-enough")["ImageFindings"] == []
    start(aws)
    aws.advance(900)
    rows = client.get_image_findings(ImageId="ami-1-long-enough")["ImageFindings"]
    labels = [row.get("SeverityLabel") for row in rows]
    assert sorted(labels, key=str) == [None, None, "high", "high", "low", "medium", "medium", "medium"]
    assert rows[0]["Title"] == "CVE-2021-3744 - linux"
    assert (rows[0]["Score"], rows[0]["FixAvailable"]) == (5.5, True)
    assert rows[0]["FirstObservedAt"].timestamp() == 1706887833
    pages = client.get_paginator("get_image_findings").paginate(ImageId="ami-1-long-enough", MaxResults=3)
    assert [len(page["ImageFindings"]) for page in pages] == [3, 3, 2]


# Of the findings event in the User Guide's "Amazon EventBridge event schema for Amazon Inspector events".
DOCUMENTED = {
    "findingArn", "scanId", "awsAccountId", "type", "title", "description", "severity", "status", "firstObservedAt",
    "lastObservedAt", "updatedAt", "resources", "inspectorScore", "inspectorScoreDetails", "remediation",
    "packageVulnerabilityDetails", "fixAvailable", "exploitAvailable",
}  # fmt: skip
DOCUMENTED_OF_PACKAGES = {"name", "version", "epoch", "packageManager", "filePath", "fixedInVersion"}


def test_a_findings_event_has_the_documented_members_only(make: Any, mixed: list[dict[str, Any]]) -> None:
    more = {
        "epss": {"score": 0.9},
        "exploitAvailable": "YES",
        "exploitabilityDetails": {"lastKnownExploitAt": "2026-01-01"},
        "details": {"cisaData": {"dateAdded": "2026-01-01"}},
    }
    aws = make(findings={"*": [{**finding, **more} for finding in mixed]})
    start(aws)
    aws.advance(900)
    for detail in aws.details("OnDemand AMI Scan Findings"):
        assert not detail.keys() - DOCUMENTED
        vulnerability = detail["packageVulnerabilityDetails"]
        allowed = {"vulnerabilityId", "vulnerablePackages", "source", "sourceUrl", "vendorSeverity"}
        assert not vulnerability.keys() - allowed
        assert (
            not {name for package in vulnerability["vulnerablePackages"] for name in package} - DOCUMENTED_OF_PACKAGES
        )
        assert detail["exploitAvailable"] == "YES"


def test_on_demand_scans_know_no_suppression(make: Any, mixed: list[dict[str, Any]]) -> None:
    given = [{**mixed[0], "status": "SUPPRESSED"}, {**mixed[1], "status": "CLOSED"}, *mixed[2:]]
    aws = make(findings={"*": given}, behaviours={"*": Behaviour(suppressed=5)})
    start(aws)
    aws.advance(900)
    assert [detail["status"] for detail in aws.details("OnDemand AMI Scan Findings")] == ["ACTIVE"] * 7
    assert aws.details("Inspector2 OnDemand Scan Complete")[0]["findingSeverityCounts"]["TOTAL"] == 7


@pytest.mark.parametrize(
    ("name", "version", "failed"),
    [("Amazon Linux", "2", True), ("Alpine Linux", "3.20", True), ("Ubuntu", "24.04", False), ("", "", False)],
)
def test_a_system_outside_the_machine_image_table(make_aws: MakeAws, name: str, version: str, failed: bool) -> None:
    image = Image("ami-1-long-enough", "golden", platform_name=name, platform_version=version)
    aws = make_aws(images=[image])
    scan_id = start(aws)
    aws.advance(900)
    answer = status(aws, scan_id)
    expected = ("FAILED", "UNSUPPORTED_OS") if failed else ("SUCCESSFUL", None)
    assert (answer["scanStatus"], answer.get("scanStatusReason")) == expected
    assert len(aws.client("ec2").get_image_findings(ImageId=image.image_id)["ImageFindings"]) == (0 if failed else 8)


def test_a_completion_may_tell_no_numbers(make: Any) -> None:
    aws = make(behaviours={"*": Behaviour(events=("uncounted",))})
    start(aws)
    aws.advance(900)
    [detail] = aws.details("Inspector2 OnDemand Scan Complete")
    assert (detail["scanStatus"], "findingSeverityCounts" in detail) == ("SUCCESSFUL", False)


def scan_results(aws: Aws, image_id: str = "ami-1-long-enough") -> dict[str, Any] | None:
    [image] = aws.client("ec2").describe_images(ImageIds=[image_id])["Images"]
    found: dict[str, Any] | None = image.get("ScanResults")
    return found


def described(aws: Aws) -> None:
    """Make the world's images known to EC2, as the embedded account does."""
    from golden_ami_emulator.images import Images

    Images(aws.world, "us-east-1", "123456789012").__enter__()


def test_an_image_that_was_scanned_has_scan_results(make: Any) -> None:
    aws = make()
    described(aws)
    assert scan_results(aws) is None
    scan_id = start(aws)
    assert scan_results(aws) is None
    aws.advance(900)
    results = scan_results(aws)
    assert results is not None
    assert results["HighestFindingSeverityLabel"] == "high"
    assert results["FindingScanDate"] == status(aws, scan_id)["completedAt"]
    assert results["MediumFixAvailableSince"].isoformat().startswith("2024-02-02T")
    assert scan_results(aws, "ami-4-long-enough") is None


def test_a_scan_without_findings_has_a_date_and_no_severity(make: Any) -> None:
    aws = make(findings={})
    described(aws)
    start(aws)
    aws.advance(900)
    assert (scan_results(aws) or {}).keys() == {"FindingScanDate"}


def test_a_scan_that_failed_shows_nothing(make: Any) -> None:
    aws = make(behaviours={"*": Behaviour(scan_result="UNSUPPORTED_OS")})
    described(aws)
    start(aws)
    aws.advance(900)
    assert scan_results(aws) is None


def test_until_the_rows_come_they_are_those_of_the_scan_before(make: Any, mixed: list[dict[str, Any]]) -> None:
    aws = make(behaviours={"*": Behaviour(rows_after=300)})
    described(aws)

    def seen() -> tuple[int, Any]:
        rows = aws.client("ec2").get_image_findings(ImageId="ami-1-long-enough")["ImageFindings"]
        return len(rows), (scan_results(aws) or {}).get("FindingScanDate")

    start(aws)
    aws.advance(900)
    first = aws.timers.now()
    aws.advance(299)
    assert seen() == (0, None)
    aws.advance(1)
    assert seen() == (8, first)
    start(aws)
    aws.advance(900)
    assert seen() == (8, first)
    aws.advance(300)
    assert seen()[1] > first


def test_the_rows_may_never_come(make: Any) -> None:
    aws = make(behaviours={"*": Behaviour(rows_after=None)})
    described(aws)
    start(aws)
    aws.advance(86_400)
    assert scan_results(aws) is None
    assert aws.client("ec2").get_image_findings(ImageId="ami-1-long-enough")["ImageFindings"] == []


def test_image_findings_of_no_image(make: Any) -> None:
    aws = make()
    find = aws.client("ec2").get_image_findings
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        find(ImageId="ami-none-of-such")
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        find(ImageId="ami-1-long-enough", MaxResults=1001)


def test_a_token_is_remembered_while_its_scan_runs(make: Any) -> None:
    aws = make(behaviours={"*": Behaviour(internal_errors=1)})
    first = start(aws, token="t")
    assert start(aws, token="t") == first
    aws.advance(900)
    assert status(aws, first)["scanStatusReason"] == "INTERNAL_ERROR"
    second = start(aws, token="t")
    aws.advance(900)
    assert (second != first, status(aws, second)["scanStatus"]) == (True, "SUCCESSFUL")


def test_the_first_scan_in_an_account_makes_inspectors_roles(make: Any) -> None:
    aws = make(inspector_enabled=False)
    account = aws.region.account
    assert service_roles.missing(account, service_roles.ON_DEMAND) == service_roles.ON_DEMAND
    start(aws)
    assert service_roles.missing(account, service_roles.ON_DEMAND) == {}
    start(aws, "ami-2-long-enough")  # they are made once


def test_what_the_world_holds_anew_is_found_once_it_is_learnt(make: Any) -> None:
    def found(name: str) -> dict[str, Any]:
        return {"title": name, "packageVulnerabilityDetails": {"vulnerabilityId": name, "source": "NVD"}}

    held: dict[str, Any] = {"ami-1-long-enough": [found("CVE-2026-1000")]}
    aws = make(findings=held)
    for name in ("CVE-2026-1000", "CVE-2026-2000"):
        held["ami-1-long-enough"] = [found(name)]
        aws.region.learn()
        start(aws)
        aws.advance(900)
        rows = aws.client("ec2").get_image_findings(ImageId="ami-1-long-enough")["ImageFindings"]
        assert [row["Title"] for row in rows] == [name]
        assert [*aws.region.vulnerabilities] == [name]
