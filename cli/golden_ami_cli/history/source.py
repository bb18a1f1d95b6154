"""Where a history is read from: Step Functions itself, else the archive in S3 or in a directory."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from golden_ami.events import Event
from golden_ami.executions import execution_arn, run_id_of
from golden_ami.history.archive import DEFINITION, EVENTS, EXECUTION, LEDGER, MANIFEST, events_of, plain
from golden_ami.storage.keys import history_prefix, is_ami, is_run
from golden_ami.storage.objects import Missing, Store
from golden_ami_cli.errors import UsageError
from golden_ami_cli.history.model import ExecutionHistory
from golden_ami_cli.history.parse import parse

if TYPE_CHECKING:
    from golden_ami.ledger import Ledger

Row = Mapping[str, Any]
_REDRIVES = 50  # archives that are looked for in a copy


@dataclass(frozen=True)
class HistorySource:
    """What is at hand. Without `states` and `ledger` (a copied directory) only the archive is read."""

    store: Store
    states: Any = None  # a Step Functions client
    ledger: Ledger | None = None
    state_machine_arn: str = ""


def load(run: str, source: HistorySource) -> ExecutionHistory:
    """The history of a run, named by its id or by its execution's ARN. Raises UsageError when there is none."""
    run_id = run_id_of(run)
    if source.states is not None:
        arn = run if run.startswith("arn:") else execution_arn(source.state_machine_arn, run_id)
        try:
            return from_aws(arn, source)
        except source.states.exceptions.ExecutionDoesNotExist:
            pass
    try:
        return from_archive(run_id, source.store, _last_redrive(run_id, source))
    except Missing as error:
        raise UsageError(
            f"no history of run {run_id!r}: Step Functions does not know it (it forgets after 90 days) "
            f"and the archive holds no {error}; `golden-ami runs` lists the runs"
        ) from error


def from_aws(arn: str, source: HistorySource) -> ExecutionHistory:
    """The history as Step Functions tells it. Raises botocore's ClientError."""
    states = source.states
    description = plain(states.describe_execution(executionArn=arn))
    machine = states.describe_state_machine_for_execution(executionArn=arn)
    rows = list(source.ledger.rows(run_id_of(arn))) if source.ledger else []
    return history_of(events_of(states, arn), json.loads(machine["definition"]), description, rows, source.store)


def _last_redrive(run_id: str, source: HistorySource) -> int:
    """The number of the last archive: the ledger knows; of a copy, which is on this disk, the names are tried."""
    if source.ledger:
        return max(source.ledger.history_anchors(run_id), default=0)
    return max(manifests(run_id, source.store), default=0)


def manifests(run_id: str, store: Store) -> dict[int, str]:
    """The SHA-256 of each archive's manifest as it is in a copy, by the number of redrives. Nothing vouches for it."""
    found = {number: own_digest(store, history_prefix(run_id, number) + MANIFEST) for number in range(_REDRIVES + 1)}
    return {number: digest for number, digest in found.items() if digest}


def own_digest(store: Store, key: str) -> str:
    """The SHA-256 of an object as it is; "" where it is missing."""
    try:
        return hashlib.sha256(store.read(key)).hexdigest()
    except Missing:
        return ""


def from_archive(run_id: str, store: Store, redrive: int = 0) -> ExecutionHistory:
    """The history as it was archived, or archived after a redrive. Raises Missing."""
    prefix = history_prefix(run_id, redrive)
    events = [json.loads(line) for line in gzip.decompress(store.read(prefix + EVENTS)).splitlines()]
    rows = [json.loads(line) for line in store.lines(prefix + LEDGER)]
    definition, description = (json.loads(store.read(prefix + name)) for name in (DEFINITION, EXECUTION))
    return history_of(events, definition, description, rows, store)


def history_of(
    events: Iterable[Event],
    definition: Mapping[str, Any],
    description: Mapping[str, Any],
    rows: Iterable[Row],
    store: Store,
) -> ExecutionHistory:
    """The model, with what the ledger's rows add: the AMIs' names, the verdict, the report."""
    rows = list(rows)
    history = parse(list(events), definition, description, labels(rows))
    run = next(filter(is_run, rows), {})
    history.verdict, history.started_by = str(run.get("verdict") or ""), str(run.get("startedBy") or "")
    if key := run.get("reportKey"):
        history.report = store.uri(str(key))
    return history


def labels(rows: Iterable[Row]) -> dict[str, str]:
    """What a Map's item is to a person: the name and id of its AMI, or how many AMIs the batch has."""
    batches: dict[str, list[Row]] = {}
    for row in rows:
        if is_ami(row):
            batches.setdefault(str(row["batch"]), []).append(row)
    return {batch: _label(batch, amis) for batch, amis in batches.items()}


def _label(batch: str, amis: list[Row]) -> str:
    if len(amis) > 1:
        return f"batch {batch}, {len(amis)} AMIs"
    name, ami = str(amis[0].get("name") or ""), str(amis[0].get("amiId") or batch)
    return f"{name} · {ami}" if name else ami
