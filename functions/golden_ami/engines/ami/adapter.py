"""Inspector's on-demand scan of an AMI: no instance, no agent; findings are EC2's, and events tell more of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from botocore.exceptions import ClientError, EndpointConnectionError

from golden_ami import deadlines, times
from golden_ami.aws.clients import Clients
from golden_ami.aws.filters import FILTER_VALUES
from golden_ami.engines.ami import coverage, refusals
from golden_ami.engines.ami.findings import BOTH, FINDING_EVENT, IMAGE_FINDINGS, from_image_row
from golden_ami.engines.ami.join import joined, of_scan
from golden_ami.engines.ami.queue import FindingsQueue
from golden_ami.engines.ami.scans import OnDemandScans
from golden_ami.engines.base import Agent, Progress, WrittenBack
from golden_ami.evidence.announced import announced
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.models import Ami, Evidence, Finding, Reason, Run, Scan
from golden_ami.parallel import chunks, side_by_side
from golden_ami.places import Place
from golden_ami.reasons import incomplete
from golden_ami.settings import Settings
from golden_ami.storage.event_findings import EventFindings

T = TypeVar("T")
Status = Mapping[str, Any]  # answer of GetOnDemandScanStatus

# Seconds after a scan's end in which its events may not be in the queue yet, or not counted there: its numbers are
# consistent a minute after the last message was sent at the earliest (botocore's model of SQS, GetQueueAttributes).
_EVENTS_GRACE = 60


def make(place: Place, settings: Settings, clients: Clients, ledger: Ledger) -> ImageScan:
    """The adapter."""
    return ImageScan(place, settings, clients, ledger)


def is_shown(scan_date: str, started_at: str) -> bool:
    """Whether results of this date are not older than a scan that started then; ISO 8601, "" where not known."""
    if not scan_date or not started_at:
        return False
    return datetime.fromisoformat(scan_date) >= datetime.fromisoformat(started_at).replace(microsecond=0)


def _is_successful(answer: Status | Reason) -> bool:
    return not isinstance(answer, Reason) and answer["scanStatus"] == "SUCCESSFUL"


class ImageScan:
    """The `ami` engine in one place; see `base.Adapter` for the contract."""

    def __init__(self, place: Place, settings: Settings, clients: Clients, ledger: Ledger) -> None:
        self._clients = clients
        self._ledger = ledger
        self._place = place
        self._events = EventFindings(clients.client("s3"), settings.bucket)
        self._queue = FindingsQueue(clients, settings.findings_queue)
        self._shown: dict[str, str] = {}  # FindingScanDate by image id, as it was before the findings were read
        self._scans = OnDemandScans(clients.client("inspector2", place))

    def ensure(self, run: Run, amis: Sequence[Ami]) -> None:
        """An on-demand scan needs no activation and no resource."""

    def agents(self, run: Run, amis: Sequence[Ami]) -> list[Agent]:  # noqa: ARG002
        """There is no agent."""
        return [Agent(ami.key, "READY") for ami in amis]

    def start(self, run: Run, amis: Sequence[Ami]) -> list[Scan]:
        """StartOnDemandScan, unless a scan runs or was started since the run. What is refused costs its AMI only."""
        started = side_by_side(lambda ami: (ami, self._start(run, ami)), amis)
        return [Scan(key=scan, ami_keys=[ami.key]) for ami, scan in started if scan]

    def poll(self, run: Run, amis: Sequence[Ami]) -> list[Progress]:
        """GetOnDemandScanStatus of every AMI, and of those whose scan was successful whether EC2 shows its results.

        A scan runs on until it does, for `waits.findingsSeconds` from its end at most; and until its events had time
        to come.
        """
        asked = side_by_side(lambda ami: self._asked(ami, lambda: self._scans.status(ami)), amis)
        answers = {ami.key: answer for ami, answer in zip(amis, asked, strict=True)}
        shown = self._scan_dates([ami for ami in amis if _is_successful(answers[ami.key])])
        return side_by_side(lambda ami: self._progress(run, ami, answers[ami.key], shown.get(ami.ami_id, "")), amis)

    def findings(self, run: Run, ami: Ami) -> Iterator[Finding]:
        """What ec2 GetImageFindings lists, and what events add to it."""
        # Before the rows: what EC2 shows only after they were read, they may lack.
        self._shown |= self._scan_dates([ami])
        severities = run.config.policy_of(ami).fail_on.severities
        return joined(self._image_findings(ami), self._told(ami), severities)

    def confirm(self, run: Run, ami: Ami, received: Mapping[str, int]) -> list[Evidence]:  # noqa: ARG002
        """Evidence `findings`: pending while EC2 shows no results of this scan, or fewer rows than were announced.

        The results' FindingScanDate (ec2 DescribeImages) is the sign that the rows are this scan's, and no message.
        That an on-demand scan sets it is inferred from the User Guide ("Running on-demand machine image scans"), which
        sends its readers to EC2 for the results. Rows alone count as received: an invented event fills no gap.
        """
        rows = sum(number for source, number in received.items() if IMAGE_FINDINGS in source)
        date = self._shown.get(ami.ami_id, "")
        if not is_shown(date, ami.scan_started_at):
            reason = incomplete.FINDINGS_NOT_CONFIRMED(date=date or "missing", received=rows)
            return [incomplete.evidence("findings", "PENDING", reason)]
        also, alone = received.get(BOTH, 0), received.get(FINDING_EVENT, 0)
        events = f", {also} of them also as events, {alone} more as events alone" if also or alone else ""
        return [announced(self._total(ami), rows, IMAGE_FINDINGS + events)]

    def write_back(self, run: Run, ami: Ami, arns: Sequence[str], until: datetime) -> WrittenBack:  # noqa: ARG002
        """On-demand findings have no attributes and are not sent to Security Hub (User Guide, as above)."""
        return WrittenBack([], [])

    def close(self, run: Run, amis: Sequence[Ami]) -> None:
        """Nothing was made for the run."""

    def _start(self, run: Run, ami: Ami) -> str:
        scan = self._asked(ami, lambda: self._scans.start(run, ami))
        if isinstance(scan, Reason):
            self._ledger.not_assessed(ami, scan)
            return ""
        return scan

    def _asked(self, ami: Ami, ask: Callable[[], T]) -> T | Reason:
        """What Inspector answers, or why it does not: that costs this AMI only. Other errors are raised."""
        try:
            return ask()
        except ClientError as error:
            if reason := refusals.reason_of(ami, error):
                return reason
            raise
        except EndpointConnectionError:
            if self._place.region in self._clients.regions_of("inspector2"):
                raise
            return refusals.not_in_region(ami, EndpointConnectionError.__name__)

    def _progress(self, run: Run, ami: Ami, answer: Status | Reason, shown: str) -> Progress:
        if isinstance(answer, Reason):
            return Progress(ami.key, "FAILED", answer.code, answer)
        outcome = coverage.of_image(ami, answer)
        late = times.passed(deadlines.of_completion(run, ami))
        if outcome.detail == coverage.FAULT and outcome.status == "FAILED" and not (ami.failed_scan or late):
            return self._again(run, ami, answer, outcome.reason)
        at, started_at = times.read(answer.get("completedAt")), times.read(answer.get("startedAt"))
        wait = 0.0 if late else run.config.waits.findings_seconds
        if outcome.status == "COMPLETED" and at:
            if not is_shown(shown, started_at) and times.until(at) > -wait:
                return Progress(ami.key, "RUNNING", f"{outcome.detail}, its results are not shown yet")
            if not late and times.until(at) > -wait and self._events_may_come(at):
                return Progress(ami.key, "RUNNING", f"{outcome.detail}, its events not yet here", soon=True)
        return Progress(
            ami.key,
            outcome.status,
            outcome.detail,
            outcome.reason,
            outcome.note,
            at,
            total_since=at,
            started_at=started_at,
            evidence=outcome.evidence,
        )

    def _again(self, run: Run, ami: Ami, failed: Status, reason: Reason | None) -> Progress:
        """Inspector does not retry a scan that failed internally: "call again" (User Guide, as above). Once."""
        try:
            scan = self._asked(ami, lambda: self._scans.start_again(run, ami, failed))
        except (ClientError, EndpointConnectionError) as error:  # the next look tries again; others' answers count now
            logger.warning("the second scan was not started: %s", error, extra={"ami": ami.key})
            return Progress(ami.key, "RUNNING", f"{coverage.FAULT}, a second scan was not started yet", reason)
        if isinstance(scan, Reason):
            return Progress(ami.key, "FAILED", coverage.FAULT, scan)
        return Progress(ami.key, "RUNNING", f"{coverage.FAULT}, then a second scan", reason, scan=scan)

    def _events_may_come(self, completed_at: str) -> bool:
        """Events tell more than GetImageFindings does, so a poll must not overtake them.

        How many have come says nothing: anybody may send one. Some may come for a minute after the scan's end, and
        while the queue has any, of whatever scan.
        """
        return times.until(completed_at) > -_EVENTS_GRACE or self._queue.has_messages

    def _total(self, ami: Ami) -> int | None:
        """The highest total that was announced, also by messages that came after the scan was recorded as over."""
        announced = self._ledger.announcements({ami.scan}).get(ami.scan)
        later = announced.total_after(ami.scanned_at) if announced else None
        return max((total for total in (ami.findings_total, later) if total is not None), default=None)

    def _scan_dates(self, amis: Sequence[Ami]) -> dict[str, str]:
        """`ScanResults.FindingScanDate` of ec2 DescribeImages by image id, ISO 8601; without those that have none."""
        ec2 = self._clients.client("ec2", self._place)

        def ask(ids: list[str]) -> list[dict[str, Any]]:
            # A filter, for ImageIds fails as a whole when one is unknown.
            pages = ec2.get_paginator("describe_images").paginate(
                Filters=[{"Name": "image-id", "Values": ids}], IncludeDeprecated=True, IncludeDisabled=True
            )
            return [image for page in pages for image in page["Images"]]

        images = [
            image for found in side_by_side(ask, chunks([ami.ami_id for ami in amis], FILTER_VALUES)) for image in found
        ]
        dates = {image["ImageId"]: times.read(image.get("ScanResults", {}).get("FindingScanDate")) for image in images}
        return {image_id: date for image_id, date in dates.items() if date}

    def _told(self, ami: Ami) -> Iterator[Finding]:
        """The findings of the scan that came as events; one that is another region's or account's is ignored."""
        for finding in self._events.of(ami.scan):
            if of_scan(ami, finding.arn):
                yield finding
            else:
                logger.warning("ignored a finding that is not the scan's: %s", finding.arn, extra={"ami": ami.key})

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
