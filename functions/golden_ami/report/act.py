"""What may be done with a verdict, each asked for in the configuration and a dry run unless that is asked for too.

Each is recorded in the ledger before AWS is asked and confirmed after; a repeated attempt asks for the rest only. What
died between may be asked twice: EC2 then has the same tags, and an event the same `detail.id`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from golden_ami import times
from golden_ami.errors import AccessDenied
from golden_ami.models import Act, Reason
from golden_ami.parallel import side_by_side
from golden_ami.places import Place
from golden_ami.report.model import Action, AmiReport, Report
from golden_ami.report.verdicts import value_of_ami

if TYPE_CHECKING:
    from golden_ami.aws.clients import Clients
    from golden_ami.ledger import Ledger

SOURCE = "golden-ami-assessment"
DETAIL_TYPE = "Golden AMI Assessed"
# PutEvents: 10 entries (EventBridge API Reference) and less than 256 KB a request (EventBridge User Guide, "Calculating
# PutEvents event entry size").
_ENTRIES, _BYTES = 10, 256_000
_AGAIN = ("InternalFailure", "InternalException", "ThrottlingException")  # an entry's errors that may heal
_ROUNDS = 4  # tries for entries that EventBridge throttles: about 3 s at most
_SHORTLY = timedelta(minutes=2)  # EC2 deprecates at a minute in the future
_REASON = 1_000  # characters of a reason's texts in an event

Entry = dict[str, Any]


class Done(NamedTuple):
    """What the ledger notes of a run's actions. `again` sets those of a redriven run apart from those before."""

    run_id: str
    ledger: Ledger
    again: str

    def intended(self, name: str, amis: Sequence[AmiReport]) -> list[AmiReport]:
        """The AMIs of which the action is not confirmed, recorded before it is asked for."""
        done = self.ledger.all_sent(self.run_id, f"{name}#")
        rest = [ami for ami in amis if self._note(name, ami.key) not in done]
        self.ledger.intend(self.run_id, [self._note(name, ami.key) for ami in rest])
        return rest

    def confirm(self, name: str, ids: Mapping[str, str]) -> None:
        """Note what AWS confirmed, by the AMIs' keys with AWS's id of it."""
        self.ledger.note_sent(self.run_id, {self._note(name, key): given for key, given in ids.items()})

    def _note(self, name: str, key: str) -> str:
        return f"{name}#{key}{self.again}"


def act(report: Report, asked: Act, clients: Clients, ledger: Ledger, earlier: str = "") -> None:
    """Do what is asked and was not done yet, or say what would be done, in `report.actions`.

    `earlier` is the end that was reported before, of a run that was redriven since: then all is done with the new
    verdicts. A refusal is part of the report, never a fault of the run.
    """
    done = Done(report.run.run_id, ledger, f" again {earlier}" if earlier else "")
    failing = [ami for ami in report.amis if ami.verdict == "FAIL"]
    if asked.tag_amis:
        report.actions.append(_each("tag", report, report.amis, asked, clients, done, _tag))
    if asked.deprecate:
        report.actions.append(_each("deprecate", report, failing, asked, clients, done, _deprecate))
    if asked.events:
        report.actions.append(_events(report, asked, clients, done))


Call = Callable[[Any, Report, AmiReport], None]


def _each(
    name: Any, report: Report, amis: Sequence[AmiReport], asked: Act, clients: Clients, done: Done, call: Call
) -> Action:
    if asked.dry_run:
        return _dry(name, amis)
    rest = done.intended(name, amis)
    ec2 = {place: _ec2(place, clients) for place in sorted({Place(ami.account, ami.region) for ami in rest})}
    tried = side_by_side(lambda ami: (ami.key, _refusal(ec2[Place(ami.account, ami.region)], call, report, ami)), rest)
    refused = {key: text for key, text in tried if text}
    done.confirm(name, {key: name for key, _ in tried if key not in refused})
    return _action(name, amis, list(refused.values()))


def _dry(name: Any, amis: Sequence[AmiReport]) -> Action:
    return Action(action=name, amis=len(amis), done=False, detail="dry run: " + _names(amis))


def _action(name: Any, amis: Sequence[AmiReport], refused: Sequence[str]) -> Action:
    detail = f"{len(refused)} refused: {refused[0]}" if refused else _names(amis)
    return Action(action=name, amis=len(amis) - len(refused), done=not refused, detail=detail)


def _ec2(place: Place, clients: Clients) -> Any:
    """The client, or the error why there is none."""
    try:
        return clients.client("ec2", place)
    except AccessDenied as error:
        return error


def _names(amis: Sequence[AmiReport]) -> str:
    shown = ", ".join(ami.ami_id for ami in amis[:10]) or "no AMI"
    return shown + (f" and {len(amis) - 10} more" if len(amis) > 10 else "")


def _refusal(client: Any, call: Call, report: Report, ami: AmiReport) -> str:
    try:
        if isinstance(client, AccessDenied):
            raise client
        call(client, report, ami)
    except (ClientError, BotoCoreError, AccessDenied) as error:
        return f"{ami.ami_id}: {error}"
    return ""


def _tag(client: Any, report: Report, ami: AmiReport) -> None:
    tags = {
        "assessment-verdict": value_of_ami(ami),
        "assessment-run": report.run.run_id,
        "assessment-completed-at": report.run.completed_at,
    }
    client.create_tags(Resources=[ami.ami_id], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])


def _deprecate(client: Any, _: Report, ami: AmiReport) -> None:
    at = (times.now() + _SHORTLY).replace(second=0, microsecond=0)
    client.enable_image_deprecation(ImageId=ami.ami_id, DeprecateAt=at)


# ---------------------------------------------------------------- events


def _events(report: Report, asked: Act, clients: Clients, done: Done) -> Action:
    if asked.dry_run:
        return _dry("event", report.amis)
    client = clients.client("events")
    refused: list[str] = []
    rest = done.intended("event", report.amis)
    for batch in _batches((ami.key, _entry(report, ami, done.again)) for ami in rest):
        ids, errors = _put(client, batch)
        done.confirm("event", ids)
        refused += errors
    return _action("event", report.amis, refused)


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


def _put(client: Any, batch: Mapping[str, Entry]) -> tuple[dict[str, str], list[str]]:
    """EventBridge's ids of what it took, by AMI, and why it did not take the rest.

    Entries fail one by one, and the answer has them in the request's order; what may heal is sent again.
    """
    pending, ids, refused = dict(batch), dict[str, str](), list[str]()
    for number in range(_ROUNDS):
        if number:
            time.sleep(random.uniform(0, 0.5 * 2**number))
        try:
            answers = client.put_events(Entries=list(pending.values()))["Entries"]
        except (ClientError, BotoCoreError) as error:
            return ids, [*refused, *[str(error)] * len(pending)]
        outcomes = dict(zip(pending, answers, strict=True))
        ids |= {key: one["EventId"] for key, one in outcomes.items() if not one.get("ErrorCode")}
        failed = {key: one for key, one in outcomes.items() if one.get("ErrorCode")}
        healing = {key for key, one in failed.items() if one["ErrorCode"] in _AGAIN and number < _ROUNDS - 1}
        refused += [
            f"{one['ErrorCode']}: {one.get('ErrorMessage', '')}" for key, one in failed.items() if key not in healing
        ]
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
