"""Amazon Inspector's scan of an instance: when it begins, when it ends, and what ListCoverage says meanwhile.

The first scan sees the packages of the operating system. Deep inspection, which sees those of programming languages,
comes after it, if it is activated (Amazon Inspector User Guide, "Deep inspection": Linux only, without Bottlerocket).
Where there is none, nothing tells so: the row says SUCCESSFUL (inferred), and their findings never come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from golden_ami_emulator.inspector.bodies import counts
from golden_ami_emulator.inspector.findings import on_instance
from golden_ami_emulator.inspector.updates import update

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.instances import Tracked
    from golden_ami_emulator.inspector.region import InspectorRegion

DISCOVERY = timedelta(seconds=60)  # from launch to the first coverage row; no figure is documented
_PAST = timedelta(days=1)  # before the launch, of rows of an earlier use of an id
RETENTION = timedelta(days=3)  # what is left of a terminated instance
# Reasons with which a scan is still on its way, or done in part; botocore's ScanStatusReason has the names.
_NEVER_ENDING = frozenset({"PENDING_INITIAL_SCAN", "SCAN_IN_PROGRESS", "INTERNAL_ERROR"})
_PARTIAL = "DEEP_INSPECTION_"
_NOT_YET = "DEEP_INSPECTION_NO_INVENTORY"  # "has not collected yet", by the model's text: a state that passes
_PLATFORMS = (("windows", "WINDOWS"), ("mac", "MACOS"), ("linux", "LINUX"))


def agent_answers(region: InspectorRegion, tracked: Tracked) -> None:
    """The agent answers for the first time: the scan begins, or its refusal is announced."""
    consider(region, tracked)
    if region.scans_ec2 and tracked.running and tracked.scan_timer is None:
        code, reason = status(region, tracked)
        region.send([_coverage_event(region, tracked, code, reason)], "coverage")


def consider(region: InspectorRegion, tracked: Tracked) -> None:
    """Begin the first scan of an instance that may be scanned now and was not before."""
    if tracked.scan_timer is None and tracked.scanned_at is None and _scannable(region, tracked):
        tracked.scan_started_at = region.now()
        seconds = tracked.behaviour.scan_seconds
        tracked.scan_timer = region.later(seconds, lambda: _scan_ends(region, tracked), "instance scan")


def updates_itself(region: InspectorRegion, tracked: Tracked) -> None:
    """The instance updates its packages."""
    update(region, tracked)


def consider_agentless(region: InspectorRegion, tracked: Tracked) -> None:
    """Scan an instance from snapshots, if Systems Manager does not manage it by now.

    Amazon Inspector User Guide, "Scanning Amazon EC2 instances": in hybrid mode, every hour.
    """
    tracked.agentless = not tracked.managed(region.now())
    consider(region, tracked)


def _scannable(region: InspectorRegion, tracked: Tracked) -> bool:
    result = tracked.behaviour.scan_result
    succeeds = result == "SUCCESSFUL" or result.startswith(_PARTIAL)
    allowed = tracked.system.instances and not tracked.excluded
    reached = tracked.running and (tracked.agentless or tracked.managed(region.now()))
    return region.scans_ec2 and succeeds and allowed and reached


def _scan_ends(region: InspectorRegion, tracked: Tracked) -> None:
    tracked.scan_timer = None
    if not _scannable(region, tracked):
        return
    tracked.scanned_at = region.now()
    tracked.findings = on_instance(region, tracked, of_language_packages=False)
    after = tracked.behaviour.language_packages_after
    if tracked.agentless or (_inspects_deeply(region, tracked) and after == 0):
        _inspect_deeply(region, tracked)
    elif _inspects_deeply(region, tracked) and after is not None:
        due = region.later(after, lambda: _deep_inspection_ends(region, tracked), "deep inspection")
        tracked.timers.append(due)
    deliveries = []
    if tracked.behaviour.events:
        deliveries.append(_coverage_event(region, tracked, *status(region, tracked)))
    complete = region.event("Inspector2 Scan", _initial_scan(tracked), tracked.id)
    deliveries += [complete for event in tracked.behaviour.events if event == "complete"]
    region.send(deliveries, "instance scan complete")
    seconds = tracked.behaviour.updates_after_scan
    if seconds == 0:
        update(region, tracked)
    elif seconds is not None:
        tracked.timers.append(region.later(seconds, lambda: update(region, tracked), "updates"))


def _inspects_deeply(region: InspectorRegion, tracked: Tracked) -> bool:
    if tracked.agentless:  # all paths of the snapshots are scanned
        return True
    collects = tracked.behaviour.scan_result != _NOT_YET
    return collects and region.world.deep_inspection == "ACTIVATED" and tracked.system.deep_inspection


def _inspect_deeply(region: InspectorRegion, tracked: Tracked) -> None:
    tracked.deeply_inspected_at = region.now()
    tracked.findings += on_instance(region, tracked, of_language_packages=True)


def _deep_inspection_ends(region: InspectorRegion, tracked: Tracked) -> None:
    """Its end shows in the row and in the coverage event; no second completion is documented."""
    if not (_scannable(region, tracked) and _inspects_deeply(region, tracked)):
        return
    _inspect_deeply(region, tracked)
    if tracked.behaviour.events:
        region.send([_coverage_event(region, tracked, *status(region, tracked))], "deep inspection")


def _initial_scan(tracked: Tracked) -> dict[str, Any]:
    found = counts(tracked.findings)
    shown = {name: found[name] for name in ("CRITICAL", "HIGH", "MEDIUM", "TOTAL")}
    return {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "finding-severity-counts": shown,
        "instance-id": tracked.id,
        "version": "1.0",
    }


def _coverage_event(region: InspectorRegion, tracked: Tracked, code: str, reason: str) -> Any:
    detail = {
        "scanStatus": {"reason": reason, "statusCodeValue": code},
        "scanType": "PACKAGE",
        "eventTimestamp": region.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "version": "1.0",
    }
    return region.event("Inspector2 Coverage", detail, tracked.id)


def status(region: InspectorRegion, tracked: Tracked) -> tuple[str, str]:
    """The status code and reason of an instance's PACKAGE row."""
    result, now = tracked.behaviour.scan_result, region.now()
    if tracked.terminated_at:
        return "INACTIVE", "RESOURCE_TERMINATED"
    if not tracked.running:
        return "INACTIVE", "EC2_INSTANCE_STOPPED"
    if tracked.excluded:
        return "INACTIVE", "EXCLUDED_BY_TAG"
    if not (tracked.agentless or tracked.managed(now)):
        return "INACTIVE", "UNMANAGED_EC2_INSTANCE"
    if not tracked.system.instances:
        return "INACTIVE", "UNSUPPORTED_OS"
    if result in _NEVER_ENDING:
        return "ACTIVE", result
    if result != "SUCCESSFUL" and not result.startswith(_PARTIAL):
        return "INACTIVE", result
    if tracked.scanned_at:
        waits = _inspects_deeply(region, tracked) and tracked.deeply_inspected_at is None
        return "ACTIVE", _NOT_YET if waits and result == "SUCCESSFUL" else result
    began = tracked.scan_started_at or now
    pending = now < began + timedelta(seconds=tracked.behaviour.scan_seconds / 4)
    return "ACTIVE", "PENDING_INITIAL_SCAN" if pending else "SCAN_IN_PROGRESS"


