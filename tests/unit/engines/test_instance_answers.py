"""What the adapter of engine `instance` makes of single answers of Inspector, without an account."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace
from report_world import ACCOUNT, REGION, ami, run_of

from golden_ami import times
from golden_ami.engines.instance import changes
from golden_ami.engines.instance.adapter import InstanceEngine
from golden_ami.models import Evidence
from golden_ami.places import Place
from golden_ami_emulator.calls import client_error

PLACE = Place(ACCOUNT, REGION)
AMI = ami(
    "ami-1", instance_id="i-1", launched_at="2026-11-02T08:00:00Z", platform_name="Amazon Linux",
    platform_version="2023", evidence=[],
)  # fmt: skip
PAST, SCANNED = "2026-11-02T07:00:00Z", "2026-11-02T08:05:00Z"
DEEP = "GetEc2DeepInspectionConfiguration"


def engine(inspector: Mock) -> InstanceEngine:
    clients = Mock()
    clients.client.return_value = inspector
    return InstanceEngine(PLACE, clients, Mock())


def listing(*rows: dict[str, Any], **answers: Any) -> Mock:
    """Inspector whose ListCoverage answers these rows, whatever their type."""
    inspector = Mock(**{f"{name}.return_value": answer for name, answer in answers.items()})
    inspector.get_paginator.return_value.paginate.return_value = [{"coveredResources": list(rows)}]
    return inspector


def row(reason: str, scanned: str) -> dict[str, Any]:
    status = {"statusCode": "ACTIVE" if reason != "UNSUPPORTED_OS" else "INACTIVE", "reason": reason}
    return {"resourceId": "i-1", "scanStatus": status, "lastScannedAt": scanned}


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException"])
def test_deep_inspection_that_is_not_answered_is_asked_for_again(code: str) -> None:
    """Taken for denied, it would be missing evidence for good."""
    inspector = Mock(**{"get_ec2_deep_inspection_configuration.side_effect": client_error(code, DEEP)})
    with pytest.raises(ClientError, match=code):
        engine(inspector)._deep_inspection()


def test_deep_inspection_that_may_not_be_read_is_said_to_be_unknown() -> None:
    error = client_error("AccessDeniedException", DEEP, "no", 403)
    found = engine(Mock(**{"get_ec2_deep_inspection_configuration.side_effect": error}))._deep_inspection()
    assert (found.status, found.error) == ("", "no")


@pytest.mark.parametrize("past", ["UNSUPPORTED_OS", "SUCCESSFUL"])
def test_a_row_of_the_past_does_not_stand_for_that_of_the_launch(past: str) -> None:
    rows = [row(past, PAST), row("SUCCESSFUL", SCANNED)]
    for listed in (rows, rows[::-1]):
        assert engine(listing(*listed))._coverage([AMI], "PACKAGE") == {"i-1": rows[1]}
    assert engine(listing(rows[0]))._coverage([AMI], "PACKAGE") == {}


def test_enhanced_scanning_is_read_where_language_packages_lack() -> None:
    configuration = {"ec2Configuration": {"vmScannerState": {"activated": True}}}
    answers = {"get_configuration": configuration, "get_ec2_deep_inspection_configuration": {"status": "ACTIVATED"}}
    inspector = listing(row("DEEP_INSPECTION_NO_INVENTORY", SCANNED), **answers)
    late = replace(AMI, assessment_started_at=times.after(-10_801))
    [progress] = engine(inspector).poll(run_of(started_at=PAST), [late])
    languages = next(one for one in progress.evidence if one.kind == "languagePackages")
    assert "every three hours" in languages.detail


@pytest.mark.parametrize("order", [1, -1])
def test_the_first_of_a_packages_closed_findings_dates_its_scan(order: int) -> None:
    """What was installed later, Inspector had scanned before."""
    inspector = Mock(**{"batch_get_finding_details.return_value": {}})
    adapter = engine(inspector)
    details = {"vulnerablePackages": [{"name": "openssl", "version": "1"}]}
    closed = [
        {"findingArn": at, "status": "CLOSED", "firstObservedAt": at, "packageVulnerabilityDetails": details}
        for at in ("2026-11-02T08:05:00Z", "2026-11-02T08:10:00Z")
    ]
    assert len([*adapter._detailed(closed[::order])]) == 2
    assert adapter._remedied == {"openssl": "2026-11-02T08:05:00Z"}


@pytest.mark.parametrize(
    ("installed", "status"),
    [
        ("2026-11-02T07:59:59Z", "COMPLETE"),  # in the image
        ("2026-11-02T08:00:00Z", "PARTIAL"),  # in the second of the launch: may be at boot
        ("2026-11-02T08:05:00Z", "PARTIAL"),
        ("2026-11-02T08:05:01Z", "COMPLETE"),  # the scan saw the image's
    ],
)
def test_a_package_installed_from_launch_to_scan_changed(installed: str, status: str) -> None:
    entries = [{"Name": "openssl", "InstalledTime": installed}, {"Name": "bash", "InstalledTime": PAST}]
    ssm = Mock(**{"list_inventory_entries.return_value": {"Entries": entries}})
    scanned = replace(AMI, scanned_at=SCANNED, evidence=[Evidence(kind="packages", status="PENDING")])
    [packages] = changes.evidence_of(ssm, scanned, {})
    assert packages.status == status
