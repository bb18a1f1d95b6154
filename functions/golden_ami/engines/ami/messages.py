"""Amazon Inspector's events of on-demand scans. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from golden_ami import times
from golden_ami.engines.ami.findings import from_event
from golden_ami.engines.messages import Ignored, Message, ScanFinding, is_event, match, total
from golden_ami.models import Completion

_SCAN = re.compile(r"[\w-]{1,64}", re.ASCII)  # it becomes a key, so it is checked before it is used
_ARN = re.compile(
    r"arn:aws[a-z-]*:inspector2:[a-z0-9-]{1,32}:(?P<account>\d{12}):finding/ondemand/(?P<scan>[\w-]{1,64})/[\w-]{1,128}",
    re.ASCII,
)


def read(body: Mapping[str, Any]) -> Message | None:
    """The meaning of a message; None for one that is not of this engine."""
    if is_event(body, "aws.inspector2", "Inspector2 OnDemand Scan Complete"):
        return _completion(body["detail"], body["account"])
    if is_event(body, "inspector2.ami.ondemand", "OnDemand AMI Scan Findings"):
        return _finding(body["detail"], body["account"])
    return None


def _completion(detail: Mapping[str, Any], account: str) -> Message:
    scan = match(_SCAN, detail.get("scanId"))
    statuses: dict[object, Literal["COMPLETED", "FAILED"]] = {"SUCCESSFUL": "COMPLETED", "FAILED": "FAILED"}
    told = detail.get("scanStatus")
    status = statuses.get(told) if isinstance(told, str) else None
    if not scan or not status:
        return Ignored("an on-demand scan event without scan or end status")
    return Completion(
        scan=scan[0],
        status=status,
        account=account,
        findings_total=total(detail.get("findingSeverityCounts")),
        at=times.read(detail.get("completedAt")),
    )


def _finding(detail: Mapping[str, Any], account: str) -> Message:
    """A finding of a scan, when its ARN says so: `arn:<partition>:inspector2:<region>:<account>:finding/ondemand/…`.

    The form is the User Guide's ("Amazon EventBridge event schema for Amazon Inspector events").
    """
    scan = match(_SCAN, detail.get("scanId"))
    arn = match(_ARN, detail.get("findingArn"))
    if not scan or not arn:
        return Ignored("an on-demand finding without scan or ARN")
    if (arn["account"], arn["scan"]) != (account, scan[0]):
        return Ignored(f"an on-demand finding of account {account} and scan {scan[0]} with the ARN {arn[0][:200]}")
    return ScanFinding(scan[0], account, from_event(detail))
