"""Findings of engine `instance` as a world has them, and the evidence of an AMI."""

from __future__ import annotations

from typing import Any

from golden_ami.models import Ami, Evidence


def finding(number: int, **members: Any) -> dict[str, Any]:
    vulnerability = {"vulnerabilityId": f"CVE-2026-{number:04}", "source": "NVD", "vulnerablePackages": []}
    return {
        "findingArn": f"arn:aws:inspector2:us-east-1:123456789012:finding/{number:032x}",
        "title": f"CVE-2026-{number:04} - openssl",
        "severity": "HIGH",
        "packageVulnerabilityDetails": vulnerability,
    } | members


def evidence_of(ami: Ami, kind: str) -> Evidence:
    return next(one for one in ami.evidence if one.kind == kind)


def status_of(ami: Ami, kind: str) -> str:
    return evidence_of(ami, kind).status


def fixable(number: int, name: str = "openssl", **members: Any) -> dict[str, Any]:
    found = finding(number, fixAvailable="YES", **members)
    found["packageVulnerabilityDetails"]["vulnerablePackages"] = [{"name": name, "version": "3.0.7"}]
    return found
