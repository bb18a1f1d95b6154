"""Keeps an execution's history: Step Functions forgets it after 90 days.

Under `runs/<runId>/history/`: the events, the definition used, the input, the execution and the ledger's rows, secrets
masked, and `manifest.json` with the SHA-256 of each and what the run was made of (`binding`). The manifest's own
SHA-256 stands in the ledger, which never expires it, so that a change of any byte of any object is found without
trusting the bucket. An execution that was redriven has an archive after each end: those after a redrive have all events
so far, under `redrive-<n>/`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from golden_ami.errors import ServiceFault
from golden_ami.executions import ENDS, run_id_of
from golden_ami.history.binding import binding
from golden_ami.history.mask import masked
from golden_ami.parallel import side_by_side, together
from golden_ami.storage.digests import DigestedFile, changed
from golden_ami.storage.keys import history_prefix, is_run
from golden_ami.storage.objects import Missing, Store

if TYPE_CHECKING:
    from golden_ami.ledger import Ledger

EVENTS, DEFINITION, INPUT = "events.jsonl.gz", "definition.json", "input.json"
EXECUTION, LEDGER, MANIFEST = "execution.json", "ledger.jsonl", "manifest.json"
_PAGE = 1000  # the most that GetExecutionHistory answers at once


@dataclass(frozen=True)
class Archived:
    """An archived execution. `new` is false when it was archived before; `problems` says whether it still holds."""

    run_id: str
    prefix: str
    manifest_sha256: str
    new: bool
    problems: tuple[str, ...] = ()


def archive_execution(states: Any, store: Store, ledger: Ledger, execution_arn: str) -> Archived:
    """Archive an execution that has ended, whatever its status. A second call changes nothing and verifies, but after a
    redrive, which has an archive of its own.

    `states` is a Step Functions client. Raises botocore's ClientError, and ServiceFault when the history is not yet
    complete: the caller's retry then finds it so.
    """
    run_id = run_id_of(execution_arn)
    describe = (states.describe_execution, states.describe_state_machine_for_execution)
    execution, machine = side_by_side(lambda ask: _described(ask(executionArn=execution_arn)), describe)
    redrive = int(execution.get("redriveCount", 0))
    prefix = history_prefix(run_id, redrive)
    if anchor := ledger.history_anchor(run_id, redrive):
        return Archived(run_id, prefix, anchor, False, tuple(verify(store, run_id, anchor, redrive)))
    definition, given = machine.pop("definition"), execution.get("input", "{}")
    rows = list(ledger.rows(run_id))

    def put(name: str, content_type: str, content: Iterable[bytes]) -> dict[str, Any]:
        return _put(store, prefix + name, content_type, content)

    objects = together(
        lambda: _events(store, prefix, states, execution_arn, redrive),
        lambda: put(DEFINITION, "application/json", [definition.encode()]),
        lambda: put(INPUT, "application/json", [_line(masked(json.loads(given)))]),
        lambda: put(EXECUTION, "application/json", [_line(masked(execution | {"stateMachine": machine}))]),
        lambda: put(LEDGER, "application/x-ndjson", (_line(masked(row)) for row in rows)),
    )
    manifest = {
        "version": 1,
        "runId": run_id,
        "executionArn": execution_arn,
        "status": execution["status"],
        "masked": True,
        "binding": binding(execution, machine, definition, next(filter(is_run, rows), {})),
        "objects": sorted(objects, key=lambda entry: str(entry["key"])),
    }
    written = _put(store, prefix + MANIFEST, "application/json", [_line(manifest)])
    digest = str(written["sha256"])
    standing = ledger.anchor_history(run_id, digest, _now(), redrive)
    problems = () if standing == digest else tuple(verify(store, run_id, standing, redrive))
    return Archived(run_id, prefix, standing, True, problems)


def verify_all(store: Store, run_id: str, anchors: Mapping[int, str]) -> list[str]:
    """What is wrong with a run's archives; `anchors` are the ledger's, by the number of redrives (`verify`)."""
    return [
        problem for number, anchor in (anchors or {0: ""}).items() for problem in verify(store, run_id, anchor, number)
    ]


def verify(store: Store, run_id: str, anchor: str, redrive: int = 0) -> list[str]:
    """What is wrong with an archive, one sentence each; nothing when every byte is as it was archived.

    `anchor` is the manifest's SHA-256 as the ledger holds it, "" if it holds none.
    """
    prefix = history_prefix(run_id, redrive)
    key = prefix + MANIFEST
    try:
        content = store.read(key)
    except Missing:
        return [f"{key} is missing: the run was not archived, or the archive was removed"]
    problems = [] if anchor else [f"the ledger holds no SHA-256 for {key}, so nothing vouches for it"]
    digest = hashlib.sha256(content).hexdigest()
    if anchor and digest != anchor:
        problems.append(f"{key} was changed: its SHA-256 is {digest}, the ledger says {anchor}")
    try:
        entries = {str(entry["key"]): str(entry["sha256"]) for entry in json.loads(content)["objects"]}
    except (ValueError, KeyError, TypeError):
        return [*problems, f"{key} cannot be read as a manifest"]
    for name in (EVENTS, DEFINITION, INPUT, EXECUTION, LEDGER):
        if prefix + name not in entries:
            problems.append(f"{key} does not list {name}")
    return problems + [
        problem for name, sha256 in entries.items() if (problem := changed(store, name, sha256, "manifest"))
    ]


def bound(store: Store, run_id: str, redrive: int = 0) -> dict[str, Any]:
    """What the archived run was made of (`binding`); nothing for an archive that an earlier release made.

    Raises Missing.
    """
    manifest: dict[str, Any] = json.loads(store.read(history_prefix(run_id, redrive) + MANIFEST))
    return dict(manifest.get("binding", {}))


def events_of(states: Any, execution_arn: str) -> Iterator[dict[str, Any]]:
    """Every event of an execution, in order, page by page."""
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=execution_arn, includeExecutionData=True, PaginationConfig={"PageSize": _PAGE}
    )
    for page in pages:
        for event in page["events"]:
            yield plain(event)


def plain(value: Any) -> Any:
    """An answer of boto3 as JSON has it: times as ISO 8601 text with milliseconds, in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value


def _described(answer: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = plain({key: value for key, value in answer.items() if key != "ResponseMetadata"})
    return described


def _put(store: Store, key: str, content_type: str, chunks: Iterable[bytes]) -> dict[str, Any]:
    with store.writing(key, content_type) as file:
        digest = DigestedFile(file)
        for chunk in chunks:
            digest.write(chunk)
    return digest.entry(key)


def _events(store: Store, prefix: str, states: Any, execution_arn: str, redrive: int) -> dict[str, Any]:
    """Whole when the last event is an end, and the one of the attempt that was described."""
    key, kind, redrives = prefix + EVENTS, "", 0
    with store.writing(key, "application/gzip") as file:
        digest = DigestedFile(file)
        # Neither time nor name in the header: the same events are the same bytes.
        with gzip.GzipFile(filename="", fileobj=digest, mode="wb", mtime=0) as packed:
            for event in events_of(states, execution_arn):
                kind = event["type"]
                redrives += kind == "ExecutionRedriven"
                packed.write(_line(masked(event)))
        if kind not in ENDS or redrives != redrive:
            raise ServiceFault(f"the history of {execution_arn} does not show its end yet; archive it again")
    return digest.entry(key)


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode() + b"\n"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
