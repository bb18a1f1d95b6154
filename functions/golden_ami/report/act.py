"""What may be done with a verdict, each asked for in the configuration and a dry run unless that is asked for too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from golden_ami import aws, times
from golden_ami.errors import AccessDenied
from golden_ami.models import Act
from golden_ami.parallel import chunks, side_by_side
from golden_ami.report.model import Action, AmiReport, Report

if TYPE_CHECKING:
    from golden_ami.settings import Settings

SOURCE = "golden-ami-assessment"
DETAIL_TYPE = "Golden AMI Assessed"
_ENTRIES = 10  # that PutEvents takes
_SHORTLY = timedelta(minutes=2)  # EC2 deprecates at a minute in the future


def act(report: Report, asked: Act, settings: Settings) -> list[Action]:
    """Do what is asked, or say what would be done. A refusal is part of the report, never a fault of the run."""
    failing = [ami for ami in report.amis if ami.verdict == "FAIL"]
    found: list[Action] = []
    if asked.tag_amis:
        found.append(_each("tag", report.amis, asked, lambda ami: _tag(report, ami)))
    if asked.deprecate:
        found.append(_each("deprecate", failing, asked, _deprecate))
    if asked.events:
        found.append(_events(report, asked, settings))
    return found


def _each(name: Any, amis: Sequence[AmiReport], asked: Act, call: Callable[[AmiReport], None]) -> Action:
    if asked.dry_run:
        return Action(action=name, amis=len(amis), done=False, detail="dry run: " + _names(amis))
    refused = [text for text in side_by_side(lambda ami: _refusal(call, ami), amis) if text]
    detail = f"{len(refused)} refused: {refused[0]}" if refused else _names(amis)
    return Action(action=name, amis=len(amis) - len(refused), done=not refused, detail=detail)


def _names(amis: Sequence[AmiReport]) -> str:
    shown = ", ".join(ami.ami_id for ami in amis[:10]) or "no AMI"
    return shown + (f" and {len(amis) - 10} more" if len(amis) > 10 else "")


def _refusal(call: Callable[[AmiReport], None], ami: AmiReport) -> str:
    try:
        call(ami)
    except (ClientError, AccessDenied) as error:
        return f"{ami.ami_id}: {error}"
    return ""


def _tag(report: Report, ami: AmiReport) -> None:
    tags = {
        "assessment-verdict": ami.verdict,
        "assessment-run": report.run.run_id,
        "assessment-completed-at": report.run.completed_at,
    }
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    aws.client("ec2", ami.region, ami.account).create_tags(Resources=[ami.ami_id], Tags=pairs)


def _deprecate(ami: AmiReport) -> None:
    at = (times.now() + _SHORTLY).replace(second=0, microsecond=0)
    aws.client("ec2", ami.region, ami.account).enable_image_deprecation(ImageId=ami.ami_id, DeprecateAt=at)


def _events(report: Report, asked: Act, settings: Settings) -> Action:
    amis = report.amis
    if asked.dry_run:
        return Action(action="event", amis=len(amis), done=False, detail="dry run: " + _names(amis))
    client = aws.client("events", settings.region)
    failed = [text for batch in chunks(_entries(report, amis), _ENTRIES) for text in _put(client, batch)]
    detail = f"{len(failed)} refused: {failed[0]}" if failed else _names(amis)
    return Action(action="event", amis=len(amis) - len(failed), done=not failed, detail=detail)


def _put(client: Any, entries: list[dict[str, Any]]) -> list[str]:
    try:
        answer = client.put_events(Entries=entries)
    except ClientError as error:
        return [str(error)] * len(entries)
    return [f"{one['ErrorCode']}: {one.get('ErrorMessage', '')}" for one in answer["Entries"] if one.get("ErrorCode")]


def _entries(report: Report, amis: Iterable[AmiReport]) -> Iterable[dict[str, Any]]:
    for ami in amis:
        detail = {
            "runId": report.run.run_id,
            "amiId": ami.ami_id,
            "name": ami.name,
            "lineage": ami.lineage,
            "account": ami.account,
            "region": ami.region,
            "verdict": ami.verdict,
            "reason": ami.reason,
            "counts": ami.counts,
            "failing": ami.failing,
            "completedAt": report.run.completed_at,
        }
        yield {
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": msgspec.json.encode(detail).decode(),
            "Resources": [ami.ami_id],
        }
