"""The last report: what is written and sent when a run's report fails by a fault of ours.

It needs AWS's clients, the ledger's rows as they are stored and what the execution's end tells, and none of the parts
that may have failed.
It never says PASS: an AMI is FAIL where a failing finding was known before the fault, else NOT ASSESSED.
"""

from __future__ import annotations

import html
import json
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from botocore.exceptions import ClientError
from msgspec import structs

from golden_ami import times
from golden_ami.aws.errors import code_of
from golden_ami.errors import AssessmentError, RunNotFound
from golden_ami.executions import Execution
from golden_ami.ledger import RESULTS, Ledger
from golden_ami.logs import logger
from golden_ami.models import DEFAULT_ENGINE, Engine, Reason, Verdict
from golden_ami.reasons import reporting
from golden_ami.storage.keys import history_prefix, is_ami, is_run, report_key

if TYPE_CHECKING:
    from golden_ami.aws.clients import Clients
    from golden_ami.settings import Settings

Row = Mapping[str, Any]
_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")
_ENGINES = get_args(Engine)
_LISTED = 200  # AMIs that the message names
_LONGEST = 1000  # characters of a text of the ledger or the execution
REMEDY = reporting.REPORT_FAILED.remedy


class Reported(NamedTuple):
    """What was reported of a run, and whether the execution is to succeed."""

    succeeded: bool  # no fault, whatever the verdict
    verdict: Verdict
    amis: Mapping[Verdict, int]  # by verdict
    report: str  # s3:// address of report.json
    history: str  # s3:// address with which those of the execution's archived history begin
    error: str  # the first fault's name, "" without one
    cause: str


def last_report(
    execution: Execution,
    fault: BaseException,
    settings: Settings,
    clients: Clients,
    ledger: Ledger,
    failing: Mapping[str, int] = {},
) -> Reported:
    """Write and send the last report. May be repeated: sends once.

    `failing` has the AMIs, by key, that are known to fail, and on how many findings. What cannot be done does not
    stop the rest and is raised after it.
    """
    logger.error("the report failed; the last report is made", exc_info=fault)
    run_id, failures = _text(execution.run_id), []
    report = _report(execution, fault, settings, clients, ledger, failing)
    store = _Objects(settings, clients, run_id)
    sent = _message_sent(run_id, ledger, store)
    write, tell = partial(store.put, report), partial(_tell, report, settings, clients, ledger, store)
    for step in (write, tell) if not sent else () if _whole_report_sent(run_id, ledger) else (write,):
        try:
            step()
        except Exception as failure:  # noqa: BLE001 -- the other steps are all that is left of the run
            logger.error("a step of the last report failed", exc_info=failure)
            failures.append(failure)
    if failures:
        raise failures[0]
    _close(report, ledger)
    mine = report["run"]["faults"][-1]
    return Reported(
        succeeded=False,
        verdict=report["verdict"],
        amis={"PASS": 0, "FAIL": report["totals"]["failed"], "NOT_ASSESSED": report["totals"]["notAssessed"]},
        report=store.uri("report.json"),
        history=f"s3://{settings.bucket}/{history_prefix(run_id)}",
        error=mine["error"],
        cause=mine["cause"],
    )


def error_name(fault: BaseException) -> str:
    """The fault's class, or AWS's code."""
    return code_of(fault) if isinstance(fault, ClientError) else type(fault).__name__


def location_of(fault: BaseException) -> str:
    """Where in this project it happened: file, line and function."""
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [frame for frame in frames if "golden_ami" in frame.filename] or list(frames)
    if not ours:
        return "before any of its steps"
    file = ours[-1].filename.rpartition("golden_ami/")[2]
    return f"{file}, line {ours[-1].lineno}, in {ours[-1].name}"


def cause_of(fault: BaseException) -> str:
    """A sentence that says what happened. The text of an error that is not AWS's may quote what should not be shown."""
    said = f": {_text(fault)}" if isinstance(fault, AssessmentError | ClientError) else ""
    return f"The report could not be made: {error_name(fault)} in {location_of(fault)}{said}. {REMEDY}"


# ---------------------------------------------------------------- what is known


