"""What Inspector's scan status means for a run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from msgspec.structs import replace

from golden_ami.engines.ami.coverage import of_image
from golden_ami.engines.coverage import Outcome
from golden_ami.engines.instance import coverage
from golden_ami.engines.instance.looked_at import DeepInspection
from golden_ami.models import Ami, AmiEntry, Evidence

LAUNCHED = datetime(2026, 11, 2, 8, 0, 0, 500_000, tzinfo=UTC)
SOON = LAUNCHED + timedelta(minutes=5)
LATE = LAUNCHED + timedelta(seconds=coverage.GRACE + 1)
AMI = Ami(
    run_id="r",
    batch="b",
    key="ami-1",
    ami_id="ami-1",
    entry=AmiEntry(ami_id="ami-1"),
    engine="instance",
    region="us-east-1",
    account="123456789012",
    instance_id="i-1",
    launched_at="2026-11-02T08:00:00.500Z",
    platform_name="Amazon Linux",
    platform_version="2023",
)


def row(reason: str, code: str = "ACTIVE", scanned: datetime | None = SOON) -> dict[str, Any]:
    return {"scanStatus": {"statusCode": code, "reason": reason}} | ({"lastScannedAt": scanned} if scanned else {})


ACTIVATED = DeepInspection("ACTIVATED")


def of_instance(
    answer: Any,
    now: datetime = SOON,
    *,
    ami: Ami = AMI,
    inspection: DeepInspection = ACTIVATED,
    over: bool = False,
    network: Any = None,
    **look: bool,
) -> Outcome:
    return coverage.of_instance(ami, answer, coverage.Look(now, inspection, over, network, **look))


def evidence_of(outcome: Outcome, kind: str) -> Evidence:
    return next(one for one in outcome.evidence if one.kind == kind)


def status_of(outcome: Outcome, kind: str) -> str:
    return evidence_of(outcome, kind).status


def test_done() -> None:
    assert of_instance(row("SUCCESSFUL")).status == "COMPLETED"
    same_second = LAUNCHED.replace(microsecond=0)
    assert of_instance(row("SUCCESSFUL", scanned=same_second)).status == "COMPLETED"


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"scanStatus": None},
        row("SUCCESSFUL", "INACTIVE"),
        row("SUCCESSFUL", scanned=None),
        row("SUCCESSFUL", scanned=LAUNCHED - timedelta(hours=1)),
        row("PENDING_INITIAL_SCAN"),
        row("SCAN_IN_PROGRESS"),
        row("INTERNAL_ERROR"),
        row("DEEP_INSPECTION_NO_INVENTORY", scanned=None),
        row("A_REASON_OF_NEXT_YEAR"),
        row("DEEP_INSPECTION_OF_NEXT_YEAR"),
    ],
)
def test_wait_for_ever(answer: Any) -> None:
    assert of_instance(answer, LATE).status == "RUNNING"


def test_partial() -> None:
    outcome = of_instance(row("DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED"))
    assert outcome.status == "PARTIAL"
    assert "languages" in outcome.note
    assert status_of(outcome, "packages") == "COMPLETE"
    assert status_of(outcome, "languagePackages") == "PARTIAL"


def test_language_packages_are_waited_for() -> None:
    late = row("DEEP_INSPECTION_NO_INVENTORY")
    assert of_instance(late).status == "RUNNING"
    over = of_instance(late, over=True)
    assert (over.status, status_of(over, "languagePackages")) == ("PARTIAL", "PARTIAL")


@pytest.mark.parametrize("status", ["DEACTIVATED", "PENDING", "FAILED", ""])
def test_success_without_deep_inspection_proves_no_languages(status: str) -> None:
    outcome = of_instance(row("SUCCESSFUL"), inspection=DeepInspection(status))
    assert (outcome.status, status_of(outcome, "languagePackages")) == ("COMPLETED", "MISSING")


def test_deep_inspection_that_may_not_be_read_proves_nothing() -> None:
    outcome = of_instance(row("SUCCESSFUL"), inspection=DeepInspection(error="not authorized"))
    assert status_of(outcome, "languagePackages") == "MISSING"
    assert "not authorized" in evidence_of(outcome, "languagePackages").detail


@pytest.mark.parametrize("name", ["Microsoft Windows Server 2022 Datacenter", "Bottlerocket"])
def test_systems_without_deep_inspection_need_none(name: str) -> None:
    ami = replace(AMI, platform_name=name)
    outcome = of_instance(row("DEEP_INSPECTION_NO_INVENTORY"), ami=ami)
    assert (outcome.status, status_of(outcome, "languagePackages")) == ("COMPLETED", "NOT_APPLICABLE")


def test_network_needs_a_successful_row_since_the_launch() -> None:
    assert status_of(of_instance(row("SUCCESSFUL")), "network") == "MISSING"
    assert status_of(of_instance(row("SUCCESSFUL"), network=row("SUCCESSFUL")), "network") == "COMPLETE"
    before = row("SUCCESSFUL", scanned=LAUNCHED - timedelta(days=1))
    assert status_of(of_instance(row("SUCCESSFUL"), network=before), "network") == "MISSING"


@pytest.mark.parametrize("reason", ["UNMANAGED_EC2_INSTANCE", "NO_INVENTORY", "STALE_INVENTORY"])
def test_wait_for_a_grace_period_then_fail(reason: str) -> None:
    never = row(reason, "INACTIVE", scanned=None)
    early, late = of_instance(never, SOON), of_instance(never, LATE)
    assert (early.status, late.status) == ("RUNNING", "FAILED")
    assert early.reason == late.reason
    over = LAUNCHED.replace(microsecond=0) + timedelta(seconds=coverage.GRACE)
    assert of_instance(never, over).status == "FAILED"
    assert of_instance(never, over - timedelta(seconds=1)).status == "RUNNING"
    assert late.reason
    assert late.reason.code == f"INSPECTOR_{reason}"


@pytest.mark.parametrize(
    "reason",
    ["UNSUPPORTED_OS", "EXCLUDED_BY_TAG", "ACCESS_DENIED", "ACCESS_DENIED_TO_ENCRYPTION_KEY", "EC2_INSTANCE_STOPPED",
     "RESOURCE_TERMINATED", "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED",
     "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED", "PENDING_DISABLE"],
)  # fmt: skip
def test_fail_now(reason: str) -> None:
    outcome = of_instance(row(reason, "INACTIVE"), SOON)
    assert outcome.status == "FAILED"
    assert outcome.reason
    assert outcome.reason.remedy
    assert reason in outcome.reason.message
    assert "i-1" in outcome.reason.message
    assert coverage.fails_at_once(row(reason, "INACTIVE"))


@pytest.mark.parametrize("mode", ["EC2_AGENTLESS", "EC2_INSPECTOR_AGENT_BASED"])
def test_a_scan_of_all_paths_needs_no_deep_inspection(mode: str) -> None:
    ami = replace(AMI, platform_name="", platform_version="")
    done = of_instance(row("SUCCESSFUL") | {"scanMode": mode}, ami=ami, inspection=DeepInspection("DEACTIVATED"))
    kinds = ("packages", "languagePackages", "operatingSystem")
    assert [status_of(done, kind) for kind in kinds] == ["COMPLETE", "COMPLETE", "MISSING"]
    past = of_instance(row("SUCCESSFUL", scanned=LAUNCHED - timedelta(days=1)) | {"scanMode": mode})
    assert past.status == "RUNNING"
    late = of_instance(row("DEEP_INSPECTION_NO_INVENTORY") | {"scanMode": mode}, over=True)
    assert status_of(late, "languagePackages") == "PARTIAL"


@pytest.mark.parametrize(
    ("mode", "reason", "hours", "ready"),
    [
        ("EC2_AGENTLESS", "SUCCESSFUL", 1, True),
        ("EC2_INSPECTOR_AGENT_BASED", "SUCCESSFUL", 1, True),
        ("EC2_AGENTLESS", "SCAN_IN_PROGRESS", 1, False),
        ("EC2_AGENTLESS", "SUCCESSFUL", -1, False),
        ("EC2_SSM_AGENT_BASED", "SUCCESSFUL", 1, False),
    ],
)
def test_no_agent_is_waited_for_where_a_scan_did_without(mode: str, reason: str, hours: int, ready: bool) -> None:
    scanned = row(reason, scanned=LAUNCHED + timedelta(hours=hours)) | {"scanMode": mode}
    assert coverage.is_scanned_without_ssm(AMI, scanned) is ready


def test_the_agents_mode_does_not_stand_for_deep_inspection() -> None:
    done = of_instance(row("SUCCESSFUL") | {"scanMode": "EC2_SSM_AGENT_BASED"}, inspection=DeepInspection("FAILED"))
    assert status_of(done, "languagePackages") == "MISSING"


def test_the_scanner_of_enhanced_scanning_runs_every_three_hours() -> None:
    late = of_instance(row("DEEP_INSPECTION_NO_INVENTORY"), over=True, vm_scanner=True)
    languages = evidence_of(late, "languagePackages")
    assert (languages.code, "every three hours" in languages.detail) == ("LANGUAGE_PACKAGES_INCOMPLETE", True)
    assert "waits.languagePackagesSeconds" in languages.remedy


BEFORE = LAUNCHED - timedelta(days=1)


@pytest.mark.parametrize("reason", [*coverage.FAIL, *coverage.GRACE_THEN_FAIL, "SUCCESSFUL", "INTERNAL_ERROR"])
def test_a_row_of_the_past_is_waited_out(reason: str) -> None:
    """An id that was used before; its row was last scanned before the launch."""
    past = row(reason, "INACTIVE", scanned=BEFORE)
    assert of_instance(past, LATE, last=True).status == "RUNNING"
    assert coverage.of_launch(AMI, [past]) is None


PAST = [row("RESOURCE_TERMINATED", "INACTIVE", scanned=BEFORE), row("SUCCESSFUL", scanned=BEFORE)]
UNSCANNED, SCANNED = row("UNMANAGED_EC2_INSTANCE", "INACTIVE", scanned=None), row("SUCCESSFUL")


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        ([], None),
        (PAST, None),
        ([UNSCANNED, *PAST], UNSCANNED),
        ([*PAST, SCANNED, row("RESOURCE_TERMINATED", "INACTIVE", scanned=None)], SCANNED),
        ([row("RESOURCE_TERMINATED", "INACTIVE", scanned=None), UNSCANNED], UNSCANNED),
        ([row("STALE_INVENTORY", scanned=LAUNCHED + timedelta(seconds=1)), SCANNED], SCANNED),
    ],
)
def test_of_several_rows_that_of_the_launch_counts(rows: list[Any], chosen: Any) -> None:
    for order in (rows, rows[::-1]):
        assert coverage.of_launch(AMI, order) is chosen


@pytest.mark.parametrize("reason", ["STALE_INVENTORY", "UNMANAGED_EC2_INSTANCE"])
def test_a_scan_that_lost_its_agent_is_waited_for_then_partial(reason: str) -> None:
    back = row(reason, "INACTIVE")
    assert of_instance(back, SOON).status == "RUNNING"
    over = of_instance(back, LATE)
    assert (over.status, status_of(over, "packages"), status_of(over, "languagePackages")) == ("PARTIAL",) * 3
    assert evidence_of(over, "packages").code == "PACKAGES_INCOMPLETE"


def test_a_scan_that_is_repeated_is_waited_for_to_the_deadline() -> None:
    back = row("PENDING_INITIAL_SCAN")
    assert of_instance(back, LATE).status == "RUNNING"
    assert of_instance(back, LATE, last=True).status == "PARTIAL"
    never = row("PENDING_INITIAL_SCAN", scanned=None)
    assert of_instance(never, LATE, last=True).status == "RUNNING", "nothing was scanned"


def test_the_network_is_waited_for_where_the_policy_requires_it() -> None:
    late = row("PENDING_INITIAL_SCAN", scanned=None)
    assert of_instance(SCANNED, SOON, network=late).status == "COMPLETED"
    assert of_instance(SCANNED, SOON, network=late, needs_network=True).status == "RUNNING"
    assert of_instance(SCANNED, LATE, network=late, needs_network=True).status == "COMPLETED"
    assert of_instance(SCANNED, SOON, network=SCANNED, needs_network=True).status == "COMPLETED"


def test_every_reason_of_the_services_model_has_a_meaning() -> None:
    model: Any = botocore.session.get_session().get_service_model("inspector2")
    for reason in model.shape_for("ScanStatusReason").enum:
        outcome = of_instance(row(reason, "INACTIVE"), LATE)
        assert outcome.status in ("RUNNING", "COMPLETED", "PARTIAL", "FAILED")
        assert (outcome.status == "FAILED") == (outcome.reason is not None)


def test_an_images_scan() -> None:
    assert of_image(AMI, {"scanStatus": "SUCCESSFUL"}).status == "COMPLETED"
    assert of_image(AMI, {"scanStatus": "IN_PROGRESS"}).status == "RUNNING"
    model: Any = botocore.session.get_session().get_service_model("inspector2")
    told = model.shape_for("GetOnDemandScanStatusResponse").members["scanStatusReason"].enum
    documented = ["AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED", "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED"]
    for reason in [*told, *documented]:
        outcome = of_image(AMI, {"scanStatus": "FAILED", "scanStatusReason": reason})
        assert outcome.status == "FAILED"
        assert outcome.reason
        assert "refused or failed" not in outcome.reason.message  # each has a text of its own
        if reason != "RESOURCE_TERMINATED":
            assert "instance" in outcome.reason.remedy
    assert of_image(AMI, {"scanStatus": "FAILED"}).reason
