"""Takes in findings that Amazon Inspector sends as events, in batches from their queue."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami.aws.clients import Clients
from golden_ami.engines.messages import Ignored, ScanFinding
from golden_ami.logs import logger
from golden_ami.models import Finding
from golden_ami.parallel import side_by_side
from golden_ami.scans.messages import read
from golden_ami.settings import Settings
from golden_ami.storage.event_findings import EventFindings


def store_findings(records: object, settings: Settings, clients: Clients) -> list[str]:
    """Keep the finding of every SQS record; the ids of the messages that could not be kept.

    What is not for us is only counted in the log. A message may come twice (SQS: at least once).
    """
    scans: dict[str, list[Finding]] = defaultdict(list)
    ids: dict[str, list[str]] = defaultdict(list)
    ignored = Counter[str]()
    for record in records if isinstance(records, list) else []:
        message = _finding(record, settings)
        if isinstance(message, Ignored):
            ignored[message.why] += 1
        else:
            scans[message.scan].append(message.finding)
            ids[message.scan].append(str(record.get("messageId")))
    for why, number in ignored.items():
        logger.warning("ignored %d messages: %s", number, why)
    store = EventFindings(clients.client("s3"), settings.bucket)
    failed = side_by_side(lambda scan: _failed(store, scan, scans[scan]), scans)
    return [one for scan in filter(None, failed) for one in ids[scan]]


def _finding(record: Any, settings: Settings) -> ScanFinding | Ignored:
    message = read(record.get("body") if isinstance(record, Mapping) else None)
    if isinstance(message, Ignored):
        return message
    if not isinstance(message, ScanFinding):
        return Ignored("no finding")
    if message.account not in (settings.account, *settings.member_accounts):
        return Ignored(f"a finding of account {message.account}")
    return message


def _failed(store: EventFindings, scan: str, findings: list[Finding]) -> str:
    """The scan when its findings could not be kept, else ""."""
    try:
        store.store(scan, findings)
    except (ClientError, BotoCoreError) as error:
        logger.error("%d findings of scan %s were not kept: %s", len(findings), scan, error)
        return scan
    return ""
