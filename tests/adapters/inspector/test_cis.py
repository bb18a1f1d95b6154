"""Amazon Inspector's CIS scans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from golden_ami_emulator.world import Behaviour

if TYPE_CHECKING:
    from tests.adapters.inspector.conftest import Aws, MakeAws

TAGS = {"continuous-assessment-run": "run-1"}


def configure(aws: Aws, level: str = "LEVEL_1", **changes: Any) -> str:
    params: dict[str, Any] = {
        "scanName": "run-1",
        "securityLevel": level,
        "schedule": {"oneTime": {}},
        "targets": {
            "accountIds": ["SELF"],
            "targetResourceTags": {key: [value] for key, value in TAGS.items()},
        },
    }
    answer = aws.client("inspector2").create_cis_scan_configuration(**(params | changes))
    return str(answer["scanConfigurationArn"])


def scan_of(aws: Aws, configuration: str) -> dict[str, Any]:
    criteria = {"scanConfigurationArnFilters": [{"comparison": "EQUALS", "value": configuration}]}
    [scan] = aws.client("inspector2").list_cis_scans(filterCriteria=criteria)["scans"]
    return dict(scan)


def test_a_one_time_scan_of_tagged_instances(aws: Aws) -> None:
    client = aws.client("inspector2")
    [instance], _ = aws.launch(tags=TAGS), aws.launch(tags={"continuous-assessment-run": "run-2"})
    aws.advance(300)
    configuration = configure(aws)
    scan = scan_of(aws, configuration)
    assert (scan["status"], scan["totalChecks"]) == ("IN_PROGRESS", 0)
    aws.advance(900)
    scan = scan_of(aws, configuration)
    assert (scan["status"], scan["totalChecks"], scan["failedChecks"]) == ("COMPLETED", 5, 1)
    assert scan["targets"]["accountIds"] == ["123456789012"]
    by_target = client.list_cis_scan_results_aggregated_by_target_resource(scanArn=scan["scanArn"])
    [target] = by_target["targetResourceAggregations"]
    assert (target["targetResourceId"], target["targetStatus"]) == (instance, "COMPLETED")
    assert target["statusCounts"] == {"failed": 1, "skipped": 0, "passed": 4}
    checks = client.list_cis_scan_results_aggregated_by_checks(scanArn=scan["scanArn"])["checkAggregations"]
    assert [check["statusCounts"]["failed"] for check in checks] == [1, 0, 0, 0, 0]
    assert {check["level"] for check in checks} == {"LEVEL_1"}
    details = client.get_cis_scan_result_details(
        scanArn=scan["scanArn"],
        targetResourceId=instance,
        accountId="123456789012",
        filterCriteria={"findingStatusFilters": [{"comparison": "EQUALS", "value": "FAILED"}]},
    )["scanResultDetails"]
    assert [row["checkId"] for row in details] == [checks[0]["checkId"]]


def test_a_configuration_is_listed_and_deleted_and_its_scan_stays(aws: Aws) -> None:
    client = aws.client("inspector2")
    configuration = configure(aws)
    criteria = {"scanNameFilters": [{"comparison": "PREFIX", "value": "run-"}]}
    [listed] = client.list_cis_scan_configurations(filterCriteria=criteria)["scanConfigurations"]
    assert listed["scanConfigurationArn"] == configuration
    assert listed["schedule"] == {"oneTime": {}}
    client.delete_cis_scan_configuration(scanConfigurationArn=configuration)
    assert client.list_cis_scan_configurations()["scanConfigurations"] == []
    assert scan_of(aws, configuration)["status"] == "IN_PROGRESS"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.delete_cis_scan_configuration(scanConfigurationArn=configuration)


def test_level_2_has_more_checks_and_none_is_repeated(make_aws: MakeAws) -> None:
    aws = make_aws(behaviours={"*": Behaviour(cis_checks=30, cis_failed=0)})
    aws.launch(tags=TAGS)
    aws.advance(300)
    configuration = configure(aws, "LEVEL_2")
    aws.advance(900)
    scan = scan_of(aws, configuration)
    pages = aws.client("inspector2").get_paginator("list_cis_scan_results_aggregated_by_checks")
    rows = [row for page in pages.paginate(scanArn=scan["scanArn"], maxResults=7) for row in page["checkAggregations"]]
    assert len({row["checkId"] for row in rows}) == scan["totalChecks"] == 30
    assert {row["level"] for row in rows} == {"LEVEL_1", "LEVEL_2"}


@pytest.mark.parametrize(
    ("behaviour", "status", "checks"),
    [
        (Behaviour(cis_checks=0), "COMPLETED", 0),
        (Behaviour(cis_result="FAILED"), "FAILED", 5),
        (Behaviour(cis_result="CANCELLED"), "CANCELLED", 5),
    ],
)
def test_scans_that_say_nothing(make_aws: MakeAws, behaviour: Behaviour, status: str, checks: int) -> None:
    aws = make_aws(behaviours={"*": behaviour})
    aws.launch(tags=TAGS)
    aws.advance(300)
    configuration = configure(aws)
    aws.advance(900)
    scan = scan_of(aws, configuration)
    assert (scan["status"], scan["totalChecks"]) == (status, checks)


def test_an_unmanaged_target_times_out(aws: Aws) -> None:
    aws.launch(tags=TAGS, profile=False)
    aws.advance(300)
    configuration = configure(aws)
    aws.advance(900)
    scan = scan_of(aws, configuration)
    answer = aws.client("inspector2").list_cis_scan_results_aggregated_by_target_resource(scanArn=scan["scanArn"])
    [target] = answer["targetResourceAggregations"]
    assert (target["targetStatus"], target["targetStatusReason"]) == ("TIMED_OUT", "SSM_UNMANAGED")


def test_a_scan_without_targets_completes_empty(aws: Aws) -> None:
    configuration = configure(aws)
    aws.advance(60)
    assert scan_of(aws, configuration)["totalChecks"] == 0


def test_scans_are_filtered(aws: Aws) -> None:
    configure(aws)
    client = aws.client("inspector2")
    for name, values, expected in (
        ("scanStatusFilters", [{"comparison": "EQUALS", "value": "IN_PROGRESS"}], 1),
        ("scanStatusFilters", [{"comparison": "EQUALS", "value": "FAILED"}], 0),
        ("targetResourceTagFilters", [{"comparison": "EQUALS", "key": next(iter(TAGS)), "value": "run-1"}], 1),
        ("scanAtFilters", [{"latestScanStartTime": "2026-11-01T00:00:00Z"}], 0),
        ("scanAtFilters", [{"earliestScanStartTime": "2026-11-01T00:00:00Z"}], 1),
        ("failedChecksFilters", [{"lowerInclusive": 1}], 0),
    ):
        assert len(client.list_cis_scans(filterCriteria={name: values})["scans"]) == expected, name


def test_bad_configurations(aws: Aws) -> None:
    for changes in ({"securityLevel": "LEVEL_3"}, {"scanName": "n" * 129}):
        with pytest.raises(ClientError, match="ValidationException"):
            configure(aws, **changes)
