"""The callback: messages come in, executions that have nothing left to await are resumed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from golden_ami.assessing.messages import Ignored, ScanFinding, read
from golden_ami.aws.clients import Clients
from golden_ami.aws.errors import code_of
from golden_ami.ledger import Ledger, Resumption
from golden_ami.logs import logger
from golden_ami.settings import Settings

# The execution has gone on without this answer: its wait timed out, or it was answered or has ended.
_TOO_LATE = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


def resume(event: object, settings: Settings, clients: Clients, ledger: Ledger) -> int:
    """Take in every message of an SNS event; the number of executions resumed. What is not for us is only logged."""
    return sum(_take(text, settings, clients, ledger) for text in _texts(event))


def answer(resumption: Resumption, clients: Clients, ledger: Ledger) -> bool:
    """Resume the execution. False, and only logged, when it waits no longer."""
    try:
        clients.client("stepfunctions").send_task_success(
            taskToken=resumption.token, output=json.dumps({"runId": resumption.run_id})
        )
    except ClientError as error:
        if code_of(error) not in _TOO_LATE:
            raise
        logger.info("run %s waits no longer: %s", resumption.run_id, code_of(error))
        ledger.resumed(resumption)
        return False
    ledger.resumed(resumption)
    logger.info("resumed run %s", resumption.run_id)
    return True


def _take(text: object, settings: Settings, clients: Clients, ledger: Ledger) -> int:
    message = read(text)
    if isinstance(message, Ignored):
        logger.info("ignored a message: %s", message.why)
        return 0
    if message.account not in (settings.account, *settings.member_accounts):
        logger.warning("ignored a message of account %s", message.account)
        return 0
    if isinstance(message, ScanFinding):
        ledger.store_finding(message.scan, message.finding)
        return 0
    resumptions = ledger.complete_scan(message)
    logger.info("scan %s is announced as %s", message.scan, message.status)
    return sum(answer(resumption, clients, ledger) for resumption in resumptions)


def _texts(event: object) -> Iterator[Any]:
    """The messages in an SNS event; an event of another shape has none."""
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        logger.warning("ignored an event without SNS records")
        return
    for record in records:
        sns = record.get("Sns") if isinstance(record, Mapping) else None
        yield sns.get("Message") if isinstance(sns, Mapping) else None
