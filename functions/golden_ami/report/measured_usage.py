"""What a run used, for its report: Step Functions is asked for the execution's history while the report is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami import times
from golden_ami.logs import logger
from golden_ami.models import Ami, Run
from golden_ami.places import Place
from golden_ami.usage import paths
from golden_ami.usage.actual import used_by
from golden_ami.usage.history import ended_at
from golden_ami.usage.lines import UsageLine
from golden_ami.usage.prices import shipped

if TYPE_CHECKING:
    from golden_ami.aws.clients import Clients

_PAGE = 1000  # the most events that GetExecutionHistory answers at once


def measured_usage(run: Run, amis: Sequence[Ami], clients: Clients) -> list[UsageLine]:
    """The estimate, with what was used. Figures from a history that cannot be read are None."""
    events = _history(run.execution_arn, clients)
    to_come = 0 if ended_at(events) else paths.states_after(paths.shipped_graph(), "Aggregate")
    return used_by(run.config, amis, events, shipped(), Place(run.account, run.region), times.now(), to_come)


def _history(execution_arn: str, clients: Clients) -> list[dict[str, Any]]:
    if not execution_arn:
        logger.warning("the execution is not known, so neither are its transitions and Lambda's seconds")
        return []
    pages = clients.client("stepfunctions").get_paginator("get_execution_history")
    asked = pages.paginate(executionArn=execution_arn, includeExecutionData=False, PaginationConfig={"PageSize": _PAGE})
    try:
        return [event for page in asked for event in page["events"]]
    except (BotoCoreError, ClientError) as error:  # never worth the report
        logger.warning("the history cannot be read", extra={"execution": execution_arn, "error": str(error)})
        return []