def _report(
    execution: Execution,
    fault: BaseException,
    settings: Settings,
    clients: Clients,
    ledger: Ledger,
    failing: Mapping[str, int],
) -> dict[str, Any]:
    """The report's model (report.model.Report) with what is sure."""
    run_id, state = _text(execution.run_id), execution.state
    state = state if isinstance(state, Mapping) else {}
    run, rows = _rows(run_id, ledger)
    rows = rows or list(_configured(execution, run_id, settings, clients)) or [{"key": key} for key in _batches(state)]
    now = times.iso(times.now())
    begun = times.read(execution.started_at) or times.read(run.get("startedAt")) or now
    reason = reporting.REPORT_FAILED(error=error_name(fault))
    amis = {ami["key"]: ami for ami in (_ami(row, reason, failing, run, settings) for row in rows)}
    listed = sorted(amis.values(), key=_order)
    faults = [*_earlier(state), {"where": "report", "error": error_name(fault)[:256], "cause": cause_of(fault)}]
    given = state.get("instances")
    counted = given if isinstance(given, Mapping) else {}
    return {
        "version": 1,
        "run": {
            "runId": run_id,
            "executionArn": _text(execution.arn),
            "executionUrl": "",
            "account": settings.account,
            "region": settings.region,
            "startedAt": begun,
            "completedAt": now,
            "durationSeconds": max(0, int(-times.until(begun))),
            "succeeded": False,
            "parameter": _text(run.get("parameter")),
            "startedBy": _text(run.get("startedBy")),
            "instances": {name: _number(counted.get(name)) for name in ("launched", "terminated", "running")},
            "faults": faults,
        },
        "verdict": "FAIL" if any(ami["verdict"] == "FAIL" for ami in listed) else "NOT_ASSESSED",
        "totals": _totals(listed),
        "policy": {},
        "amis": listed,
    }


def _rows(run_id: str, ledger: Ledger) -> tuple[Row, list[Row]]:
    """The run's row and those of its AMIs, as they are stored; nothing where they cannot be read."""
    try:
        rows = list(ledger.rows(run_id))
    except Exception as failure:  # noqa: BLE001 -- then the event has to do
        logger.error("the ledger's rows cannot be read", exc_info=failure)
        return {}, []
    run = next(filter(is_run, rows), {})
    return run, [row for row in rows if is_ami(row)]


def _configured(execution: Execution, run_id: str, settings: Settings, clients: Clients) -> Iterator[Row]:
    """The AMIs that the configuration names, of a run that the ledger does not know."""
    try:
        from golden_ami.report.configured_run import configured_run

        for ami in configured_run(execution, run_id, settings, clients)[1]:
            told = ("key", "name", "lineage", "engine", "region", "account")
            yield {"amiId": ami.ami_id} | {name: getattr(ami, name, "") for name in told}
    except Exception as failure:  # noqa: BLE001 -- this is one of the parts that may be at fault
        logger.error("the configuration cannot be read", exc_info=failure)


def _batches(state: Mapping[str, Any]) -> list[str]:
    """The batches of the execution's state; of a run of up to 40 AMIs each is an AMI's key."""
    run = state.get("run")
    batches = run.get("batches") if isinstance(run, Mapping) else None
    return [_text(batch) for batch in batches] if isinstance(batches, list) else []


def _ami(row: Row, reason: Reason, failing: Mapping[str, int], run: Row, settings: Settings) -> dict[str, Any]:
    key = _text(row.get("key")) or _text(row.get("sk")).rpartition("#")[2]
    given, tags = row.get("reason"), row.get("tags")
    tags = {_text(name): _text(value) for name, value in tags.items()} if isinstance(tags, Mapping) else {}
    configured = run.get("config")
    owner_tag = _text(configured.get("ownerTag")) if isinstance(configured, Mapping) else ""
    fails = key in failing
    ami: dict[str, Any] = {
        "key": key,
        "amiId": _text(row.get("amiId")) or key.rpartition("/")[2],
        "name": _text(row.get("name")),
        "lineage": _text(row.get("lineage")),
        "owner": tags.get(owner_tag or "Owner", "").strip(),
        "account": _text(row.get("account")) or settings.account,
        "region": _text(row.get("region")) or settings.region,
        "engine": row.get("engine") if row.get("engine") in _ENGINES else DEFAULT_ENGINE,
        "verdict": "FAIL" if fails else "NOT_ASSESSED",
        "tags": tags,
        "counts": _counts(row.get("counts")),
        "failing": failing.get(key, 0),
    }
    ami["total"] = sum(ami["counts"].values())
    if not fails:
        members = ("code", "message", "remedy")
        known = isinstance(given, Mapping) and all(isinstance(given.get(name), str) for name in members)
        ami["reason"] = {name: _text(given[name]) for name in members} if known and given else structs.asdict(reason)
    return ami


