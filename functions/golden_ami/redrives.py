"""Whether an execution was redriven after an end of which EventBridge tells, as an event may be delivered late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami.logs import logger
from golden_ami.times import read, seconds_between

if TYPE_CHECKING:
    from golden_ami.aws.clients import Clients
    from golden_ami.ending import Ended

_GOES_ON = frozenset({"RUNNING", "PENDING_REDRIVE"})


def with_redrive(ended: Ended, clients: Clients) -> Ended:
    """The end with the execution's last redrive, and whether the execution goes on since.

    DescribeExecution is eventually consistent (API reference), so that RUNNING alone may be of just before the end; a
    redrive after the end may not. Where it cannot be asked the end counts: an instance that stays is the worse fault.
    """
    if not ended.execution_arn:
        return ended
    try:
        execution: dict[str, Any] = clients.client("stepfunctions").describe_execution(executionArn=ended.execution_arn)
    except (BotoCoreError, ClientError) as failure:
        logger.warning("the execution cannot be asked for", extra={"run": ended.run_id, "error": str(failure)})
        return ended
    at, stopped = read(execution.get("redriveDate")), ended.stopped_at or ended.at
    since = bool(at and stopped) and seconds_between(stopped, at) > 0
    goes_on = since and execution["status"] in _GOES_ON
    if goes_on:
        logger.info("the execution was redriven after this end, and goes on", extra={"run": ended.run_id})
    return ended._replace(redriven_at=at, goes_on=goes_on)
