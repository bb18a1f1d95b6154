"""Executions of earlier sessions, as their archives tell them: Step Functions answers for them again."""

from __future__ import annotations

import copy
import gzip
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from golden_ami.executions import run_id_of
from golden_ami.history.archive import DEFINITION, EVENTS, EXECUTION
from golden_ami.storage.keys import RUNS, history_prefix

if TYPE_CHECKING:
    from golden_ami_emulator.embedded import Embedded

_ARCHIVED = re.compile(rf"{RUNS}(?P<run>[^/]+)/history/(redrive-(?P<redrive>\d+)/)?{re.escape(EXECUTION)}")
_NOT_REDRIVABLE = "Execution is of an earlier session of the embedded AWS and cannot be redriven"


def remember(aws: Embedded, objects: Mapping[str, bytes]) -> None:
    """Add the archived executions to the stack's state machine, each as its last archive has it."""
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    arn = aws.outputs["StateMachineArn"]
    machine = stepfunctions_parser_backends[aws.account][aws.region].describe_state_machine(arn)
    for prefix in _archives(objects).values():
        with suppress(KeyError, TypeError, ValueError):  # an archive that cannot be read: its execution is forgotten
            machine.executions.append(_execution(aws, machine, objects, prefix))


def _archives(objects: Mapping[str, bytes]) -> dict[str, str]:
    """Of each run that was archived, how the keys of its last archive begin."""
    numbers: dict[str, int] = {}
    for found in filter(None, map(_ARCHIVED.fullmatch, objects)):
        numbers[found["run"]] = max(numbers.get(found["run"], 0), int(found["redrive"] or 0))
    return {run_id: history_prefix(run_id, number) for run_id, number in numbers.items()}


def _execution(aws: Embedded, machine: Any, objects: Mapping[str, bytes], prefix: str) -> Any:
    from moto.stepfunctions.parser.api import ExecutionStatus

    described = json.loads(objects[prefix + EXECUTION])
    started = copy.copy(machine)  # as it was when the execution started
    started.definition = objects[prefix + DEFINITION].decode()
    started.version_arn = described.get("stateMachineVersionArn")
    started.alias_arn = described.get("stateMachineAliasArn")
    made = _remembered(objects[prefix + EVENTS])(
        name=run_id_of(described["executionArn"]),
        sm_type=machine.sm_type,
        role_arn=machine.roleArn,
        exec_arn=described["executionArn"],
        account_id=aws.account,
        region_name=aws.region,
        state_machine=started,
        start_date=datetime.fromisoformat(described["startDate"]),
        cloud_watch_logging_session=None,
        input_data=described.get("input", "{}"),
        activity_store={},
    )
    made.exec_status = ExecutionStatus(described["status"])
    made.stop_date = datetime.fromisoformat(described["stopDate"])
    made.output, made.error, made.cause = (described.get(name) for name in ("output", "error", "cause"))
    made.redrive_count = int(described.get("redriveCount", 0))
    if "redriveDate" in described:
        made.redrive_date = datetime.fromisoformat(described["redriveDate"])
    return made


def _remembered(archived: bytes) -> Any:
    """The type of such an execution: moto's, whose history is read from the archive when it is asked for."""
    from moto.stepfunctions.parser.backend.execution import Execution

    base: Any = Execution

    class Remembered(base):  # type: ignore[misc]
        not_redrivable = _NOT_REDRIVABLE

        def to_history_output(self) -> dict[str, Any]:
            return {"events": [json.loads(line) for line in gzip.decompress(archived).splitlines()]}

    return Remembered
