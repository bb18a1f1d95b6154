"""One event of each AMI's verdict, on the account's default bus."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from golden_ami.models import Reason
from golden_ami.places import Place
from golden_ami.report.actions.done import Done, outcomes_of
from golden_ami.report.actions.refusals import refusal
from golden_ami.report.model import AmiReport, Report
from golden_ami.report.verdicts import value_of_ami

if TYPE_CHECKING:
    from golden_ami.aws.clients import Clients
    from golden_ami.report.actions.done import Outcomes

SOURCE = "golden-ami-assessment"
DETAIL_TYPE = "Golden AMI Assessed"
# PutEvents: 10 entries (EventBridge API Reference) and less than 256 KB a request (EventBridge User Guide, "Calculating
# PutEvents event entry size").
_ENTRIES, _BYTES = 10, 256_000
_AGAIN = ("InternalFailure", "InternalException", "ThrottlingException")  # an entry's errors that may heal
_ROUNDS = 4  # tries for entries that EventBridge throttles: about 3 s at most
_REASON = 1_000  # characters of a reason's texts in an event

Entry = dict[str, Any]


def announced(report: Report, clients: Clients, done: Done) -> Outcomes:
    """Put an event of each AMI of which none is confirmed."""
    client = clients.client("events")
    home = Place(report.run.account, report.run.region)
    refused: dict[str, str] = {}
    rest = done.intended("event", report.amis)
    for batch in _batches((ami.key, _entry(report, ami, done.again)) for ami in rest):
        ids, errors = _put(client, batch, home)
        done.confirm("event", ids)
        refused |= errors
    return outcomes_of("event", report.amis, "announced on the default bus", refused)


def _batches(entries: Iterable[tuple[str, Entry]]) -> Iterator[dict[str, Entry]]:
    """The entries by AMI, as many at once as PutEvents takes."""
    batch: dict[str, Entry] = {}
    size = 0
    for key, entry in entries:
        own = sum(len(text.encode()) for text in (SOURCE, DETAIL_TYPE, entry["Detail"], *entry["Resources"]))
        if batch and (len(batch) == _ENTRIES or size + own >= _BYTES):
            yield batch
            batch, size = {}, 0
        batch[key] = entry
        size += own
    if batch:
        yield batch


def _put(client: Any, batch: Mapping[str, Entry], home: Place) -> tuple[dict[str, str], dict[str, str]]:
    """EventBridge's ids of what it took, and why it did not take the rest, both by AMI.

    Entries fail one by one, and the answer has them in the request's order; what may heal is sent again.
    """
    pending, ids, refused = dict(batch), dict[str, str](), dict[str, str]()
    for number in range(_ROUNDS):
        if number:
            time.sleep(random.uniform(0, 0.5 * 2**number))
        try:
            answers = client.put_events(Entries=list(pending.values()))["Entries"]
        except (ClientError, BotoCoreError) as error:
            return ids, refused | dict.fromkeys(pending, refusal(error, home, home.account))
        outcomes = dict(zip(pending, answers, strict=True))
        ids |= {key: one["EventId"] for key, one in outcomes.items() if not one.get("ErrorCode")}
        failed = {key: one for key, one in outcomes.items() if one.get("ErrorCode")}
        healing = {key for key, one in failed.items() if one["ErrorCode"] in _AGAIN and number < _ROUNDS - 1}
        refused |= {
            key: f"{one['ErrorCode']}: {one.get('ErrorMessage', '')}"
            for key, one in failed.items()
            if key not in healing
        }
        pending = {key: pending[key] for key in pending if key in healing}
        if not pending:
            break
    return ids, refused


def _entry(report: Report, ami: AmiReport, again: str) -> Entry:
    reason = ami.reason
    detail = {
        "id": str(uuid5(NAMESPACE_URL, f"{report.run.execution_arn or report.run.run_id}/{ami.key}{again}")),
        "runId": report.run.run_id,
        "amiId": ami.ami_id,
        "name": ami.name,
        "lineage": ami.lineage,
        "account": ami.account,
        "region": ami.region,
        "verdict": value_of_ami(ami),
        "reason": reason and _short(reason),
        "counts": ami.counts,
        "failing": ami.failing,
        "completedAt": report.run.completed_at,
    }
    text = msgspec.json.encode(detail).decode()
    return {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": text, "Resources": [ami.ami_id]}


def _short(reason: Reason) -> Reason:
    return msgspec.structs.replace(reason, message=reason.message[:_REASON], remedy=reason.remedy[:_REASON])
