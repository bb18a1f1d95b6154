"""What a scan of an instance has looked at: its operating system, its language packages, what is suppressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from golden_ami_emulator.world import Behaviour, Image

if TYPE_CHECKING:
    from tests.adapters.inspector.conftest import Aws, MakeAws

SCANNED = 100 + 900  # agent and scan of a good day, in seconds
WINDOWS = ("Microsoft Windows Server 2022 Datacenter", "10.0.20348")


def finding(number: int, manager: str = "OS", **members: Any) -> dict[str, Any]:
    package = {"name": "a", "version": "1", "packageManager": manager}
    details = {"vulnerabilityId": f"CVE-2026-{number:04}", "source": "NVD", "vulnerablePackages": [package]}
    return {"severity": "HIGH", "title": f"{number} {manager}", "packageVulnerabilityDetails": details, **members}


FINDINGS = {"*": [finding(1), finding(2, "JAR"), finding(3, "PYTHONPKG"), finding(4)]}


def row(aws: Aws) -> dict[str, Any]:
    only = {"scanType": [{"comparison": "EQUALS", "value": "PACKAGE"}]}
    [covered] = aws.client("inspector2").list_coverage(filterCriteria=only)["coveredResources"]
    return dict(covered)


def reason(aws: Aws) -> tuple[str, str]:
    return row(aws)["scanStatus"]["statusCode"], row(aws)["scanStatus"]["reason"]


def titles(aws: Aws, **criteria: Any) -> list[str]:
    return [one["title"] for one in aws.client("inspector2").list_findings(filterCriteria=criteria)["findings"]]


def scanned(make_aws: MakeAws, image: Image, **world: Any) -> Aws:
    aws = make_aws(**{"findings": FINDINGS, **world}, images=[image])
    aws.launch(image.image_id)
    aws.advance(SCANNED)
    return aws


def of(name: str, version: str) -> Image:
    return Image("ami-1", "golden", platform_name=name, platform_version=version)


# ---------------------------------------------------------------- operating systems


@pytest.mark.parametrize(
    ("image", "kind", "named"),
    [
        (Image("ami-1", "a"), "Linux", ("Amazon Linux", "2023")),
        (of("Ubuntu", "24.04"), "Linux", ("Ubuntu", "24.04")),
        (Image("ami-1", "a", platform="windows"), "Windows", WINDOWS),
        (of("", ""), "Linux", (None, None)),
    ],
)
def test_systems_manager_reports_the_system(make_aws: MakeAws, image: Image, kind: str, named: Any) -> None:
    aws = scanned(make_aws, image)
    [told] = aws.client("ssm").describe_instance_information()["InstanceInformationList"]
    assert (told["PlatformType"], (told.get("PlatformName"), told.get("PlatformVersion"))) == (kind, named)


def test_a_system_whose_findings_have_stopped_is_scanned_and_silent(make_aws: MakeAws) -> None:
    aws = scanned(make_aws, of("Debian GNU/Linux", "10"))
    assert reason(aws) == ("ACTIVE", "SUCCESSFUL")
    assert titles(aws) == []
    assert aws.details("Inspector2 Scan")[0]["finding-severity-counts"]["TOTAL"] == 0


def test_a_discontinued_system_is_a_finding_of_its_own(make_aws: MakeAws) -> None:
    aws = scanned(make_aws, of("Amazon Linux", "2"))
    assert reason(aws) == ("ACTIVE", "SUCCESSFUL")
    found = aws.client("inspector2").list_findings()["findings"]
    assert len(found) == len(FINDINGS["*"]) + 1
    [own] = [one for one in found if one["severity"] == "CRITICAL"]
    assert own["title"] == "Amazon Linux 2 is no longer supported (end of support)"
    assert (own["type"], "packageVulnerabilityDetails" in own) == ("PACKAGE_VULNERABILITY", False)
    assert aws.details("Inspector2 Scan")[0]["finding-severity-counts"]["CRITICAL"] == 1


@pytest.mark.parametrize("image", [of("Alpine Linux", "3.20"), of("CentOS Stream", "9"), of("Amazon Linux", "2027")])
def test_a_system_in_no_table_is_not_scanned(make_aws: MakeAws, image: Image) -> None:
    aws = scanned(make_aws, image)
    assert reason(aws) == ("INACTIVE", "UNSUPPORTED_OS")
    assert (titles(aws), aws.details("Inspector2 Scan")) == ([], [])


def test_a_system_that_the_agent_does_not_name_is_scanned(make_aws: MakeAws) -> None:
    aws = scanned(make_aws, of("", ""))
    assert reason(aws) == ("ACTIVE", "SUCCESSFUL")
    assert len(titles(aws)) == 4


# ---------------------------------------------------------------- deep inspection


def test_deep_inspection_of_a_good_day_is_over_with_the_scan(make_aws: MakeAws) -> None:
    aws = scanned(make_aws, Image("ami-1", "a"))
    assert reason(aws) == ("ACTIVE", "SUCCESSFUL")
    assert len(titles(aws)) == 4
    answer = aws.client("inspector2").get_ec2_deep_inspection_configuration()
    assert (answer["status"], answer["packagePaths"], answer["orgPackagePaths"]) == ("ACTIVATED", [], [])


def test_language_packages_come_when_deep_inspection_is_done(make_aws: MakeAws) -> None:
    aws = scanned(make_aws, Image("ami-1", "a"), behaviours={"*": Behaviour(language_packages_after=600)})
    first = row(aws)["lastScannedAt"]
    assert reason(aws) == ("ACTIVE", "DEEP_INSPECTION_NO_INVENTORY")
    assert titles(aws) == ["1 OS", "4 OS"]
    assert aws.details("Inspector2 Scan")[0]["finding-severity-counts"]["TOTAL"] == 2
    aws.advance(599)
    assert (reason(aws)[1], row(aws)["lastScannedAt"]) == ("DEEP_INSPECTION_NO_INVENTORY", first)
    aws.advance(1)
    assert reason(aws) == ("ACTIVE", "SUCCESSFUL")
    assert titles(aws) == ["1 OS", "4 OS", "2 JAR", "3 PYTHONPKG"]
    told = [detail["scanStatus"]["reason"] for detail in aws.details("Inspector2 Coverage")]
    assert told[-2:] == ["DEEP_INSPECTION_NO_INVENTORY", "SUCCESSFUL"]
    assert len(aws.details("Inspector2 Scan")) == 1


def test_deep_inspection_may_never_come(make_aws: MakeAws) -> None:
    aws = scanned(make_aws, Image("ami-1", "a"), behaviours={"*": Behaviour(language_packages_after=None)})
    aws.advance(86_400)
    assert reason(aws) == ("ACTIVE", "DEEP_INSPECTION_NO_INVENTORY")
    assert titles(aws) == ["1 OS", "4 OS"]


@pytest.mark.parametrize("status", ["DEACTIVATED", "PENDING", "FAILED"])
def test_without_deep_inspection_the_row_says_successful_all_the_same(make_aws: MakeAws, status: Any) -> None:
    aws = scanned(make_aws, Image("ami-1", "a"), deep_inspection=status)
    assert reason(aws) == ("ACTIVE", "SUCCESSFUL")
    aws.advance(86_400)
    assert titles(aws) == ["1 OS", "4 OS"]
    answer = aws.client("inspector2").get_ec2_deep_inspection_configuration()
    assert (answer["status"], "errorMessage" in answer) == (status, status == "FAILED")


@pytest.mark.parametrize("image", [Image("ami-1", "a", platform="windows"), of("Bottlerocket", "1.20.0")])
def test_windows_and_bottlerocket_have_no_deep_inspection(make_aws: MakeAws, image: Image) -> None:
    aws = scanned(make_aws, image, behaviours={"*": Behaviour(language_packages_after=600)})
    assert reason(aws) == ("ACTIVE", "SUCCESSFUL")
    assert titles(aws) == ["1 OS", "4 OS"]


# ---------------------------------------------------------------- suppressed findings


def test_suppressed_findings_are_listed_as_such_and_counted(make_aws: MakeAws) -> None:
    aws = scanned(make_aws, Image("ami-1", "a"), behaviours={"*": Behaviour(suppressed=2)})
    by_status = {
        status: sorted(titles(aws, findingStatus=[{"comparison": "EQUALS", "value": status}]))
        for status in ("ACTIVE", "SUPPRESSED", "CLOSED")
    }
    assert by_status == {"ACTIVE": ["3 PYTHONPKG", "4 OS"], "SUPPRESSED": ["1 OS", "2 JAR"], "CLOSED": []}
    assert aws.details("Inspector2 Scan")[0]["finding-severity-counts"]["TOTAL"] == 4


def test_the_status_of_the_data_is_respected(make_aws: MakeAws) -> None:
    given = [finding(1, status="SUPPRESSED"), finding(2, status="CLOSED"), finding(3, status="ACTIVE")]
    aws = scanned(make_aws, Image("ami-1", "a"), findings={"*": given})
    found = aws.client("inspector2").list_findings()["findings"]
    assert [(one["title"], one["status"]) for one in found] == [("1 OS", "SUPPRESSED"), ("3 OS", "ACTIVE")]
