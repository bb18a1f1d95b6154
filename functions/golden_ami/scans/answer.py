"""The answer to the callback token on which an execution sleeps."""

from __future__ import annotations

import json

from botocore.exceptions import ClientError

from golden_ami.aws.clients import Clients
from golden_ami.aws.errors import code_of
from golden_ami.ledger import Ledger, Resumption
from golden_ami.logs import logger

# The execution has gone on without this answer: its wait timed out, or it was answered or has ended.
_TOO_LATE = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


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
