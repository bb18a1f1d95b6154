"""Amazon Inspector's on-demand scan of an image, and EC2's view of what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

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
    assert details[0]["resources"][0]["details"]["machineImage"]["architecture"] == "ARM64"


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


def test_image_findings_of_no_image(make: Any) -> None:
    aws = make()
    find = aws.client("ec2").get_image_findings
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        find(ImageId="ami-none-of-such")
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        find(ImageId="ami-1-long-enough", MaxResults=1001)
