"""Amazon Inspector on instances: coverage over time, findings, filters, pages, events."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from golden_ami_emulator.world import Behaviour

if TYPE_CHECKING:
    from tests.adapters.inspector.conftest import Aws, MakeAws

SCANNED = 100 + 900  # agent and scan of a good day, in seconds


def only(value: str) -> list[dict[str, str]]:
    return [{"comparison": "EQUALS", "value": value}]


def coverage(aws: Aws, instance_id: str, scan_type: str = "PACKAGE") -> tuple[str, str] | None:
    criteria = {"resourceId": only(instance_id), "scanType": only(scan_type), "resourceType": only("AWS_EC2_INSTANCE")}
    rows = aws.client("inspector2").list_coverage(filterCriteria=criteria)["coveredResources"]
    return (rows[0]["scanStatus"]["statusCode"], rows[0]["scanStatus"]["reason"]) if rows else None


def findings(aws: Aws, **criteria: Any) -> list[dict[str, Any]]:
    pages = aws.client("inspector2").get_paginator("list_findings").paginate(filterCriteria=criteria)
    return [finding for page in pages for finding in page["findings"]]


def test_coverage_goes_from_no_row_to_a_completed_scan(aws: Aws) -> None:
    [instance] = aws.launch()
    seen = [coverage(aws, instance)]
    for seconds in (60, 40, 300, 599, 1):
        aws.advance(seconds)
        seen.append(coverage(aws, instance))
    assert seen == [
        None,
        ("INACTIVE", "UNMANAGED_EC2_INSTANCE"),
        ("ACTIVE", "PENDING_INITIAL_SCAN"),
        ("ACTIVE", "SCAN_IN_PROGRESS"),
        ("ACTIVE", "SCAN_IN_PROGRESS"),
        ("ACTIVE", "SUCCESSFUL"),
    ]
    [row] = aws.client("inspector2").list_coverage(filterCriteria={"scanType": only("PACKAGE")})["coveredResources"]
    assert row["lastScannedAt"] == aws.timers.now()
    assert coverage(aws, instance, "NETWORK") == ("ACTIVE", "SUCCESSFUL")


@pytest.mark.parametrize(
    ("result", "code"),
    [("UNSUPPORTED_OS", "INACTIVE"), ("NO_INVENTORY", "INACTIVE"), ("INTERNAL_ERROR", "ACTIVE")],
)
def test_a_failing_scan_shows_its_reason_and_never_completes(make_aws: MakeAws, result: str, code: str) -> None:
    aws = make_aws(behaviours={"*": Behaviour(scan_result=result)})
    [instance] = aws.launch()
    aws.advance(86_400)
    assert coverage(aws, instance) == (code, result)
    assert aws.details("Inspector2 Scan") == []
    assert aws.details("Inspector2 Coverage")[0]["scanStatus"] == {"reason": result, "statusCodeValue": code}
    assert findings(aws) == []


def test_partial_deep_inspection_completes_with_its_reason(make_aws: MakeAws) -> None:
    aws = make_aws(behaviours={"*": Behaviour(scan_result="DEEP_INSPECTION_NO_INVENTORY")})
    [instance] = aws.launch()
    aws.advance(SCANNED)
    assert coverage(aws, instance) == ("ACTIVE", "DEEP_INSPECTION_NO_INVENTORY")
    assert len(findings(aws)) == 8


@pytest.mark.parametrize(
    ("launch", "behaviour", "reason"),
    [
        ({"profile": False}, Behaviour(), "UNMANAGED_EC2_INSTANCE"),
        ({}, Behaviour(agent_after=None), "UNMANAGED_EC2_INSTANCE"),
        ({"tags": {"inspectorEC2exclusion": ""}}, Behaviour(), "EXCLUDED_BY_TAG"),
    ],
)
def test_unmanaged_and_excluded_instances_are_not_scanned(
    make_aws: MakeAws, launch: dict[str, Any], behaviour: Behaviour, reason: str
) -> None:
    aws = make_aws(behaviours={"*": behaviour})
    [instance] = aws.launch(**launch)
    aws.advance(7200)
    assert coverage(aws, instance) == ("INACTIVE", reason)
    assert findings(aws) == []


def test_stopped_and_terminated_instances(aws: Aws) -> None:
    stopped, terminated = aws.launch(number=2)
    aws.advance(300)
    aws.client("ec2").stop_instances(InstanceIds=[stopped])
    aws.client("ec2").terminate_instances(InstanceIds=[terminated])
    aws.advance(SCANNED)
    assert coverage(aws, stopped) == ("INACTIVE", "EC2_INSTANCE_STOPPED")
    assert coverage(aws, terminated) == ("INACTIVE", "RESOURCE_TERMINATED")
    assert aws.details("Inspector2 Scan") == []
    aws.client("ec2").start_instances(InstanceIds=[stopped])
    aws.advance(900)
    assert [detail["instance-id"] for detail in aws.details("Inspector2 Scan")] == [stopped]


def test_an_instance_that_dies_is_terminated_by_ec2(make_aws: MakeAws) -> None:
    aws = make_aws(behaviours={"*": Behaviour(instance_dies_after=200)})
    [instance] = aws.launch()
    aws.advance(SCANNED)
    [reservation] = aws.client("ec2").describe_instances(InstanceIds=[instance])["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] == "terminated"
    assert aws.details("Inspector2 Scan") == []


def test_the_event_of_a_completed_scan(aws: Aws) -> None:
    [instance] = aws.launch()
    aws.advance(SCANNED)
    scans = [event for event in aws.events if event[1] == "Inspector2 Scan"]
    detail = {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "finding-severity-counts": {"CRITICAL": 0, "HIGH": 2, "MEDIUM": 3, "TOTAL": 8},
        "instance-id": instance,
        "version": "1.0",
    }
    assert scans == [("aws.inspector2", "Inspector2 Scan", detail, [instance])]


@pytest.mark.parametrize("events", [(), ("complete",), ("complete", "complete")])
def test_the_completion_may_be_lost_or_come_twice(make_aws: MakeAws, events: tuple[str, ...]) -> None:
    aws = make_aws(behaviours={"*": Behaviour(events=events)})
    aws.launch()
    aws.advance(SCANNED)
    assert len(aws.details("Inspector2 Scan")) == len(events)
    assert len(findings(aws)) == 8


def test_findings_follow_the_instance(aws: Aws) -> None:
    first, second = aws.launch(number=2, tags={"Owner": "web", "empty": ""})
    aws.advance(SCANNED)
    found = findings(aws, resourceId=only(first), findingStatus=only("ACTIVE"))
    assert Counter(item["severity"] for item in found) == {"MEDIUM": 3, "HIGH": 2, "LOW": 1, "UNTRIAGED": 2}
    for item in found:
        [resource] = item["resources"]
        assert (resource["id"], resource["type"]) == (first, "AWS_EC2_INSTANCE")
        assert resource["tags"] == {"Owner": "web", "empty": ""}
        assert resource["details"]["awsEc2Instance"]["imageId"] == "ami-1"
        assert item["awsAccountId"] == "123456789012"
    assert found[0]["firstObservedAt"].isoformat().startswith("2024-02-02T")
    assert found[0]["firstObservedAt"].timestamp() == 1706887833.045
    both = [item["findingArn"] for item in findings(aws)]
    assert len(set(both)) == 16
    assert len(findings(aws, resourceId=[*only(first), *only(second)])) == 16


def test_findings_close_with_the_instance_and_are_gone_after_three_days(aws: Aws) -> None:
    [instance] = aws.launch()
    aws.advance(SCANNED)
    aws.client("ec2").terminate_instances(InstanceIds=[instance])
    assert findings(aws, findingStatus=only("ACTIVE")) == []
    assert len(findings(aws, findingStatus=only("CLOSED"))) == 8
    aws.advance(3 * 86_400)
    assert findings(aws) == []
    assert coverage(aws, instance) is None


def test_pages_and_their_limits(aws: Aws) -> None:
    aws.launch(number=3)
    aws.advance(SCANNED)
    client = aws.client("inspector2")
    pages = client.get_paginator("list_findings").paginate(PaginationConfig={"PageSize": 5})
    sizes = [len(page["findings"]) for page in pages]
    assert sizes == [5, 5, 5, 5, 4]
    sizes = [len(p["coveredResources"]) for p in client.get_paginator("list_coverage").paginate(maxResults=4)]
    assert sizes == [4, 2]
    for call, size in ((client.list_findings, 101), (client.list_coverage, 201)):
        with pytest.raises(ClientError) as refused:
            call(maxResults=size)
        response: Any = refused.value.response
        assert response["Error"]["Code"] == "ValidationException"
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert response["reason"] == "FIELD_VALIDATION_FAILED"
    with pytest.raises(ClientError, match="ValidationException"):
        client.list_findings(nextToken="made-up")


def test_at_most_ten_values_a_filter(aws: Aws) -> None:
    with pytest.raises(ClientError, match="less than or equal to 10"):
        findings(aws, resourceId=[item for number in range(11) for item in only(f"i-{number:017}")])


def test_the_listing_may_lag_behind_the_announced_total(make_aws: MakeAws) -> None:
    aws = make_aws(behaviours={"*": Behaviour(listing_lag=2)})
    [instance] = aws.launch()
    aws.advance(SCANNED)
    sizes = [len(findings(aws, resourceId=only(instance))) for _ in range(3)]
    assert sizes == [7, 7, 8]


def test_an_arn_may_be_listed_twice_and_counts_once(make_aws: MakeAws, mixed: list[dict[str, Any]]) -> None:
    aws = make_aws(findings={"*": [*mixed, mixed[0]]}, behaviours={"*": Behaviour(repeat_arns=3)})
    aws.launch()
    aws.advance(SCANNED)
    arns = [item["findingArn"] for item in findings(aws)]
    assert (len(arns), len(set(arns))) == (12, 8)
    assert aws.details("Inspector2 Scan")[0]["finding-severity-counts"]["TOTAL"] == 8


FINDINGS: list[dict[str, Any]] = [
    {
        "severity": "CRITICAL",
        "title": "CVE-2021-44228 - log4j-core",
        "epss": {"score": 0.94},
        "inspectorScore": 10,
        "exploitAvailable": "YES",
        "fixAvailable": "YES",
        "firstObservedAt": "2026-01-05",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2021-44228",
            "source": "NVD",
            "vulnerablePackages": [{"name": "log4j-core", "version": "2.14.1", "epoch": 0, "arch": "X86_64"}],
        },
        "details": {"cisaData": {"dateAdded": "2021-12-10", "dateDue": "2021-12-24"}, "cwes": ["CWE-502"]},
    },
    {
        "type": "NETWORK_REACHABILITY",
        "severity": "MEDIUM",
        "title": "Port 22 is reachable",
        "networkReachabilityDetails": {
            "openPortRange": {"begin": 22, "end": 22},
            "protocol": "TCP",
            "networkPath": {"steps": [{"componentId": "igw-1", "componentType": "AWS::EC2::InternetGateway"}]},
        },
    },
    {
        "type": "CODE_VULNERABILITY",
        "severity": "HIGH",
        "codeVulnerabilityDetails": {
            "cwes": ["CWE-798"],
            "detectorId": "python/hardcoded-credentials@v1.0",
            "detectorName": "Hardcoded credentials",
            "filePath": {"fileName": "a.py", "filePath": "/opt/a.py", "startLine": 1, "endLine": 2},
        },
    },
    {},
]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"severity": only("CRITICAL")}, [0]),
        ({"severity": [*only("CRITICAL"), *only("HIGH")]}, [0, 2]),
        ({"severity": [{"comparison": "NOT_EQUALS", "value": "CRITICAL"}]}, [1, 2, 3]),
        ({"severity": only("HIGH"), "findingType": only("NETWORK_REACHABILITY")}, []),
        ({"title": [{"comparison": "PREFIX", "value": "Port "}]}, [1]),
        ({"portRange": [{"beginInclusive": 20, "endInclusive": 30}]}, [1]),
        ({"portRange": [{"endInclusive": 21}]}, []),
        ({"epssScore": [{"lowerInclusive": 0.5}]}, [0]),
        ({"epssScore": [{"upperInclusive": 0.5}]}, []),
        ({"firstObservedAt": [{"endInclusive": "2026-02-01"}]}, [0]),
        ({"firstObservedAt": [{"startInclusive": "2026-02-01"}]}, [1, 2, 3]),
        ({"vulnerablePackages": [{"name": {"comparison": "PREFIX", "value": "log4j"}}]}, [0]),
        ({"vulnerablePackages": [{"epoch": {"lowerInclusive": 1}}]}, []),
        ({"codeVulnerabilityFilePath": only("/opt/a.py")}, [2]),
        ({"resourceTags": [{"comparison": "EQUALS", "key": "Owner", "value": "web"}]}, [0, 1, 2, 3]),
        ({"resourceTags": [{"comparison": "EQUALS", "key": "Owner", "value": "data"}]}, []),
        ({"ec2InstanceImageId": only("ami-1"), "awsAccountId": only("123456789012")}, [0, 1, 2, 3]),
        ({"lambdaFunctionName": only("f")}, []),
    ],
)
def test_filters(make_aws: MakeAws, criteria: dict[str, Any], expected: list[int]) -> None:
    aws = make_aws(findings={"ami-1": FINDINGS})
    aws.launch(tags={"Owner": "web"})
    aws.advance(SCANNED)
    listed = [item["findingArn"] for item in findings(aws)]
    assert [listed.index(item["findingArn"]) for item in findings(aws, **criteria)] == expected


def test_sorted_findings_have_those_without_the_member_last(make_aws: MakeAws) -> None:
    aws = make_aws(findings={"ami-1": [*FINDINGS, {**FINDINGS[0], "epss": {"score": 0.1}, "severity": "LOW"}]})
    aws.launch()
    aws.advance(SCANNED)
    client = aws.client("inspector2")
    by_epss = client.list_findings(sortCriteria={"field": "EPSS_SCORE", "sortOrder": "DESC"})["findings"]
    assert [item.get("epss", {}).get("score") for item in by_epss] == [0.94, 0.1, None, None, None]
    by_severity = client.list_findings(sortCriteria={"field": "SEVERITY", "sortOrder": "ASC"})["findings"]
    assert [item["severity"] for item in by_severity] == ["UNTRIAGED", "LOW", "MEDIUM", "HIGH", "CRITICAL"]


def test_details_say_what_the_listing_leaves_out(make_aws: MakeAws) -> None:
    aws = make_aws(findings={"ami-1": FINDINGS})
    aws.launch()
    aws.advance(SCANNED)
    client = aws.client("inspector2")
    log4j, network, code, _ = [item["findingArn"] for item in findings(aws)]
    unknown = "arn:aws:inspector2:us-east-1:123456789012:finding/0"
    answer = client.batch_get_finding_details(findingArns=[log4j, network, code, unknown])
    details = {item["findingArn"]: item for item in answer["findingDetails"]}
    assert details[log4j]["cisaData"]["dateAdded"].date().isoformat() == "2021-12-10"
    assert details[log4j]["cwes"] == ["CWE-502"]
    assert details[log4j]["epssScore"] == 0.94
    assert "cisaData" not in details[network]
    assert details[code]["cwes"] == ["CWE-798"]
    assert [(e["findingArn"], e["errorCode"]) for e in answer["errors"]] == [(unknown, "FINDING_DETAILS_NOT_FOUND")]
    with pytest.raises(ClientError, match="ValidationException"):
        client.batch_get_finding_details(findingArns=[unknown] * 11)


def test_scanning_starts_when_inspector_is_enabled(make_aws: MakeAws) -> None:
    aws = make_aws(inspector_enabled=False)
    client = aws.client("inspector2")
    [instance] = aws.launch()
    aws.advance(SCANNED)
    [account] = client.batch_get_account_status(accountIds=["123456789012"])["accounts"]
    assert account["state"]["status"] == account["resourceState"]["ec2"]["status"] == "DISABLED"
    assert coverage(aws, instance) is None
    client.enable(resourceTypes=["EC2"])
    [account] = client.batch_get_account_status()["accounts"]
    assert account["resourceState"]["ec2"]["status"] == "ENABLED"
    assert account["resourceState"]["ecr"]["status"] == "DISABLED"
    aws.advance(900)
    assert coverage(aws, instance) == ("ACTIVE", "SUCCESSFUL")
    client.disable(resourceTypes=["EC2"])
    assert coverage(aws, instance) is None


def test_other_accounts_cannot_be_asked(aws: Aws) -> None:
    answer = aws.client("inspector2").batch_get_account_status(accountIds=["123456789012", "999999999999"])
    assert [account["accountId"] for account in answer["accounts"]] == ["123456789012"]
    assert [(f["accountId"], f["errorCode"]) for f in answer["failedAccounts"]] == [("999999999999", "ACCESS_DENIED")]
