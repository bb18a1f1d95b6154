"""What Amazon Inspector's coverage of an instance means for a run: a table. Pure.

Our reading of the reasons of inspector2 ListCoverage (botocore 1.44.5's model has the full list); what the service adds
later is waited for until the run's deadline, then named.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from golden_ami import times
from golden_ami.engines.coverage import Outcome
from golden_ami.models import Ami
from golden_ami.reasons import inspector

# Seconds after the launch for which Inspector may say so of a machine that is about to be managed: it evaluates the
# inventory every 30 minutes, so two rounds.
GRACE = 3600

_WAIT = frozenset({"PENDING_INITIAL_SCAN", "SCAN_IN_PROGRESS", "INTERNAL_ERROR", "PENDING_REVIVAL_SCAN"})

GRACE_THEN_FAIL = {
    "UNMANAGED_EC2_INSTANCE": inspector.UNMANAGED_INSTANCE,
    "RESOURCE_UNMANAGED": inspector.UNMANAGED,
    "NO_INVENTORY": inspector.NO_INVENTORY,
    "STALE_INVENTORY": inspector.STALE_INVENTORY,
}

FAIL = {
    "UNSUPPORTED_OS": inspector.UNSUPPORTED_OS,
    "EXCLUDED_BY_TAG": inspector.EXCLUDED,
    "ACCESS_DENIED": inspector.DENIED,
    "ACCESS_DENIED_TO_ENCRYPTION_KEY": inspector.KEY_DENIED,
    "EC2_INSTANCE_STOPPED": inspector.INSTANCE_STOPPED,
    "RESOURCE_STOPPED": inspector.STOPPED,
    "RESOURCE_TERMINATED": inspector.TERMINATED,
    "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED": inspector.AGENTLESS_TOO_LARGE,
    "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED": inspector.AGENTLESS_TOO_LONG,
    "STORAGE_LIMIT_EXCEEDED": inspector.TOO_LARGE,
    "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED": inspector.TOO_LONG,
    "PENDING_DISABLE": inspector.BEING_DISABLED,
    "SCAN_ELIGIBILITY_EXPIRED": inspector.NO_LONGER_ELIGIBLE,
    "NO_RESOURCES_FOUND": inspector.NOTHING_FOUND,
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
        reason = GRACE_THEN_FAIL[name](name=name, resource=ami.instance_id)
        return Outcome("RUNNING" if now < _launched(ami) + timedelta(seconds=GRACE) else "FAILED", name, reason)
    if name in FAIL:
        return Outcome("FAILED", name, FAIL[name](name=name, resource=ami.instance_id))
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
