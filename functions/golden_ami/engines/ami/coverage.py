"""What the state of Amazon Inspector's on-demand scan of an AMI means for a run: a table. Pure.

Our reading of the reasons of inspector2 GetOnDemandScanStatus (botocore 1.44.5's model has the full list).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from golden_ami import times
from golden_ami.engines.coverage import Outcome
from golden_ami.models import Ami, Evidence, EvidenceKind, Reason
from golden_ami.reasons import inspector

FAULT = "INTERNAL_ERROR"  # a scan that failed so may succeed when it is started again
ON_DEMAND = {
    "ACCESS_DENIED": inspector.AMI_DENIED,
    "UNSUPPORTED_OS": inspector.AMI_UNSUPPORTED_OS,
    FAULT: inspector.AMI_SCAN_FAILED,
    "RESOURCE_TERMINATED": inspector.AMI_REMOVED,
    "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED": inspector.AMI_AGENTLESS_TOO_LARGE,
    "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED": inspector.AMI_AGENTLESS_TOO_LONG,
    "STORAGE_LIMIT_EXCEEDED": inspector.AMI_TOO_LARGE,
    "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED": inspector.AMI_TOO_LONG,
}


def of_image(ami: Ami, answer: Mapping[str, Any]) -> Outcome:
    """The meaning of an answer of GetOnDemandScanStatus."""
    if answer["scanStatus"] == "SUCCESSFUL":
        return Outcome("COMPLETED", "SUCCESSFUL", evidence=_looked_at(times.read(answer.get("completedAt"))))
    if answer["scanStatus"] != "FAILED":
        return Outcome("RUNNING", str(answer["scanStatus"]))
    name = answer.get("scanStatusReason") or FAULT
    again = "and so did a second one" if name == FAULT and ami.failed_scan else ""
    return Outcome("FAILED", name, refused(ami, name, again))


def _looked_at(at: str) -> tuple[Evidence, ...]:
    """What a successful scan is evidence of: it fails with UNSUPPORTED_OS where it does not know the system.

    An on-demand scan reads the snapshots as an agentless scan does, packages of languages with them (Inspector User
    Guide, "Running on-demand machine image scans"; that it reads as much of languages is inferred).
    """
    details: dict[EvidenceKind, str] = {
        "operatingSystem": "one that Amazon Inspector scans as a machine image",
        "packages": "the scan of the image was successful",
        "languagePackages": "the scan of the image was successful",
    }
    found = [Evidence(kind=kind, status="COMPLETE", detail=text, at=at) for kind, text in details.items()]
    network = Evidence(kind="network", status="NOT_APPLICABLE", detail="an image has no network", at=at)
    return (*found, network)


def refused(ami: Ami, name: str, detail: str = "") -> Reason:
    """Why Inspector's AMI scan cannot be had for an AMI; `name` is a scan status reason or an error code."""
    known = ON_DEMAND.get("ACCESS_DENIED" if name in ("AccessDenied", "AccessDeniedException") else name)
    return (known or inspector.AMI_SCAN_REFUSED)(name=name, resource=ami.ami_id, detail=detail)
