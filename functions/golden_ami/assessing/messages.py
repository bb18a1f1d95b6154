"""What arrives at the completion topic: Inspector's messages, and everything else that anybody publishes. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from golden_ami import times
from golden_ami.models import Completion, Finding
from golden_ami.scanners.findings import FINDING_EVENT, from_inspector

# Inspector's ids as its service models have them; they become keys, so they are checked before they are used.
_RUN = re.compile(r"arn:[\w-]+:inspector:[\w-]+:(\d{12}):target/[\w-]+/template/[\w-]+/run/[\w-]+", re.ASCII)
_INSTANCE = re.compile(r"i-[0-9a-f]{8,17}")
_SCAN = re.compile(r"[\w-]{1,64}", re.ASCII)
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


class ScanFinding(NamedTuple):
    """A finding that came as an event of an on-demand scan."""

    scan: str
    account: str
    finding: Finding


class Ignored(NamedTuple):
    """A message that means nothing to a run, and why."""

    why: str


Message = Completion | ScanFinding | Ignored


def read(text: object) -> Message:
    """The meaning of the text of one message. Never raises."""
    try:
        body = json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        return Ignored("not JSON")
    if not isinstance(body, Mapping):
        return Ignored("not a JSON object")
    if "detail-type" in body:
        return _event(body)
    return _classic(body) if "event" in body else Ignored("neither an event nor an Inspector Classic notification")


def _classic(body: Mapping[str, Any]) -> Message:
    if body["event"] != "ASSESSMENT_RUN_COMPLETED":
        return Ignored(f"Inspector Classic's {str(body['event'])[:80]}")
    run = _match(_RUN, body.get("run"))
    if not run:
        return Ignored("an Inspector Classic completion without an assessment run")
    return Completion(scan=run[0], status="COMPLETED", account=run[1], at=times.read(body.get("time")))


def _event(body: Mapping[str, Any]) -> Message:
    kind, source, detail = body["detail-type"], body.get("source"), body.get("detail")
    account = _match(_ACCOUNT, body.get("account"))
    if not isinstance(detail, Mapping) or not account:
        return Ignored("an event without detail or account")
    if source == "aws.inspector2" and kind == "Inspector2 Scan":
        return _instance_scan(detail, account[0], body.get("time"))
    if source == "aws.inspector2" and kind == "Inspector2 OnDemand Scan Complete":
        return _image_scan(detail, account[0])
    if source == "inspector2.ami.ondemand" and kind == "OnDemand AMI Scan Findings":
        return _image_finding(detail, account[0])
    return Ignored(f"event {str(kind)[:80]} of {str(source)[:80]}")


def _instance_scan(detail: Mapping[str, Any], account: str, time: object) -> Message:
    instance = _match(_INSTANCE, detail.get("instance-id"))
    if detail.get("scan-status") != "INITIAL_SCAN_COMPLETE" or not instance:
        return Ignored("an Inspector2 Scan that completes no instance's first scan")
    total = _total(detail.get("finding-severity-counts"))
    return Completion(scan=instance[0], status="COMPLETED", account=account, findings_total=total, at=times.read(time))


def _image_scan(detail: Mapping[str, Any], account: str) -> Message:
    scan = _match(_SCAN, detail.get("scanId"))
    statuses: dict[object, Literal["COMPLETED", "FAILED"]] = {"SUCCESSFUL": "COMPLETED", "FAILED": "FAILED"}
    told = detail.get("scanStatus")
    status = statuses.get(told) if isinstance(told, str) else None
    if not scan or not status:
        return Ignored("an on-demand scan event without scan or end status")
    return Completion(
        scan=scan[0],
        status=status,
        account=account,
        findings_total=_total(detail.get("findingSeverityCounts")),
        at=times.read(detail.get("completedAt")),
    )


def _image_finding(detail: Mapping[str, Any], account: str) -> Message:
    scan = _match(_SCAN, detail.get("scanId"))
    arn = detail.get("findingArn")
    if not scan or not isinstance(arn, str) or not 0 < len(arn.encode("utf-8", "replace")) <= 1000:
        return Ignored("an on-demand finding without scan or ARN")
    return ScanFinding(scan[0], account, from_inspector(detail, FINDING_EVENT))


def _match(pattern: re.Pattern[str], value: object) -> re.Match[str] | None:
    return pattern.fullmatch(value) if isinstance(value, str) else None


def _total(counts: object) -> int | None:
    total = counts.get("TOTAL") if isinstance(counts, Mapping) else None
    sound = isinstance(total, int) and not isinstance(total, bool) and 0 <= total < 10**12
    return total if sound else None