def _order(ami: Row) -> tuple[Any, ...]:
    """FAIL, then NOT_ASSESSED, each the worst first as far as the counts tell."""
    worst = (-ami["counts"].get(severity, 0) for severity in ("CRITICAL", "HIGH"))
    return ami["verdict"], *worst, ami["name"], ami["key"]


def _counts(given: object) -> dict[str, int]:
    found = given if isinstance(given, Mapping) else {}
    return {severity: found[severity] for severity in _SEVERITIES if isinstance(found.get(severity), int)}


def _totals(amis: Sequence[Row]) -> dict[str, Any]:
    failed = sum(ami["verdict"] == "FAIL" for ami in amis)
    counts = {name: sum(ami["counts"].get(name, 0) for ami in amis) for name in _SEVERITIES}
    return {
        "amis": len(amis),
        "failed": failed,
        "notAssessed": len(amis) - failed,
        "findings": sum(counts.values()),
        "counts": {name: count for name, count in counts.items() if count},
        "failing": sum(ami["failing"] for ami in amis),
    }


def _earlier(state: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The faults that the definition had caught before."""
    for member, where in (("error", "run"), ("terminateError", "terminate")):
        caught = state.get(member)
        if isinstance(caught, Mapping):
            error = _text(caught.get("Error")) or "Unknown"
            yield {"where": where, "error": error[:256], "cause": _message(caught.get("Cause")) or error}


def _message(cause: object) -> str:
    try:
        told = json.loads(cause) if isinstance(cause, str) else None
    except (ValueError, RecursionError):
        told = None
    return _text(told.get("errorMessage")) if isinstance(told, dict) else _text(cause)


def _text(value: object) -> str:
    """Any value as text that can be stored and sent."""
    plain = "" if value is None else str(value).encode(errors="replace").decode()
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+", " ", plain).strip()[:_LONGEST]


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


# ---------------------------------------------------------------- where it is told


class _Objects:
    """The run's objects."""

    def __init__(self, settings: Settings, clients: Clients, run_id: str) -> None:
        self._client = clients.client("s3")
        self._bucket, self._run_id = settings.bucket, run_id

    def uri(self, name: str) -> str:
        return f"s3://{self._bucket}/{report_key(self._run_id, name)}"

    def put(self, report: Row) -> None:
        """The report as JSON, text and a page."""
        text = _body(report, self.uri("report.json"))
        page = f'<!doctype html><meta charset="utf-8"><title>Golden AMIs</title><pre>{html.escape(text)}</pre>\n'
        self.write("report.json", "application/json", json.dumps(report))
        self.write("report.txt", "text/plain; charset=utf-8", f"{_subject(report)}\n\n{text}")
        self.write("report.html", "text/html; charset=utf-8", page)

    def write(self, name: str, content_type: str, text: str) -> None:
        self._client.put_object(
            Bucket=self._bucket, Key=report_key(self._run_id, name), Body=text.encode(), ContentType=content_type
        )

    def has(self, name: str) -> bool:
        try:
            self._client.head_object(Bucket=self._bucket, Key=report_key(self._run_id, name))
        except ClientError as error:
            if code_of(error) in ("404", "NoSuchKey"):
                return False
            raise
        return True


_LAST_REPORT = "last report"
_NOTE = "message.json"  # that the message was sent, while the ledger cannot be written


def recall(run_id: str, settings: Settings, clients: Clients, ledger: Ledger) -> None:
    """Note in the ledger what was told while it was away, so that no later report is told again."""
    if not ledger.sent(run_id, RESULTS) and _Objects(settings, clients, run_id).has(_NOTE):
        ledger.note_sent(run_id, {RESULTS: _NOTE})


def _message_sent(run_id: str, ledger: Ledger, store: _Objects) -> bool:
    try:
        return ledger.sent(run_id, RESULTS)
    except Exception as failure:  # noqa: BLE001 -- the store has its own note
        logger.error("the ledger cannot be asked what was sent", exc_info=failure)
    try:
        return store.has(_NOTE)
    except Exception as failure:  # noqa: BLE001 -- a message twice is better than none
        logger.error("the store cannot be asked what was sent", exc_info=failure)
        return False


def _whole_report_sent(run_id: str, ledger: Ledger) -> bool:
    """Whether a whole report was sent before the fault, which is kept. A last report is written again."""
    try:
        return not ledger.sent(run_id, _LAST_REPORT)
    except Exception as failure:  # noqa: BLE001 -- then it was the last report that was told: the store says so
        logger.error("the ledger cannot be asked what was sent", exc_info=failure)
        return False


def _tell(report: Row, settings: Settings, clients: Clients, ledger: Ledger, store: _Objects) -> None:
    run_id, topic = report["run"]["runId"], settings.results_topic
    body = _body(report, store.uri("report.json"))
    answer = clients.client("sns").publish(TopicArn=topic, Subject=_subject(report), Message=body)
    try:
        ledger.note_sent(run_id, dict.fromkeys((RESULTS, _LAST_REPORT), answer["MessageId"]))
    except Exception as failure:  # noqa: BLE001 -- noted elsewhere, and moved to the ledger later
        logger.error("the ledger cannot note the message", exc_info=failure)
        store.write(_NOTE, "application/json", json.dumps({"messageId": answer["MessageId"]}))


def _close(report: Row, ledger: Ledger) -> None:
    run_id, error = report["run"]["runId"], report["run"]["faults"][-1]["error"]
    try:
        told = {"verdict": report["verdict"], "report_key": report_key(run_id), "error": error}
        told |= {"completed_at": report["run"]["completedAt"]}
        ledger.update_run(run_id, **told, manifest_sha256="")  # an earlier one is not of this report
    except RunNotFound:
        return
    except Exception as failure:  # noqa: BLE001 -- the report stands and was told
        logger.error("the ledger cannot note the report", exc_info=failure)


def _subject(report: Row) -> str:
    text = f"Golden AMI assessment could not complete: {report['run']['faults'][-1]['error']}"
    return re.sub(r"[^\x20-\x7e]+", "?", text)[:100]  # SNS Publish: 100 ASCII characters


def _body(report: Row, address: str) -> str:
    run, totals = report["run"], report["totals"]
    verdict = report["verdict"].replace("_", " ")
    lines = [
        f"{verdict}: {totals['amis']} golden AMIs - {totals['failed']} fail, {totals['notAssessed']} not assessed",
        f"Run {run['runId']}, completed {run['completedAt']}",
        "",
        "THE RUN DID NOT COMPLETE",
        *(f"  {fault['cause']}" for fault in run["faults"]),
        "",
        "AMIS",
        *_lines(report["amis"]),
        "",
        f"Data: {address}",
    ]
    return "\n".join(lines) + "\n"


def _lines(amis: Iterable[Row]) -> Iterator[str]:
    listed = list(amis)
    for ami in listed[:_LISTED]:
        counts = ", ".join(f"{count} {name.lower()}" for name, count in ami["counts"].items() if count)
        fails = f"{ami['failing']} findings fail it" if ami["failing"] else "its operating system fails it"
        why = f": {ami['reason']['message']}" if "reason" in ami else f": {fails}"
        name = ami["name"] or ami["amiId"]
        yield f"  {ami['verdict'].replace('_', ' ')}  {name} ({ami['key']}){why} [findings: {counts or 'not known'}]"[
            :400
        ]
    if len(listed) > _LISTED:
        yield f"  ... and {len(listed) - _LISTED:,} more in the whole report"
