"""Amazon Inspector's on-demand scan of a machine image: no instance, no activation; results through EventBridge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.utils import parse_timestamp

from golden_ami_emulator.inspector import service_roles
from golden_ami_emulator.inspector.bodies import counts
from golden_ami_emulator.inspector.errors import Refusal
from golden_ami_emulator.inspector.findings import on_image
from golden_ami_emulator.inspector.ondemand_scan import OnDemandScan
from golden_ami_emulator.inspector.operating_systems import OperatingSystem, operating_system
from golden_ami_emulator.inspector.service import Params, operation, present
from golden_ami_emulator.inspector.wire import iso
from golden_ami_emulator.world import Image

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.region import InspectorRegion

SOURCE = "inspector2.ami.ondemand"  # of the findings events; the completion comes from aws.inspector2
RECORD_KEPT = timedelta(days=30)
# The model's reasons, and two that only the user guide names. What else a Behaviour says concerns instances only.
FAILURES = frozenset({
    "ACCESS_DENIED", "INTERNAL_ERROR", "STORAGE_LIMIT_EXCEEDED", "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED",
    "UNSUPPORTED_OS", "RESOURCE_TERMINATED", "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED",
    "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED",
})  # fmt: skip
_TIMESTAMPS = ("firstObservedAt", "lastObservedAt", "updatedAt")
# What a findings event has, by the example of the User Guide's "EventBridge event schema".
_MEMBERS = (
    "findingArn", "awsAccountId", "type", "title", "description", "severity", "status", "inspectorScore",
    "inspectorScoreDetails", "remediation", "fixAvailable", "exploitAvailable", "networkReachabilityDetails",
    "codeVulnerabilityDetails",
)  # fmt: skip
_OF_VULNERABILITIES = ("vulnerabilityId", "source", "sourceUrl", "vendorSeverity")
_OF_PACKAGES = ("name", "version", "epoch", "packageManager", "filePath", "fixedInVersion")
_OF_RESOURCES = ("type", "id", "partition", "region")


class OnDemandOperations:
    """The operations."""

    @operation
    def start_on_demand_scan(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Start a scan; the same client token gives the scan that it started before, while that one runs.

        How long Inspector remembers a token is documented nowhere.
        """
        image_id, token = params["resourceId"], params.get("clientToken", "")
        for scan in region.on_demand.values():
            if token and (scan.token, scan.image_id, scan.status) == (token, image_id, "IN_PROGRESS"):
                return {"scanId": scan.id}
        _check_image(region, image_id)
        if any(scan.image_id == image_id and scan.status == "IN_PROGRESS" for scan in region.on_demand.values()):
            text = f"A scan of {image_id} is already in progress."
            raise Refusal("ConflictException", text, resourceId=image_id, resourceType="AMI")
        service_roles.make(region.account, service_roles.ON_DEMAND)
        scan = OnDemandScan(uuid4().hex, image_id, token, region.now())
        region.on_demand[scan.id] = scan
        seconds = region.world.behaviour_of(image_id).scan_seconds
        region.later(seconds, lambda: _ends(region, scan), f"on-demand scan of {image_id}")
        return {"scanId": scan.id}

    @operation
    def get_on_demand_scan_status(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """How far a scan is."""
        scan = region.on_demand.get(params["scanId"])
        forgotten = scan is not None and region.now() >= scan.started_at + RECORD_KEPT
        if scan is None or forgotten or scan.image_id != params["resourceId"]:
            text = f"No scan {params['scanId']} of {params['resourceId']} exists."
            raise Refusal("ResourceNotFoundException", text)
        return _row(scan)

    @operation
    def list_on_demand_scans(self: Any, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """The scans of an image, the newest first."""
        scans = [scan for scan in reversed(region.on_demand.values()) if scan.image_id == params["resourceId"]]
        rows = [_row(scan) for scan in scans if region.now() < scan.started_at + RECORD_KEPT]
        page, token = self.page(region, params, params.get("maxResults", 100), lambda: rows)
        return present(items=list(page), nextToken=token)


def _row(scan: OnDemandScan) -> dict[str, Any]:
    return present(
        scanId=scan.id,
        resourceId=scan.image_id,
        resourceType="AMI",
        scanStatus=scan.status,
        scanStatusReason=scan.reason or None,
        startedAt=scan.started_at,
        completedAt=scan.completed_at,
    )


def shown(region: InspectorRegion, image_id: str) -> OnDemandScan | None:
    """The scan of an image that EC2 tells of: the last successful one whose results have reached it.

    How long that takes is documented nowhere; `Behaviour.rows_after` says it.
    """
    now = region.now()
    scans = [s for s in region.on_demand.values() if s.image_id == image_id and s.rows_at and s.rows_at <= now]
    return max(scans, key=lambda scan: scan.started_at, default=None)


def _check_image(region: InspectorRegion, image_id: str) -> None:
    image = region.image(image_id)
    ami = region.ec2.amis.get(image_id)
    if image is None and ami is None:
        raise Refusal("ValidationException", f"The image {image_id} does not exist.", reason="OTHER")
    owner = image.owner if image else ami.owner_id
    if owner != region.account:
        raise Refusal("AccessDeniedException", f"Account {region.account} does not own {image_id} and its snapshots.")
    state = ami.state if ami else image.state if image else ""
    if state != "available":
        raise Refusal("ValidationException", f"The image {image_id} is {state}, not available.", reason="OTHER")


def _ends(region: InspectorRegion, scan: OnDemandScan) -> None:
    behaviour = region.world.behaviour_of(scan.image_id)
    reason = behaviour.scan_result if _system(region, scan).machine_images else "UNSUPPORTED_OS"
    if behaviour.internal_errors > 0:
        behaviour.internal_errors -= 1
        reason = "INTERNAL_ERROR"
    scan.completed_at = region.now()
    deliveries: list[Callable[[], None]] = []
    if reason in FAILURES:
        scan.status, scan.reason = "FAILED", reason
    else:
        scan.status = "SUCCESSFUL"
        if behaviour.rows_after is not None:
            scan.rows_at = scan.completed_at + timedelta(seconds=behaviour.rows_after)
        scan.findings = on_image(region, scan.image_id, scan.id)
        for finding in scan.findings[behaviour.findings_events_lost :]:
            detail = _finding_detail(scan, finding)
            deliveries.append(region.event("OnDemand AMI Scan Findings", detail, scan.image_id, SOURCE))
    completion = _completion(region, scan)
    uncounted = {name: value for name, value in completion.items() if name != "findingSeverityCounts"}
    sent = {"complete": completion, "uncounted": uncounted}
    for told in (sent[event] for event in behaviour.events if event in sent):
        deliveries.append(region.event("Inspector2 OnDemand Scan Complete", told, scan.image_id))
    region.send(deliveries, f"on-demand scan of {scan.image_id} complete")


def _completion(region: InspectorRegion, scan: OnDemandScan) -> dict[str, Any]:
    ended = scan.completed_at or region.now()
    detail: dict[str, Any] = {
        "scanId": scan.id,
        "awsAccountId": region.account,
        "resourceId": scan.image_id,
        "resourceType": "MACHINE_IMAGE",
        "scanStatus": scan.status,
        "startedAt": iso(scan.started_at),
        "completedAt": iso(ended),
    }
    if scan.status == "FAILED":
        return {**detail, "scanStatusReason": scan.reason, "version": "1.0"}
    return {**detail, "findingSeverityCounts": counts(scan.findings), "version": "1.0"}


def _system(region: InspectorRegion, scan: OnDemandScan) -> OperatingSystem:
    image = region.image(scan.image_id) or Image(scan.image_id, scan.image_id)
    return operating_system(image.platform_name, image.platform_version)


def _finding_detail(scan: OnDemandScan, finding: Mapping[str, Any]) -> dict[str, Any]:
    """The members of the User Guide's example ("EventBridge event schema"), and of findings of other types their own.

    Whether the others never come, as EPSS and the CVSS list, is unknown.
    """
    told = _picked(finding, _MEMBERS)
    dates = {name: iso(parse_timestamp(finding[name])) for name in _TIMESTAMPS}
    if "packageVulnerabilityDetails" in finding:
        told["packageVulnerabilityDetails"] = _package_detail(finding["packageVulnerabilityDetails"])
    resources = [_picked(resource, _OF_RESOURCES) for resource in finding["resources"]]
    return {**told, **dates, "resources": resources, "scanId": scan.id}


def _package_detail(details: Mapping[str, Any]) -> dict[str, Any]:
    packages = [_picked(package, _OF_PACKAGES) for package in details.get("vulnerablePackages", [])]
    return {**_picked(details, _OF_VULNERABILITIES), "vulnerablePackages": packages}


def _picked(members: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: members[name] for name in names if name in members}
