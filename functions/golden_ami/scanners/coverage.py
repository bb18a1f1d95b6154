"""What Amazon Inspector's scan status means for a run: a table. Pure.

Our reading of the reasons of inspector2 ListCoverage and GetOnDemandScanStatus (botocore 1.44.5's model has the full
list); what the service adds later is waited for until the run's deadline, then named.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from golden_ami import times
from golden_ami.models import Ami, Reason

# Seconds after the launch for which Inspector may say so of a machine that is about to be managed: it evaluates the
# inventory every 30 minutes, so two rounds.
GRACE = 3600


class Outcome(NamedTuple):
    """What a scan status means."""

    status: Literal["RUNNING", "COMPLETED", "PARTIAL", "FAILED"]
    detail: str
    reason: Reason | None = None
    note: str = ""


class _Cause(NamedTuple):
    what: str
    remedy: str


_WAIT = frozenset({"PENDING_INITIAL_SCAN", "SCAN_IN_PROGRESS", "INTERNAL_ERROR", "PENDING_REVIVAL_SCAN"})

_AMI_ENGINE = "or use engine `ami`, which needs no agent"
_INSTANCE_ENGINE = 'use engine `instance` for this AMI: "engine": "instance"'

_GRACE_THEN_FAIL = {
    "UNMANAGED_EC2_INSTANCE": _Cause(
        "Systems Manager does not manage the instance",
        f"give it an instance profile with AmazonSSMManagedInstanceCore and a route to SSM, {_AMI_ENGINE}",
    ),
    "RESOURCE_UNMANAGED": _Cause(
        "the machine is not managed", f"give it an instance profile with AmazonSSMManagedInstanceCore, {_AMI_ENGINE}"
    ),
    "NO_INVENTORY": _Cause(
        "Inspector found no software inventory in Systems Manager",
        "see whether the State Manager association InspectorInventoryCollection-do-not-delete ran on the instance",
    ),
    "STALE_INVENTORY": _Cause(
        "the software inventory in Systems Manager is older than Inspector accepts",
        "see whether the SSM agent stays online while the AMI runs",
    ),
}

_FAIL = {
    "UNSUPPORTED_OS": _Cause(
        "Inspector does not support the operating system",
        "see the list of operating systems that Inspector supports; assess this AMI by other means",
    ),
    "EXCLUDED_BY_TAG": _Cause(
        "the tag InspectorEc2Exclusion excludes the instance from scans",
        "remove the tag, or the tag policy that adds it, from what this stack launches",
    ),
    "ACCESS_DENIED": _Cause(
        "Inspector was denied access to the instance or its volumes",
        "see Inspector's service-linked role and the policies of the account and of the volume's key",
    ),
    "ACCESS_DENIED_TO_ENCRYPTION_KEY": _Cause(
        "Inspector may not use the key that encrypts the volume",
        "allow AWSServiceRoleForAmazonInspector2 in the key's policy",
    ),
    "EC2_INSTANCE_STOPPED": _Cause(
        "the instance stopped before its first scan", "see the instance's console output for what stopped it"
    ),
    "RESOURCE_STOPPED": _Cause(
        "the machine stopped before its first scan", "see the instance's console output for what stopped it"
    ),
    "RESOURCE_TERMINATED": _Cause(
        "the instance was terminated before its first scan", "see CloudTrail for who called TerminateInstances"
    ),
    "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED": _Cause(
        "the volumes are larger than an agentless scan takes", "install the SSM agent in the AMI"
    ),
    "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED": _Cause(
        "collecting the inventory took longer than an agentless scan may", "install the SSM agent in the AMI"
    ),
    "STORAGE_LIMIT_EXCEEDED": _Cause("the volumes are larger than Inspector scans", "make the AMI's volumes smaller"),
    "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED": _Cause(
        "collecting the inventory took longer than Inspector allows", "make the AMI's volumes smaller"
    ),
    "PENDING_DISABLE": _Cause(
        "Inspector is being turned off for this account", "turn EC2 scanning on: aws inspector2 enable"
    ),
    "SCAN_ELIGIBILITY_EXPIRED": _Cause("Inspector no longer scans the resource", "start a new run"),
    "NO_RESOURCES_FOUND": _Cause(
        "Inspector found nothing to scan on the instance", "see whether the AMI has a package database"
    ),
}

_ON_DEMAND = {
    "ACCESS_DENIED": _Cause(
        "Inspector may not read the AMI or its snapshots: this account must own both, and Inspector must be allowed "
        "to use the key that encrypts them",
        f"copy the AMI into this account, or {_INSTANCE_ENGINE}",
    ),
    "UNSUPPORTED_OS": _Cause(
        "Inspector's AMI scan does not support the operating system or the file system (LVM, macOS)",
        _INSTANCE_ENGINE,
    ),
    "INTERNAL_ERROR": _Cause("Inspector's AMI scan failed internally", f"run again, or {_INSTANCE_ENGINE}"),
    "RESOURCE_TERMINATED": _Cause(
        "the AMI or its snapshot was removed during the scan", "remove the AMI from the configuration, or restore it"
    ),
} | {
    name: _Cause(_FAIL[name].what, _INSTANCE_ENGINE)
    for name in (
        "STORAGE_LIMIT_EXCEEDED",
        "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED",
        "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED",
        "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED",
    )
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
    if name in _GRACE_THEN_FAIL:
        reason = _reason(name, _GRACE_THEN_FAIL[name], ami.instance_id)
        return Outcome("RUNNING" if now < _launched(ami) + timedelta(seconds=GRACE) else "FAILED", name, reason)
    if name in _FAIL:
        return Outcome("FAILED", name, _reason(name, _FAIL[name], ami.instance_id))
    return Outcome("RUNNING", name)


def of_image(ami: Ami, answer: Mapping[str, Any]) -> Outcome:
    """The meaning of an answer of GetOnDemandScanStatus."""
    if answer["scanStatus"] == "SUCCESSFUL":
        return Outcome("COMPLETED", "SUCCESSFUL")
    if answer["scanStatus"] != "FAILED":
        return Outcome("RUNNING", str(answer["scanStatus"]))
    name = answer.get("scanStatusReason") or "INTERNAL_ERROR"
    return Outcome("FAILED", name, image_refused(ami, name))


def image_refused(ami: Ami, name: str, detail: str = "") -> Reason:
    """Why Inspector's AMI scan cannot be had for an AMI; `name` is a scan status reason or an error code."""
    known = _ON_DEMAND.get(name.replace("AccessDeniedException", "ACCESS_DENIED"))
    cause = known or _Cause("Inspector refused or failed the scan of the AMI", _INSTANCE_ENGINE)
    return _reason(name, cause, ami.ami_id, detail)


def fails_at_once(row: Mapping[str, Any] | None) -> bool:
    """Whether waiting for an agent is useless, for Inspector will not scan this instance."""
    return ((row or {}).get("scanStatus") or {}).get("reason", "") in _FAIL


def _reason(name: str, cause: _Cause, resource: str, detail: str = "") -> Reason:
    text = f"Inspector says {name} of {resource}: {cause.what}"
    return Reason(f"INSPECTOR_{name}", f"{text} ({detail})" if detail else text, cause.remedy)


def _scanned_since_launch(ami: Ami, row: Mapping[str, Any]) -> bool:
    scanned = times.read(row.get("lastScannedAt"))
    return bool(scanned) and datetime.fromisoformat(scanned) >= _launched(ami)


def _launched(ami: Ami) -> datetime:
    text = times.read(ami.launched_at)
    # EC2 gives whole seconds; Inspector's clock may show the fraction before.
    return datetime.fromisoformat(text).replace(microsecond=0) if text else datetime.min.replace(tzinfo=UTC)
