"""What Amazon Inspector's coverage of an instance means for a run: a table. Pure.

Our reading of the reasons of inspector2 ListCoverage (botocore 1.44.5's model has the full list); what the service adds
later is waited for until the run's deadline, then named.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from golden_ami import times
from golden_ami.engines.coverage import TOO_LARGE, Cause, Outcome, reason_of
from golden_ami.models import Ami

# Seconds after the launch for which Inspector may say so of a machine that is about to be managed: it evaluates the
# inventory every 30 minutes, so two rounds.
GRACE = 3600

_WAIT = frozenset({"PENDING_INITIAL_SCAN", "SCAN_IN_PROGRESS", "INTERNAL_ERROR", "PENDING_REVIVAL_SCAN"})

_OTHER_ENGINE = "or use engine `ami`, which needs no agent"

GRACE_THEN_FAIL = {
    "UNMANAGED_EC2_INSTANCE": Cause(
        "Systems Manager does not manage the instance",
        f"give it an instance profile with AmazonSSMManagedInstanceCore and a route to SSM, {_OTHER_ENGINE}",
    ),
    "RESOURCE_UNMANAGED": Cause(
        "the machine is not managed", f"give it an instance profile with AmazonSSMManagedInstanceCore, {_OTHER_ENGINE}"
    ),
    "NO_INVENTORY": Cause(
        "Inspector found no software inventory in Systems Manager",
        "see whether the State Manager association InspectorInventoryCollection-do-not-delete ran on the instance",
    ),
    "STALE_INVENTORY": Cause(
        "the software inventory in Systems Manager is older than Inspector accepts",
        "see whether the SSM agent stays online while the AMI runs",
    ),
}

FAIL = {
    "UNSUPPORTED_OS": Cause(
        "Inspector does not support the operating system",
        "see the list of operating systems that Inspector supports; assess this AMI by other means",
    ),
    "EXCLUDED_BY_TAG": Cause(
        "the tag InspectorEc2Exclusion excludes the instance from scans",
        "remove the tag, or the tag policy that adds it, from what this stack launches",
    ),
    "ACCESS_DENIED": Cause(
        "Inspector was denied access to the instance or its volumes",
        "see Inspector's service-linked role and the policies of the account and of the volume's key",
    ),
    "ACCESS_DENIED_TO_ENCRYPTION_KEY": Cause(
        "Inspector may not use the key that encrypts the volume",
        "allow AWSServiceRoleForAmazonInspector2 in the key's policy",
    ),
    "EC2_INSTANCE_STOPPED": Cause(
        "the instance stopped before its first scan", "see the instance's console output for what stopped it"
    ),
    "RESOURCE_STOPPED": Cause(
        "the machine stopped before its first scan", "see the instance's console output for what stopped it"
    ),
    "RESOURCE_TERMINATED": Cause(
        "the instance was terminated before its first scan", "see CloudTrail for who called TerminateInstances"
    ),
    "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED": Cause(
        TOO_LARGE["AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED"], "install the SSM agent in the AMI"
    ),
    "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED": Cause(
        TOO_LARGE["AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED"], "install the SSM agent in the AMI"
    ),
    "STORAGE_LIMIT_EXCEEDED": Cause(TOO_LARGE["STORAGE_LIMIT_EXCEEDED"], "make the AMI's volumes smaller"),
    "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED": Cause(
        TOO_LARGE["EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED"], "make the AMI's volumes smaller"
    ),
    "PENDING_DISABLE": Cause(
        "Inspector is being turned off for this account", "turn EC2 scanning on: aws inspector2 enable"
    ),
    "SCAN_ELIGIBILITY_EXPIRED": Cause("Inspector no longer scans the resource", "start a new run"),
    "NO_RESOURCES_FOUND": Cause(
        "Inspector found nothing to scan on the instance", "see whether the AMI has a package database"
    ),
}


def of_instance(ami: Ami, row: Mapping[str, Any] | None, now: datetime) -> Outcome:
    """The meaning of an instance's row of type PACKAGE in ListCoverage; None when there is no row yet."""
    scan_status = (row or {}).get("scanStatus") or {}
    code, name = scan_status.get("statusCode", ""), scan_status.get("reason", "")
    if not row or not name:
        return Outcome("RUNNING", "no coverage yet")
    if name == "SUCCESSFUL":
        fresh = code == "ACTIVE" and _scanned_since_launch(ami, row)
        return Outcome("COMPLETED", name) if fresh else Outcome("RUNNING", f"{name}, but not since the launch")
    if name.startswith("DEEP_INSPECTION_"):
        if not _scanned_since_launch(ami, row):
            return Outcome("RUNNING", name)
        text = f"language packages were not fully inspected ({name}); packages of the operating system were"
        return Outcome("PARTIAL", name, note=text)
    if name in _WAIT:
        return Outcome("RUNNING", name)
    if name in GRACE_THEN_FAIL:
        reason = reason_of(name, GRACE_THEN_FAIL[name], ami.instance_id)
        return Outcome("RUNNING" if now < _launched(ami) + timedelta(seconds=GRACE) else "FAILED", name, reason)
    if name in FAIL:
        return Outcome("FAILED", name, reason_of(name, FAIL[name], ami.instance_id))
    return Outcome("RUNNING", name)


def fails_at_once(row: Mapping[str, Any] | None) -> bool:
    """Whether waiting for an agent is useless, for Inspector will not scan this instance."""
    return ((row or {}).get("scanStatus") or {}).get("reason", "") in FAIL


def _scanned_since_launch(ami: Ami, row: Mapping[str, Any]) -> bool:
    scanned = times.read(row.get("lastScannedAt"))
    return bool(scanned) and datetime.fromisoformat(scanned) >= _launched(ami)


def _launched(ami: Ami) -> datetime:
    text = times.read(ami.launched_at)
    # EC2 gives whole seconds; Inspector's clock may show the fraction before.
    return datetime.fromisoformat(text).replace(microsecond=0) if text else datetime.min.replace(tzinfo=UTC)
