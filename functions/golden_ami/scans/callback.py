"""The callback: an execution sleeps on a token; messages come in and resume it when enough scans are complete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from golden_ami.aws.clients import Clients
from golden_ami.engines.messages import Ignored, ScanFinding
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.scans.answer import answer
from golden_ami.scans.messages import read
from golden_ami.settings import Settings
from golden_ami.stage import TURNS, is_running


def await_completion(run_id: str, token: str, clients: Clients, ledger: Ledger) -> bool:
    """Await the scans of the run that are not known to be over; True when there was none, or enough are announced."""
    awaited = {ami.scan for ami in ledger.amis(run_id) if is_running(ami)}
    resumption = ledger.await_scans(run_id, token, sorted(awaited), leaves=len(awaited) - ceil(len(awaited) / TURNS))
    return answer(resumption, clients, ledger) if resumption else False


def resume(records: object, settings: Settings, clients: Clients, ledger: Ledger) -> int:
    """Take in the message of every SNS record; the number of executions resumed. What is not for us is only logged."""
    return sum(_take(text, settings, clients, ledger) for text in _texts(records))


def _take(text: object, settings: Settings, clients: Clients, ledger: Ledger) -> int:
    message = read(text)
    if isinstance(message, Ignored):
        logger.info("ignored a message: %s", message.why)
        return 0
    if message.account not in (settings.account, *settings.member_accounts):
        logger.warning("ignored a message of account %s", message.account)
        return 0
    if isinstance(message, ScanFinding):
        logger.warning("ignored a finding: findings come through their queue")
        return 0
    resumptions = ledger.complete_scan(message)
    logger.info("scan %s is announced as %s", message.scan, message.status)
    return sum(answer(resumption, clients, ledger) for resumption in resumptions)


def _texts(records: object) -> Iterator[Any]:
    """The messages in SNS records; what has another shape has none."""
    if not isinstance(records, list):
        logger.warning("ignored an event without SNS records")
        return
    for record in records:
        sns = record.get("Sns") if isinstance(record, Mapping) else None
        yield sns.get("Message") if isinstance(sns, Mapping) else None
