"""The last step of a run: report built, written and sent, the verdict acted on where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from golden_ami import aws, metrics, times
from golden_ami.entry import logger
from golden_ami.errors import InvalidEvent, RunNotFound
from golden_ami.ledger import Ledger
from golden_ami.models import Ami, Run
from golden_ami.parallel import side_by_side
from golden_ami.report import act, notify
from golden_ami.report.build import build
from golden_ami.report.formats import CONTENT_TYPES, write
from golden_ami.report.model import Report
from golden_ami.report.store import S3Store, Store, report_key
from golden_ami.report.unopened import unopened

if TYPE_CHECKING:
    from golden_ami.settings import Settings
    from golden_ami.usage.lines import UsageLine

_ALWAYS = ("json", "html", "text")
_MODEST = ("csv", "sarif", "cyclonedx", "junit", "asff")
_MODEST_FINDINGS = 20_000  # up to so many findings the other formats are written too; above, on demand


def aggregate(event: Mapping[str, Any], settings: Settings, ledger: Ledger) -> dict[str, Any]:
    """Build, write and send the report; the answer is what the definition reads. May be repeated: sends once.

    Raises botocore's ClientError, and InvalidEvent.
    """
    run_id, state = _required(event, "runId"), event.get("state")
    run, amis = _run_of(event, run_id, settings, ledger)
    completed_at = _completed(run_id, ledger)
    store = S3Store(aws.client("s3", settings.region), settings.bucket)
    report = build(run, amis, state if isinstance(state, Mapping) else {}, store, ledger, completed_at)
    report.usage = _used(run, amis, settings)
    report.actions = act.act(report, run.config.act, settings)
    _write(report, store)
    notify.notify(report, run.config, store, settings, ledger)
    fault = report.run.faults[0] if report.run.faults else None
    _close(run_id, report, ledger)
    metrics.of_run(settings.stack, report)  # last, so that a repeated attempt is not counted twice
    logger.info("run assessed", extra={"verdict": report.verdict, "amis": report.totals.amis})
    return {
        "succeeded": fault is None,
        "verdict": report.verdict,
        "report": store.uri(report_key(run_id)),
        "error": fault.error if fault else "",
        "cause": " ".join(one.cause for one in report.run.faults),
    }


def _required(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidEvent(f"aggregate: {name} is {value!r}; the definition gives it as a non-empty text")
    return value


def _run_of(event: Mapping[str, Any], run_id: str, settings: Settings, ledger: Ledger) -> tuple[Run, list[Ami]]:
    """The run; when load-config failed before it opened it, a bare one with what the configuration names."""
    try:
        return ledger.run_and_amis(run_id)
    except RunNotFound:
        return unopened(event, run_id, settings)


def _used(run: Run, amis: list[Ami], settings: Settings) -> list[UsageLine]:
    from golden_ami.report.used import used  # not before: a cold start does without it

    return used(run, amis, settings)


def _completed(run_id: str, ledger: Ledger) -> str:
    now = times.iso(times.now())
    try:
        return ledger.once(run_id, "completed_at", now)
    except RunNotFound:
        return now


def _close(run_id: str, report: Report, ledger: Ledger) -> None:
    errors = "; ".join(fault.error for fault in report.run.faults)
    try:
        ledger.update_run(run_id, verdict=report.verdict, report_key=report_key(run_id), error=errors)
    except RunNotFound:
        return


def _write(report: Report, store: Store) -> None:
    def put(name: str) -> None:
        file, content_type = CONTENT_TYPES[name]
        with store.writing(report_key(report.run.run_id, file), content_type) as out:
            write(report, store, name, out)

    modest = _MODEST if report.totals.findings <= _MODEST_FINDINGS else ()
    side_by_side(put, (*_ALWAYS, *modest))
