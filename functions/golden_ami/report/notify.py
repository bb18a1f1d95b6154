"""One message to the results topic, and to each owner with a route one about theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError, ParamValidationError

from golden_ami import aws
from golden_ami.entry import logger
from golden_ami.ledger import Ledger
from golden_ami.models import Config
from golden_ami.report import text
from golden_ami.report.build import totals_of
from golden_ami.report.links import report_links
from golden_ami.report.model import Report
from golden_ami.report.store import Store
from golden_ami.report.upgrades import RunUpgrades
from golden_ami.verdict import run_verdict

if TYPE_CHECKING:
    from golden_ami.settings import Settings

RESULTS = "results"


def notify(report: Report, config: Config, store: Store, settings: Settings, ledger: Ledger) -> None:
    """Send what was not sent yet. A retry between SNS's answer and the ledger's note of it would send again.

    Raises botocore's ClientError for the results topic; what an owner's topic refuses is logged.
    """
    links = report_links(report, store)
    _send(report, settings.results_topic, RESULTS, (text.subject(report), text.body(report, links)), ledger)
    for owner, topic in _routes(report, config).items():
        theirs = of_owner(report, owner)
        message = (text.subject(theirs, owner), text.body(theirs, links, owner))
        try:
            _send(report, topic, f"owner {owner}", message, ledger)
        except (ClientError, ParamValidationError) as error:  # theirs only: the results topic has told it all
            logger.warning("a route refused the message", extra={"owner": owner, "topic": topic, "error": str(error)})


def _routes(report: Report, config: Config) -> Mapping[str, str]:
    present = {ami.owner for ami in report.amis if ami.owner}
    return {owner: topic for owner, topic in config.routes.items() if owner in present}


def of_owner(report: Report, owner: str) -> Report:
    """The report as it is for one owner: their AMIs only, and nothing that tells of others'."""
    amis = [ami for ami in report.amis if ami.owner == owner]
    upgrades = RunUpgrades()
    for ami in amis:
        upgrades.add(ami.upgrades)
    return msgspec.structs.replace(
        report,
        amis=amis,
        verdict=run_verdict(ami.verdict for ami in amis),
        totals=totals_of(amis),
        upgrades=upgrades.ranked(),
        exceptions=[],
        owners=[],
        trend=[],
        actions=[],
        usage=[],
        legacy=[],
    )


def _send(report: Report, topic: str, name: str, message: tuple[str, str], ledger: Ledger) -> None:
    run_id = report.run.run_id
    if ledger.sent(run_id, name):
        logger.info("message sent before; not sent again", extra={"message_name": name})
        return
    subject, body = message
    region = (topic.split(":") + [""] * 4)[3] or report.run.region
    answer = aws.client("sns", region).publish(TopicArn=topic, Subject=subject, Message=body)
    ledger.note_sent(run_id, name, answer["MessageId"])
