"""What may be done with a verdict, each asked for in the configuration and a dry run unless that is asked for too.

Each is recorded in the ledger before AWS is asked and confirmed after; a repeated attempt asks for the rest only. What
died between may be asked twice: EC2 then has the same tags, and an event the same `detail.id`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami.errors import AccessDenied
from golden_ami.models import COMPLETED_TAG, VERDICT_RUN_TAG, VERDICT_TAG, Act, Reason
from golden_ami.parallel import side_by_side
from golden_ami.places import Place
from golden_ami.reasons import loading
from golden_ami.report.actions import events
from golden_ami.report.actions.deprecation import Deprecator
from golden_ami.report.actions.done import Done, Outcomes, outcomes_of, tell, would
from golden_ami.report.actions.refusals import refusal
from golden_ami.report.model import AmiReport, Report
from golden_ami.report.verdicts import value_of_ami

if TYPE_CHECKING:
    from golden_ami.aws.clients import Clients
    from golden_ami.ledger import Ledger


def act(report: Report, asked: Act, clients: Clients, ledger: Ledger, earlier: str = "") -> None:
    """Do what is asked and was not done yet, or say what would be done: in `report.actions` and with each AMI.

    `earlier` is the end that was reported before, of a run that was redriven since: then all is done with the new
    verdicts. A refusal is part of the report, never a fault of the run.
    """
    done = Done(report.run.run_id, ledger, f" again {earlier}" if earlier else "")
    dry = asked.dry_run
    if asked.tag_amis:
        put = would("tag", _found(report), "would be tagged") if dry else _tagged(report, clients, done)
        tell(report, "tag", put, dry_run=dry)
    if asked.deprecate:
        deprecator = Deprecator(report, clients, ledger, dry_run=dry)
        tell(report, "deprecate", deprecator.deprecate(), dry_run=dry)
        if taken_back := deprecator.take_back():
            tell(report, "undeprecate", taken_back, dry_run=dry)
    if asked.events:
        put = would("event", report.amis, "would be announced") if dry else events.announced(report, clients, done)
        tell(report, "event", put, dry_run=dry)


def _tagged(report: Report, clients: Clients, done: Done) -> Outcomes:
    """Tag each AMI of which it is not confirmed."""
    found = _found(report)
    rest = done.intended("tag", found)
    ec2 = {place: _ec2(place, clients) for place in sorted({Place(ami.account, ami.region) for ami in rest})}
    tried = side_by_side(lambda ami: (ami.key, _tag(ec2[Place(ami.account, ami.region)], report, ami)), rest)
    refused = {key: text for key, text in tried if text}
    done.confirm("tag", {key: "tag" for key, _ in tried if key not in refused})
    return outcomes_of("tag", found, "tagged with the verdict", refused)


def _found(report: Report) -> list[AmiReport]:
    """The AMIs that EC2 knows, as far as this run could see."""
    return [ami for ami in report.amis if ami.ami_id.startswith("ami-") and not (ami.reason and _is_gone(ami.reason))]


def _is_gone(reason: Reason) -> bool:
    return reason.code == loading.AMI_NOT_FOUND.code


def _ec2(place: Place, clients: Clients) -> Any:
    """The client, or the error why there is none."""
    try:
        return clients.client("ec2", place)
    except AccessDenied as error:
        return error


def _tag(client: Any, report: Report, ami: AmiReport) -> str:
    """Tag an AMI; why it was refused, "" where it was not."""
    tags = {
        VERDICT_TAG: value_of_ami(ami),
        VERDICT_RUN_TAG: report.run.run_id,
        COMPLETED_TAG: report.run.completed_at,
    }
    try:
        if isinstance(client, AccessDenied):
            raise client
        client.create_tags(Resources=[ami.ami_id], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    except (ClientError, BotoCoreError, AccessDenied) as error:
        return refusal(error, Place(ami.account, ami.region), report.run.account)
    return ""