def rows(region: InspectorRegion, instances: Iterable[Tracked]) -> Iterator[dict[str, Any]]:
    """The covered resources, as ListCoverage answers them: for an instance a PACKAGE and a NETWORK row."""
    now = region.now()
    for tracked in instances if region.scans_ec2 else ():
        consider(region, tracked)
        if tracked.behaviour.coverage_late:
            yield from _late_rows(region, tracked)
            continue
        gone = tracked.terminated_at is not None and now >= tracked.terminated_at + RETENTION
        if gone or now < tracked.launched_at + DISCOVERY:
            continue
        package_status = status(region, tracked)
        yield _row(region, tracked, "PACKAGE", package_status, _last_scan(tracked))
        stopped = package_status[1] in ("RESOURCE_TERMINATED", "EC2_INSTANCE_STOPPED", "EXCLUDED_BY_TAG")
        network_status = package_status if stopped else ("ACTIVE", "SUCCESSFUL")
        yield _row(region, tracked, "NETWORK", network_status, tracked.launched_at + DISCOVERY)


def _late_rows(region: InspectorRegion, tracked: Tracked) -> Iterator[dict[str, Any]]:
    """Rows that are late, and beside them those of an earlier use of the id, which come last."""
    late, now = timedelta(seconds=tracked.behaviour.coverage_late), region.now()
    if now >= tracked.launched_at + DISCOVERY:
        state, scanned = _late_status(region, tracked, late)
        yield _row(region, tracked, "PACKAGE", state, scanned)
        reached = tracked.scanned_at is not None and now >= tracked.scanned_at + 3 * late
        network = ("ACTIVE", "SUCCESSFUL" if reached else "PENDING_INITIAL_SCAN")
        yield _row(region, tracked, "NETWORK", network, tracked.launched_at + DISCOVERY if reached else None)
    for scan_type in ("PACKAGE", "NETWORK"):
        for state in (("INACTIVE", "RESOURCE_TERMINATED"), ("ACTIVE", "SUCCESSFUL")):
            yield _row(region, tracked, scan_type, state, tracked.launched_at - _PAST)


