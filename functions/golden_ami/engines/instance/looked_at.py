"""What a scan of an instance looked at, beside that it ended: the evidence of engine `instance`. Pure.

Deep inspection collects packages of Java, JavaScript and Python on Linux, not on Windows and Bottlerocket (Inspector
User Guide, "Amazon Inspector deep inspection for Linux-based EC2 instances").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from golden_ami import times
from golden_ami.evidence import operating_systems
from golden_ami.models import Ami, Evidence
from golden_ami.reasons import incomplete

_WITHOUT_DEEP_INSPECTION = ("windows", "bottlerocket", "mac")


_ALL_PATHS = ("EC2_AGENTLESS", "EC2_INSPECTOR_AGENT_BASED")


class DeepInspection(NamedTuple):
    """What GetEc2DeepInspectionConfiguration says of the account."""

    status: str = ""  # ACTIVATED, DEACTIVATED, PENDING or FAILED; "" where it may not be read
    error: str = ""  # why it cannot be read


def may_have_language_packages(ami: Ami, deep_inspection: DeepInspection) -> bool:
    """Whether packages of languages are worth waiting for."""
    return _has_deep_inspection(ami) and deep_inspection.status in ("ACTIVATED", "PENDING", "")


def sees_all_paths(row: Mapping[str, Any]) -> bool:
    """Whether a row's scan mode finds packages of languages without deep inspection.

    From snapshots, Inspector scans "all available paths" (User Guide, "Scanning Amazon EC2 instances", "Agentless
    scanning"). Its own scanner knows the languages of an agentless scan ("Supported programming languages"); that its
    scan mode is EC2_INSPECTOR_AGENT_BASED is inferred from the model's name.
    """
    return row.get("scanMode") in _ALL_PATHS


def evidence_of(
    ami: Ami, row: Mapping[str, Any], name: str, deep_inspection: DeepInspection, *, vm_scanner: bool = False
) -> list[Evidence]:
    """Evidence of the system and its packages, from a PACKAGE row of ListCoverage whose reason is `name`.

    `vm_scanner`: Enhanced EC2 Scanning is activated, which collects packages of languages every three hours.
    """
    at = times.read(row.get("lastScannedAt"))
    return [
        operating_systems.evidence_of(ami.platform_name, ami.platform_version, at),
        Evidence(kind="packages", status="COMPLETE", detail="scanned since the launch", at=at),
        _of_all_paths(row, at)
        if name == "SUCCESSFUL" and sees_all_paths(row)
        else _language_packages(ami, name, deep_inspection, at, vm_scanner),
    ]


def network(row: Mapping[str, Any] | None, is_since_launch: bool) -> Evidence:
    """Evidence of the instance's NETWORK row of ListCoverage."""
    at = times.read((row or {}).get("lastScannedAt"))
    reason = ((row or {}).get("scanStatus") or {}).get("reason") or "no coverage yet"
    if reason == "SUCCESSFUL" and is_since_launch:
        return Evidence(kind="network", status="COMPLETE", detail="scanned since the launch", at=at)
    return incomplete.evidence("network", "MISSING", incomplete.NETWORK_NOT_SCANNED(detail=reason), at)


def _of_all_paths(row: Mapping[str, Any], at: str) -> Evidence:
    return Evidence(kind="languagePackages", status="COMPLETE", detail=f"scan mode {row['scanMode']}", at=at)


def _language_packages(ami: Ami, name: str, deep_inspection: DeepInspection, at: str, vm_scanner: bool) -> Evidence:
    if not _has_deep_inspection(ami):
        detail = f"Amazon Inspector has no deep inspection of {ami.platform_name or ami.platform}"
        return Evidence(kind="languagePackages", status="NOT_APPLICABLE", detail=detail, at=at)
    if deep_inspection.error:
        reason = incomplete.DEEP_INSPECTION_UNKNOWN(error=deep_inspection.error)
        return incomplete.evidence("languagePackages", "MISSING", reason, at)
    if deep_inspection.status != "ACTIVATED":
        reason = incomplete.DEEP_INSPECTION_OFF(state=deep_inspection.status or "unknown")
        return incomplete.evidence("languagePackages", "MISSING", reason, at)
    if name == "SUCCESSFUL":
        return Evidence(kind="languagePackages", status="COMPLETE", detail="deep inspection is activated", at=at)
    cause = incomplete.LANGUAGE_PACKAGES_OF_VM_SCANNER if vm_scanner else incomplete.LANGUAGE_PACKAGES_INCOMPLETE
    reason = cause(detail=name)
    return incomplete.evidence("languagePackages", "PARTIAL", reason, at)


def _has_deep_inspection(ami: Ami) -> bool:
    told = f"{ami.platform_name} {ami.platform}".lower()
    return not any(name in told for name in _WITHOUT_DEEP_INSPECTION)
