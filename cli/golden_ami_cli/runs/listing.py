"""The runs of a stack: Step Functions knows how they ended, the ledger and the reports what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field
from rich.text import Text

from golden_ami.characters import printable
from golden_ami.errors import RunNotFound
from golden_ami.executions import duplicate_of
from golden_ami.models import Severity, Verdict
from golden_ami.storage.objects import UNDECODABLE, Missing
from golden_ami_cli.assessing.output import verdict_text
from golden_ami_cli.assessing.progress import clock
from golden_ami_cli.runs.status import Status

if TYPE_CHECKING:
    from golden_ami_cli.account import Account

_READERS = 8  # reports read at once


class _Totals(Struct, rename="camel", kw_only=True):
    """The part of report.json that is shown."""

    amis: int = 0
    passed: int = 0
    report_only: int = 0
    failed: int = 0
    not_assessed: int = 0
    findings: int = 0
    counts: dict[Severity, int] = field(default_factory=dict)


class _Report(Struct):
    totals: _Totals


class Listed(Struct, rename="camel", kw_only=True):
    """One run. Counts are None where no report was written; `seconds` is None while it runs."""

    run_id: str
    status: str  # Step Functions' own; FORGOTTEN after 90 days
    verdict: Verdict | None
    started_at: str
    seconds: int | None
    amis: int | None
    passed: int | None = None
    report_only: int | None = None  # of those that passed
    failed: int | None = None
    not_assessed: int | None = None
    findings: dict[Severity, int] | None = None
    error: str = ""
    started_by: str = ""  # a schedule's ARN, or what the starter said of himself


def runs(account: Account, limit: int, status: Status | None = None) -> list[Listed]:
    """The newest runs, newest first; also those that failed before they were opened in the ledger.

    With a status, those of it: runs that Step Functions has forgotten have none.
    """
    executions = _executions(account, limit, status)
    known = [] if status else account.ledger.run_ids(limit)
    ids = dict.fromkeys([*executions, *known])
    with ThreadPoolExecutor(_READERS) as pool:
        found = list(pool.map(lambda run_id: _listed(account, run_id, executions.get(run_id)), ids))
    return sorted(found, key=lambda run: run.started_at, reverse=True)[:limit]


def _executions(account: Account, limit: int, status: Status | None) -> dict[str, dict[str, Any]]:
    pages = account.client("stepfunctions").get_paginator("list_executions")
    wanted = {"statusFilter": status.value} if status else {}
    answers = pages.paginate(stateMachineArn=account.state_machine, **wanted)
    listed = (execution for page in answers for execution in page["executions"])
    return {execution["name"]: execution for execution in islice(listed, limit)}


def _listed(account: Account, run_id: str, execution: dict[str, Any] | None) -> Listed:
    execution = execution or {}
    row = Listed(
        run_id=run_id,
        status=execution.get("status", "FORGOTTEN"),
        verdict=None,
        started_at=_iso(execution.get("startDate")),
        seconds=_seconds(execution.get("startDate"), execution.get("stopDate")),
        amis=None,
    )
    try:
        run = account.ledger.run(run_id)
    except RunNotFound:
        if row.status == "SUCCEEDED" and (other := duplicate_of(account.describe(run_id).get("output", ""))):
            row.error = f"duplicate of run {other}"
        return row
    row.verdict, row.amis, row.error, row.started_by = run.verdict, run.ami_count, run.error, run.started_by
    if not execution:
        row.started_at = run.started_at
        if run.completed_at:
            row.seconds = _seconds(datetime.fromisoformat(run.started_at), datetime.fromisoformat(run.completed_at))
    if run.report_key:
        _count(row, account, run.report_key)
    return row


def _count(row: Listed, account: Account, key: str) -> None:
    try:
        totals = msgspec.json.decode(account.store.read(key), type=_Report).totals
    except (Missing, *UNDECODABLE):
        return  # deleted by the bucket's lifecycle, or not ours: the ledger's verdict stands
    row.passed, row.failed, row.not_assessed = totals.passed, totals.failed, totals.not_assessed
    row.findings, row.report_only = totals.counts, totals.report_only


def _seconds(start: datetime | None, stop: datetime | None) -> int | None:
    return None if start is None or stop is None else round((stop - start).total_seconds())


def _iso(instant: datetime | None) -> str:
    return "" if instant is None else instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def to_json(found: list[Listed]) -> str:
    """The list as a JSON array."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def lines(found: list[Listed]) -> Iterator[Text]:
    """The list for people: two lines a run, so that a run id stays whole on any console."""
    for run in found:
        report_only = bool(run.passed) and run.report_only == run.passed
        verdict = verdict_text(run.verdict, report_only) if run.verdict else Text(run.status)
        yield Text.assemble(Text(printable(run.run_id), style="bold"), "  ", verdict)
        yield Text("  " + ", ".join(filter(None, [run.started_at, *_words(run), *_starter(run)])), style="dim")


def none(stack: str, status: Status | None) -> str:
    """What is said of an empty list."""
    if status:
        return f"No run of stack {stack} is {status.value}; without --status all runs are listed"
    return f"No run of stack {stack} yet; `golden-ami assess` starts one"


def _starter(run: Listed) -> list[str]:
    return [f"started by {printable(run.started_by)}"] if run.started_by else []


def _words(run: Listed) -> list[str]:
    took = "" if run.seconds is None else clock(timedelta(seconds=run.seconds))
    amis = "" if run.amis is None else f"{run.amis} AMIs"
    verdicts = {
        "pass": run.passed,
        "report only": run.report_only,
        "fail": run.failed,
        "not assessed": run.not_assessed,
    }
    found = run.findings or {}
    severities = {"critical": found.get("CRITICAL"), "high": found.get("HIGH"), "findings": sum(found.values())}
    counts = [f"{number} {name}" for name, number in (verdicts | severities).items() if number]
    return [run.status.lower(), took, amis, *counts]