def _late_status(region: InspectorRegion, tracked: Tracked, late: timedelta) -> tuple[tuple[str, str], datetime | None]:
    """UNMANAGED, NO_INVENTORY, PENDING, SUCCESSFUL, then STALE_INVENTORY for a while; and the last scan that shows."""
    now, state = region.now(), status(region, tracked)
    started, scanned = tracked.scan_started_at, tracked.scanned_at
    if state[0] != "ACTIVE" or started is None:
        return state, scanned
    if now < started + late:
        return ("INACTIVE", "NO_INVENTORY"), None
    if scanned is None or now < scanned + late:
        return ("ACTIVE", "PENDING_INITIAL_SCAN"), None
    flips = scanned + late + DISCOVERY <= now < scanned + 2 * late + DISCOVERY
    return ("INACTIVE", "STALE_INVENTORY") if flips else state, _last_scan(tracked)


def _last_scan(tracked: Tracked) -> datetime | None:
    """Inspector scans again when packages are installed (User Guide, "Scanning Amazon EC2 instances")."""
    scans = [one for one in (tracked.scanned_at, tracked.deeply_inspected_at, tracked.updated_at) if one]
    return max(scans) if tracked.scanned_at else None


def _row(
    region: InspectorRegion, tracked: Tracked, scan_type: str, state: tuple[str, str], scanned_at: datetime | None
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "resourceType": "AWS_EC2_INSTANCE",
        "resourceId": tracked.id,
        "accountId": region.account,
        "scanType": scan_type,
        "scanStatus": {"statusCode": state[0], "reason": state[1]},
        "resourceMetadata": {"ec2": {"tags": tracked.tags, "amiId": tracked.image_id, "platform": platform(tracked)}},
    }
    if scan_type == "PACKAGE":
        row["scanMode"] = "EC2_AGENTLESS" if tracked.agentless else "EC2_SSM_AGENT_BASED"
    if scanned_at:
        row["lastScannedAt"] = scanned_at
    return row


def platform(tracked: Tracked) -> str:
    """Coverage's word for the operating system family."""
    return next((word for part, word in _PLATFORMS if part in tracked.platform.lower()), "UNKNOWN")
