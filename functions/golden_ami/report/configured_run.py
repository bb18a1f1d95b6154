"""A run that Load Config did not open: its AMIs are read from the configuration, so that the report names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from golden_ami import times
from golden_ami.aws.errors import named_errors
from golden_ami.errors import AssessmentError
from golden_ami.executions import Execution
from golden_ami.logs import logger
from golden_ami.models import Ami, Config, Run

if TYPE_CHECKING:
    from golden_ami.aws.clients import Clients
    from golden_ami.settings import Settings


def configured_run(execution: Execution, run_id: str, settings: Settings, clients: Clients) -> tuple[Run, list[Ami]]:
    """The run, and an AMI for each that the configuration names; no AMI when the configuration cannot be read."""
    parameter = _parameter(execution.input)
    config = _configuration(parameter, settings, clients)
    run = Run(
        run_id=run_id,
        execution_arn=execution.arn,
        started_at=times.read(execution.started_at) or times.iso(times.now()),
        account=settings.account,
        region=settings.region,
        parameter=parameter,
        started_by=_started_by(execution.input),
        config=config,
        batches=[],
        ami_count=len(config.amis),
        needs_instances=False,
    )
    return run, _amis(run, settings, clients)


def _parameter(given: object) -> str:
    """The parameter's name in an execution's input; "" where it has none."""
    name = given.get("AMIsParamName") if isinstance(given, Mapping) else None
    return name.strip() if isinstance(name, str) else ""


def _started_by(given: object) -> str:
    """Who started the execution; "" where its input does not say it as it should, which the run's fault tells then."""
    from golden_ami.configuration.execution_input import started_by_of  # needed in this case only

    try:
        return started_by_of(given)
    except AssessmentError:
        return ""


def _configuration(parameter: str, settings: Settings, clients: Clients) -> Config:
    from golden_ami.configuration.loading import read_configuration  # needed in this case only

    if not parameter:
        return Config()
    try:
        with named_errors():
            return read_configuration(parameter, settings, clients)
    except AssessmentError as fault:  # the fault that the report names already, or one more of its kind
        logger.warning("the configuration of a run that was not opened cannot be read: %s", fault)
        return Config()


def _amis(run: Run, settings: Settings, clients: Clients) -> list[Ami]:
    """As Load Config lists them; where a parameter cannot be asked for, each entry by its own name."""
    from golden_ami.configuration.catalog import configured

    try:
        with named_errors():
            return configured(run.config, settings, clients, run.run_id)
    except AssessmentError as fault:
        logger.warning("the parameters of a run that was not opened cannot be read: %s", fault)
        return configured(run.config, settings, clients, run.run_id, resolve=False)


def input_of(text: str) -> object:
    """An execution's input from the text in which EventBridge tells it; None where that is left out or unreadable."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
