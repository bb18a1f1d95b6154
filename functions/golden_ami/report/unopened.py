"""A run that load-config could not open: its AMIs are read from the configuration, so that the report has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from golden_ami import times
from golden_ami.aws import named_errors
from golden_ami.entry import logger
from golden_ami.errors import AssessmentError
from golden_ami.models import NO_BATCH, Ami, AmiEntry, Config, Run

if TYPE_CHECKING:
    from golden_ami.settings import Settings


def unopened(event: Mapping[str, Any], run_id: str, settings: Settings) -> tuple[Run, list[Ami]]:
    """A bare run, and an AMI without outcome for each that the configuration names; none where it cannot be read."""
    parameter = _parameter(event.get("input"))
    config = _configuration(parameter, settings)
    run = Run(
        run_id=run_id,
        execution_arn=str(event.get("executionArn", "")),
        started_at=str(event.get("startedAt") or times.iso(times.now())),
        account=settings.account,
        region=settings.region,
        parameter=parameter,
        config=config,
        batches=[],
        ami_count=len(config.amis),
        needs_instances=False,
    )
    amis = {ami.key: ami for ami in (_ami(run, entry) for entry in config.amis)}
    return run, list(amis.values())


def _parameter(given: object) -> str:
    """The parameter's name in an execution's input; "" where it has none."""
    name = given.get("AMIsParamName") if isinstance(given, Mapping) else None
    return name.strip() if isinstance(name, str) else ""


def _configuration(parameter: str, settings: Settings) -> Config:
    from golden_ami.configuration.loading import read_configuration  # needed in this case only

    if not parameter:
        return Config()
    try:
        with named_errors():
            return read_configuration(parameter, settings)
    except AssessmentError as fault:  # the fault that the report names already, or one more of its kind
        logger.warning("the configuration of a run that was not opened cannot be read: %s", fault)
        return Config()


def _ami(run: Run, entry: AmiEntry) -> Ami:
    account, region = entry.account or run.account, entry.region or run.region
    at_home = (account, region) == (run.account, run.region)
    configured = entry.engine or run.config.engine
    return Ami(
        run_id=run.run_id,
        batch=NO_BATCH,
        key=entry.ami_id if at_home else f"{account}/{region}/{entry.ami_id}",
        ami_id=entry.ami_id,
        entry=entry,
        engine="instance" if configured == "auto" else configured,
        region=region,
        account=account,
        lineage=entry.lineage or "",
    )


def input_of(text: str) -> object:
    """An execution's input from the text in which EventBridge tells it; None where that is left out or no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None
