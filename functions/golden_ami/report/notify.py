"""One message to the results topic, and to each owner with a route one about theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from golden_ami.evaluation.policy import run_verdict
from golden_ami.ledger import RESULTS, Ledger
from golden_ami.logs import logger
from golden_ami.models import Config, Run
from golden_ami.places import Place
from golden_ami.report import mail
from golden_ami.report.exceptions import of_amis
from golden_ami.report.last import error_name
from golden_ami.report.links import report_links
from golden_ami.report.model import Fault, Report
from golden_ami.report.totals import totals_of
from golden_ami.storage.objects import Store

if TYPE_CHECKING:
    from golden_ami.aws.clients import Clients
    from golden_ami.settings import Settings

_KEY = 1_000  # bytes
_AGAIN = " again"  # and the end before it: of a message about a run that failed, was reported so, and was redriven


def notify(
    report: Report, run: Run, earlier: str, store: Store, settings: Settings, clients: Clients, ledger: Ledger
) -> list[Fault]:
    """Send what was not sent yet. Each is recorded before and confirmed after; what died between is sent again, and
    the run's id in its text tells that it is the same. `earlier` is the end that was told before, of a run that was
    redriven since: then this one is told too. "" for none.

    What owners could not be told is returned, as parts that the report lacks. Raises botocore's ClientError and
    BotoCoreError for the results topic.
    """
    links = report_links(report, store)
    again = f"{_AGAIN} {earlier}" if earlier else ""
    message = mail.subject(report), mail.body(report, links)
    _send(report, settings.results_topic, RESULTS + again, message, clients, ledger)
    untold = []
    for owner, topic in _routes(report, run.config).items():
        try:
            theirs = of_owner(report, owner)
            message = (mail.subject(theirs, owner), mail.body(theirs, links, owner))
            _send(report, topic, _name(owner) + again, message, clients, ledger)
        except Exception as error:  # noqa: BLE001 -- theirs only: the results topic has told it all
            told = {"owner": owner, "topic": topic, "error": str(error)}
            logger.warning("a route's message was not sent", exc_info=error, extra=told)
            untold.append(Fault(where=f"message to {owner}", error=error_name(error), cause=_untold(**told)))
    return untold


def _untold(owner: str, topic: str, error: str) -> str:
    return (
        f"The message to owner {owner} was not sent to {topic}: {error}. Correct the topic in `routes` of the "
        "configuration, deploy the stack with its ARN in OwnerTopicArns, and let the topic's policy and key take it"
    )


def is_message(name: str) -> bool:
    """Whether the ledger notes a message under this name, and no other effect of a run."""
    return name.partition(_AGAIN)[0] == RESULTS or name.startswith("owner ")


def errors_of(report: Report) -> str:
    """The faults' names, as the ledger keeps them of a run that failed."""
    return "; ".join(fault.error for fault in report.run.faults)


def _name(owner: str) -> str:
    """The name of an owner's message in the ledger, whose keys hold 1,024 bytes."""
    name = f"owner {owner}"
    return name if len(name.encode()) < _KEY else f"owner {hashlib.sha256(owner.encode()).hexdigest()}"


def _routes(report: Report, config: Config) -> Mapping[str, str]:
    present = {ami.owner for ami in report.amis if ami.owner}
    return {owner: topic for owner, topic in config.routes.items() if owner in present}


def of_owner(report: Report, owner: str) -> Report:
    """The report as it is for one owner: their AMIs only, and nothing that tells of others'."""
    amis = [ami for ami in report.amis if ami.owner == owner]
    upgrades = next((one.upgrades for one in report.owners if one.owner == owner), [])
    return msgspec.structs.replace(
        report,
        amis=amis,
        verdict=run_verdict(ami.verdict for ami in amis),
        totals=totals_of(amis),
        upgrades=upgrades,
        exceptions=of_amis(report.exceptions, amis, datetime.fromisoformat(report.run.completed_at).date()),
        owners=[],
        trend=[],
        actions=[],
        usage=[],
        legacy=[],
    )


def _send(report: Report, topic: str, name: str, message: tuple[str, str], clients: Clients, ledger: Ledger) -> None:
    run_id = report.run.run_id
    if ledger.sent(run_id, name):
        logger.info("message sent before; not sent again", extra={"message_name": name})
        return
    subject, body = message
    region = (topic.split(":") + [""] * 4)[3] or report.run.region
    request = {"TopicArn": topic, "Subject": subject, "Message": body}
    if topic.endswith(".fifo"):  # SNS demands a group, and sends what has the same id once within five minutes
        identity = hashlib.sha256(f"{run_id}/{name}".encode()).hexdigest()
        request |= {"MessageGroupId": "golden-ami-assessment", "MessageDeduplicationId": identity}
    ledger.intend(run_id, [name])
    answer = clients.client("sns", Place(report.run.account, region)).publish(**request)
    ledger.note_sent(run_id, {name: answer["MessageId"]})
