"""Inspector's on-demand scan of an AMI: no instance, no agent, no wait; findings come as events."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from golden_ami import times
from golden_ami.aws.clients import Clients
from golden_ami.aws.errors import code_of
from golden_ami.engines.ami import coverage
from golden_ami.engines.ami.findings import from_image_row
from golden_ami.engines.base import Agent, Progress
from golden_ami.errors import FindingsIncomplete
from golden_ami.ledger import Ledger
from golden_ami.models import Ami, Finding, Reason, Run, Scan
from golden_ami.parallel import side_by_side
from golden_ami.places import Place
from golden_ami.settings import Settings

_TYPE = "AMI"
_EVENTS_GRACE = 60  # seconds after a scan's end in which a poll leaves it to its events
_REFUSALS = ("AccessDeniedException", "ValidationException", "ResourceNotFoundException")


def make(place: Place, _settings: Settings, clients: Clients, ledger: Ledger) -> ImageScan:
    """The adapter."""
    return ImageScan(place, clients, ledger)


class ImageScan:
    """The `ami` engine in one place; see `base.Adapter` for the contract."""

    def __init__(self, place: Place, clients: Clients, ledger: Ledger) -> None:
        self._clients = clients
        self._ledger = ledger
        self._place = place
        self._inspector = clients.client("inspector2", place)

    def ensure(self, run: Run, amis: Sequence[Ami]) -> None:
        """An on-demand scan needs no activation and no resource."""

    def agents(self, run: Run, amis: Sequence[Ami]) -> list[Agent]:  # noqa: ARG002
        """There is no agent."""
        return [Agent(ami.key, "READY") for ami in amis]

    def start(self, run: Run, amis: Sequence[Ami]) -> list[Scan]:
        """StartOnDemandScan with a client token of run and AMI. Where a scan already runs, that one counts."""
        started = side_by_side(lambda ami: (ami, self._start(run, ami)), amis)
        return [Scan(key=scan, ami_keys=[ami.key]) for ami, scan in started if scan]

    def poll(self, run: Run, amis: Sequence[Ami]) -> list[Progress]:
        """GetOnDemandScanStatus of every AMI. A scan that ended just now runs on until its events had time to come."""
        late = bool(run.completion_deadline) and times.passed(run.completion_deadline)
        return side_by_side(lambda ami: self._poll(ami, late), amis)

    def findings(self, run: Run, ami: Ami) -> Iterator[Finding]:  # noqa: ARG002
        """The findings that came as events; what is missing among them is taken from ec2 GetImageFindings."""
        stored: Counter[str] = Counter()
        for finding in self._ledger.findings(ami.scan):
            stored[finding.title] += 1
            yield finding
        count = stored.total()
        if ami.findings_total is not None and count >= ami.findings_total:
            return
        for finding in self._missing(ami, stored):
            count += 1
            yield finding
        if count < (ami.findings_total or 0):
            raise FindingsIncomplete(
                f"Inspector announced {ami.findings_total} findings on {ami.ami_id}; "
                f"events and GetImageFindings have {count} so far"
            )

    def confirm(self, run: Run, ami: Ami) -> Reason | None:  # noqa: ARG002
        """Findings of a scan stay, whatever becomes of what was scanned."""
        return None

    def write_back(self, run: Run, ami: Ami, arns: Sequence[str]) -> Counter[str]:  # noqa: ARG002
        """On-demand findings have no attributes and no place in Security Hub; they inherit the AMI's own tags."""
        return Counter()

    def close(self, run: Run) -> None:
        """Nothing was made for the run."""

    def _start(self, run: Run, ami: Ami, again: bool = True) -> str:
        token = hashlib.sha256(f"{run.run_id}|{ami.key}".encode()).hexdigest()
        try:
            answer = self._inspector.start_on_demand_scan(resourceId=ami.ami_id, resourceType=_TYPE, clientToken=token)
            return str(answer["scanId"])
        except ClientError as error:
            if code_of(error) == "ConflictException":
                running = self._running(ami)
                if running:
                    return running
                if again:  # it ended between the two calls
                    return self._start(run, ami, again=False)
            elif code_of(error) not in _REFUSALS:
                raise
            detail = error.response["Error"].get("Message", "")
            self._ledger.not_assessed(ami, coverage.refused(ami, code_of(error), detail))
            return ""

    def _running(self, ami: Ami) -> str:
        pages = self._inspector.get_paginator("list_on_demand_scans").paginate(
            resourceId=ami.ami_id, resourceType=_TYPE
        )
        scans = [scan for page in pages for scan in page["items"] if scan["scanStatus"] == "IN_PROGRESS"]
        return str(scans[0]["scanId"]) if scans else ""

    def _poll(self, ami: Ami, late: bool) -> Progress:
        try:
            answer = self._inspector.get_on_demand_scan_status(
                resourceId=ami.ami_id, scanId=ami.scan, resourceType=_TYPE
            )
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            reason = coverage.refused(ami, code_of(error), f"it knows no scan {ami.scan}")
            return Progress(ami.key, "FAILED", code_of(error), reason)
        outcome = coverage.of_image(ami, answer)
        at = times.read(answer.get("completedAt"))
        if outcome.status == "COMPLETED" and not late and self._events_may_come(ami, at):
            return Progress(ami.key, "RUNNING", f"{outcome.detail}, its events not yet here")
        return Progress(ami.key, outcome.status, outcome.detail, outcome.reason, outcome.note, at, total_since=at)

    def _events_may_come(self, ami: Ami, completed_at: str) -> bool:
        """Events tell more than GetImageFindings does, so a poll must not overtake them."""
        recent = bool(completed_at) and completed_at > times.after(-_EVENTS_GRACE)
        announced = self._ledger.announcements({ami.scan}).get(ami.scan)
        return recent and not (announced and announced.sent_after(completed_at))

    def _missing(self, ami: Ami, stored: Counter[str]) -> Iterator[Finding]:
        """Rows of GetImageFindings beyond those that came as events, told apart by their titles."""
        seen: Counter[str] = Counter()
        for finding in self._image_findings(ami):
            seen[finding.title] += 1
            if seen[finding.title] > stored[finding.title]:
                yield finding

    def _image_findings(self, ami: Ami) -> Iterator[Finding]:
        ec2: Any = self._clients.client("ec2", self._place)
        request: dict[str, Any] = {"ImageId": ami.ami_id, "MaxResults": 1000}
        while True:
            answer = ec2.get_image_findings(**request)
            for row in answer.get("ImageFindings", []):
                yield from_image_row(row, ami.ami_id)
            if not answer.get("NextToken"):
                return
            request["NextToken"] = answer["NextToken"]
