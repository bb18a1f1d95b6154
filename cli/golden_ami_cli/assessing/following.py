"""A run of a deployed stack: started, followed by its history, and its result collected."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from golden_ami.configuration.execution_input import STARTER_LIMIT
from golden_ami.events import Event
from golden_ami.executions import ENDS, run_id_of
from golden_ami_cli.account import Account
from golden_ami_cli.delivery import NOWHERE, Delivery
from golden_ami_cli.errors import INTERRUPTED, CommandError

if TYPE_CHECKING:
    from golden_ami_cli.assessing.result import Notification, Result
    from golden_ami_cli.console import Console
    from golden_ami_cli.gate import FailOn

_POLL = 5.0  # seconds between two looks; GetExecutionHistory refills at 20 requests a second (Step Functions quotas)
_LOCAL_POLL = 0.2


def poll_seconds(account: Account) -> float:
    """How long to wait between two looks at the account; short where it is the embedded one."""
    host = urlsplit(account.client("stepfunctions").meta.endpoint_url).hostname
    return _LOCAL_POLL if host in ("127.0.0.1", "localhost", "::1") else _POLL


def start(account: Account, parameter: str) -> str:
    """Start an execution, as the console's "Start execution" does, and say who does so; its ARN."""
    given = {"AMIsParamName": parameter} | ({"startedBy": caller} if (caller := _caller(account)) else {})
    answer = account.client("stepfunctions").start_execution(stateMachineArn=account.starts, input=json.dumps(given))
    return str(answer["executionArn"])


def _caller(account: Account) -> str:
    """The caller's ARN; "" where STS does not answer, as behind a VPC endpoint: the run needs no starter.

    GetCallerIdentity needs no permission (STS API Reference). A user's ARN may be longer than a starter's 256.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return str(account.client("sts").get_caller_identity()["Arn"])[:STARTER_LIMIT]
    except (BotoCoreError, ClientError):
        return ""


def follow(account: Account, arn: str, on_event: Callable[[Event], None]) -> None:
    """Tell every event of an execution until its last. Raises CommandError on an interrupt: the run goes on."""
    poll, seen = poll_seconds(account), 0
    states = account.client("stepfunctions")
    try:
        while True:
            for event in reversed(list(_since(states, arn, seen))):
                seen = event["id"]
                on_event(event)
                if event["type"] in ENDS:
                    return
            time.sleep(poll)
    except KeyboardInterrupt:
        run = run_id_of(arn)
        raise CommandError(
            f"interrupted; the run goes on: `golden-ami watch {run}` follows it, `golden-ami cancel {run}` ends it",
            status=INTERRUPTED,
        ) from None


def _since(states: Any, arn: str, seen: int) -> Iterator[Event]:
    """The events after the one with the id `seen`, the newest first."""
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn, reverseOrder=True)
    for page in pages:
        for event in page["events"]:
            if event["id"] <= seen:
                return
            yield event


def result_of(
    account: Account, arn: str, console: Console, wanted: Delivery = NOWHERE, fail_on: FailOn | None = None
) -> Result:
    """Show the progress of an execution on the console until it is over; its result."""
    from golden_ami_cli.assessing.assessment import collect
    from golden_ami_cli.assessing.progress import ProgressDisplay

    with ProgressDisplay(console) as progress:
        follow(account, arn, progress.event)
    execution = account.client("stepfunctions").describe_execution(executionArn=arn)
    account.refuse_duplicate(execution)
    run = execution["name"]
    account.vouches_for(run)
    return collect(account, execution, Sent(account, run), engine_of(account, run), wanted, fail_on)


def engine_of(account: Account, run_id: str) -> str:
    """The engine that the run's configuration names; "" when the run was never opened."""
    from golden_ami.errors import RunNotFound

    try:
        return account.ledger.run(run_id).config.engine
    except RunNotFound:
        return ""


@dataclass(frozen=True)
class Sent:
    """The messages of a run as the ledger notes them, for nobody subscribes to a stack's topic only to see them."""

    account: Account
    run_id: str

    def empty(self) -> list[Notification]:
        """To whom messages went, and their ids."""
        from golden_ami.report.notify import is_message
        from golden_ami.storage.keys import SENT
        from golden_ami_cli.assessing.result import Notification

        rows = {row["sk"]: row for row in self.account.ledger.rows(self.run_id)}
        sent = {key.removeprefix(SENT): row["messageId"] for key, row in rows.items() if "messageId" in row}
        return [
            Notification(topic=name, subject=f"message {message_id}", bytes=None)
            for name, message_id in sent.items()
            if is_message(name)
        ]
