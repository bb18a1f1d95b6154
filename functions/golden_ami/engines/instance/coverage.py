"""What Amazon Inspector's coverage of an instance means for a run: a table. Pure.

Our reading of the reasons of inspector2 ListCoverage (botocore 1.44.5's model has the full list); what the service adds
later is waited for until the run's deadline, then named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from golden_ami import times
from golden_ami.engines.coverage import Outcome
from golden_ami.engines.instance import looked_at
from golden_ami.engines.instance.looked_at import DeepInspection
from golden_ami.models import Ami, Reason
from golden_ami.reasons import incomplete, inspector

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

NO_LANGUAGE_PACKAGES_YET = "DEEP_INSPECTION_NO_INVENTORY"
# The scan of packages ended, and deep inspection did not see all packages of languages; it will not look again soon.
DEEP_INSPECTION_LIMITS = frozenset({
    "DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED",
    "DEEP_INSPECTION_DAILY_SSM_INVENTORY_LIMIT_EXCEEDED",
    "DEEP_INSPECTION_COLLECTION_TIME_LIMIT_EXCEEDED",
})  # fmt: skip


class Look(NamedTuple):
    """What Inspector's answers about an instance are read with."""

    now: datetime
    deep_inspection: DeepInspection
    language_packages_over: bool = False  # they are waited for no longer
    network: Mapping[str, Any] | None = None  # the instance's row of type NETWORK
    needs_network: bool = False  # the policy requires it, so it is waited for
    last: bool = False  # at the completion deadline: nobody looks again
    vm_scanner: bool = False  # Enhanced EC2 Scanning collects packages of languages


def of_launch(ami: Ami, rows: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Of one instance's rows of one scan type, that which tells of the launch; None when all are of the past.

    ListCoverage may still have rows of an earlier use of the id: they were last scanned before the launch. Of the
    others, the one scanned last; of those not scanned yet, one that does not end the scan.
    """
    present = [row for row in rows if not is_past(ami, row)]
    return max(present, key=lambda row: (times.read(row.get("lastScannedAt")), not fails_at_once(row)), default=None)


def is_past(ami: Ami, row: Mapping[str, Any]) -> bool:
    """Whether a row's last scan came before the launch of the AMI's instance."""
    return bool(times.read(row.get("lastScannedAt"))) and not is_since_launch(ami, row)


def of_instance(ami: Ami, row: Mapping[str, Any] | None, look: Look) -> Outcome:
    """The meaning of an instance's row of type PACKAGE in ListCoverage; None when there is no row yet."""
    scan_status = (row or {}).get("scanStatus") or {}
    code, name = scan_status.get("statusCode", ""), scan_status.get("reason", "")
    if not row or not name:
        return Outcome("RUNNING", "no coverage yet")
    if name in ("SUCCESSFUL", NO_LANGUAGE_PACKAGES_YET, *DEEP_INSPECTION_LIMITS):
        return _of_scanned(ami, row, code, name, look)
    if is_past(ami, row):
        return Outcome("RUNNING", f"{name}, but not since the launch")
    grace = look.now < _launched(ami) + timedelta(seconds=GRACE)
    waits = grace if name in GRACE_THEN_FAIL else not look.last
    if (name in _WAIT or name in GRACE_THEN_FAIL) and is_since_launch(ami, row) and not waits:
        return _of_interrupted(ami, row, name, look)
    if name in _WAIT:
        return Outcome("RUNNING", name)
    if name in GRACE_THEN_FAIL:
        reason = GRACE_THEN_FAIL[name](name=name, resource=ami.instance_id)
        return Outcome("RUNNING" if grace else "FAILED", name, reason)
    if name in FAIL:
        return Outcome("FAILED", name, FAIL[name](name=name, resource=ami.instance_id))
    return Outcome("RUNNING", name)


def _of_scanned(ami: Ami, row: Mapping[str, Any], code: str, name: str, look: Look) -> Outcome:
    """An instance whose operating system's packages were scanned, if that was after its launch."""
    if code != "ACTIVE" or not is_since_launch(ami, row):
        return Outcome("RUNNING", f"{name}, but not since the launch")
    waits = name == NO_LANGUAGE_PACKAGES_YET and looked_at.may_have_language_packages(ami, look.deep_inspection)
    if waits and not look.language_packages_over:
        return Outcome("RUNNING", name)
    network = looked_at.network(look.network, is_since_launch(ami, look.network or {}))
    if network.status != "COMPLETE" and look.needs_network and look.now < _launched(ami) + timedelta(seconds=GRACE):
        return Outcome("RUNNING", f"{name}, {network.detail}")
    evidence = looked_at.evidence_of(ami, row, name, look.deep_inspection, vm_scanner=look.vm_scanner)
    languages = next(one for one in evidence if one.kind == "languagePackages")
    partial = languages.status in ("PARTIAL", "PENDING")
    note = languages.detail if partial else ""
    return Outcome("PARTIAL" if partial else "COMPLETED", name, note=note, evidence=(*evidence, network))


def _of_interrupted(ami: Ami, row: Mapping[str, Any], name: str, look: Look) -> Outcome:
    """An instance that was scanned since its launch and is not any more: its findings are known, not that all are."""
    at = times.read(row.get("lastScannedAt"))
    network = looked_at.network(look.network, is_since_launch(ami, look.network or {}))
    packages = incomplete.evidence("packages", "PARTIAL", incomplete.PACKAGES_INCOMPLETE(detail=name), at)
    system, _, languages = looked_at.evidence_of(ami, row, name, look.deep_inspection, vm_scanner=look.vm_scanner)
    return Outcome("PARTIAL", name, note=packages.detail, evidence=(system, packages, languages, network))


def is_scanned_without_ssm(ami: Ami, row: Mapping[str, Any]) -> bool:
    """Whether Inspector scanned the instance since its launch from snapshots, or by its own scanner."""
    name = (row.get("scanStatus") or {}).get("reason")
    return looked_at.sees_all_paths(row) and name == "SUCCESSFUL" and is_since_launch(ami, row)


def fails_at_once(row: Mapping[str, Any] | None) -> bool:
    """Whether waiting for an agent is useless, for Inspector will not scan this instance."""
    return ((row or {}).get("scanStatus") or {}).get("reason", "") in FAIL


def failure(ami: Ami, row: Mapping[str, Any]) -> Reason:
    """The reason of a row that `fails_at_once`."""
    name = row["scanStatus"]["reason"]
    return FAIL[name](name=name, resource=ami.instance_id)


def is_since_launch(ami: Ami, row: Mapping[str, Any]) -> bool:
    """Whether a row's last scan came after the launch of the AMI's instance."""
    scanned = times.read(row.get("lastScannedAt"))
    return bool(scanned) and is_after_launch(ami, scanned)


def is_after_launch(ami: Ami, instant: str) -> bool:
    """Whether an instant (ISO 8601) is not before the launch of the AMI's instance."""
    return datetime.fromisoformat(instant) >= _launched(ami)


def _launched(ami: Ami) -> datetime:
    text = times.read(ami.launched_at)
    # EC2 gives whole seconds; Inspector's clock may show the fraction before.
    return datetime.fromisoformat(text).replace(microsecond=0) if text else datetime.min.replace(tzinfo=UTC)
