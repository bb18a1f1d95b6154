"""The last step of a run: builds, writes and sends the report, and acts on the verdicts as configured.

A fault of ours in a part that no verdict needs (`_optional`) is named in the report and costs nothing else; any other
fault of ours ends in the last report. What AWS refuses is raised, and tried again by the definition or by
on-execution-end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami import metrics, times
from golden_ami.errors import AssessmentError, InvalidConfiguration, InvalidEvent, RunNotFound, within
from golden_ami.executions import Execution, is_another
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.models import NO_BATCH, Ami, Run, Verdict
from golden_ami.parallel import side_by_side
from golden_ami.report import last, notify
from golden_ami.report.actions.act import act
from golden_ami.report.build import build
from golden_ami.report.configured_run import configured_run
from golden_ami.report.formats import CONTENT_TYPES, write
from golden_ami.report.model import Fault, Report
from golden_ami.storage.digests import Entry, NotedStore
from golden_ami.storage.keys import history_prefix, report_key
from golden_ami.storage.objects import S3Store, Store
from golden_ami.storage.terms import whole
from golden_ami.vulnerabilities.known import known

if TYPE_CHECKING:
    from golden_ami.aws.clients import Clients
    from golden_ami.settings import Settings
    from golden_ami.usage.lines import UsageLine

_SMALL_RUN_FORMATS = ("csv", "sarif", "cyclonedx", "junit", "asff")
_SMALL_RUN = 20_000  # up to so many findings the other formats are written too; above, on demand
# Of a Fail state (botocore's model of Step Functions: SensitiveError, SensitiveCause).
_ERROR, _CAUSE = 256, 32_768
_NEW_RUN = "When this is mended, start a new run: a redrive only enters the Fail state again."
_REFUSALS = frozenset({InvalidConfiguration.__name__, InvalidEvent.__name__})
_OF_SCHEDULE = frozenset({"schedule", "scheduledTime"})  # members of the input
_METRICS, _SUCCESS = "metrics", "metrics of success"


def aggregate(execution: Execution, settings: Settings, clients: Clients, ledger: Ledger) -> last.Reported:
    """Build, write and send the report. May be repeated: sends once.

    Raises botocore's ClientError and BotoCoreError, and `errors`. A fault of ours is told by the last report.
    """
    built = list[Report]()
    try:
        return _aggregated(execution, settings, clients, ledger, built)
    except (AssessmentError, BotoCoreError, ClientError):
        raise
    except Exception as fault:  # noqa: BLE001 -- whatever we have done wrong, the run ends in a report
        failing = {ami.key: ami.failing for report in built for ami in report.amis if ami.verdict == "FAIL"}
        return last.last_report(execution, fault, settings, clients, ledger, failing)


def _aggregated(
    execution: Execution, settings: Settings, clients: Clients, ledger: Ledger, built: list[Report]
) -> last.Reported:
    state = execution.state
    run, amis = _run_of(execution, settings, clients, ledger)
    run_id = run.run_id
    earlier = ledger.earlier_end(run_id, execution.ended_at)
    completed_at = _completed(run, earlier, ledger)
    store = NotedStore(S3Store(clients.client("s3"), settings.bucket))
    run = whole(run, store)
    asked = known(run, amis, store, ledger, lambda: clients.client("inspector2"))
    report = build(run, amis, state if isinstance(state, Mapping) else {}, store, ledger, completed_at, asked)
    built.append(report)
    _optional(report, "usage", lambda: _add_usage(report, run, amis, clients))
    _optional(report, "actions", lambda: act(report, run.config.act, clients, ledger, earlier))
    _write(report, store, _SMALL_RUN_FORMATS if report.totals.findings <= _SMALL_RUN else ())
    manifest = store.write_manifest(run_id, _collected(amis))
    if untold := notify.notify(report, run, earlier, store, settings, clients, ledger):
        report.run.incomplete += untold
        _write(report, store)
        manifest = store.write_manifest(run_id, _collected(amis))
    _close(run_id, report, manifest, ledger)
    _optional(report, "metrics", lambda: _put_metrics(report, _outcome(report, execution, amis), settings, ledger))
    logger.info("run assessed", extra={"verdict": report.verdict, "amis": report.totals.amis})
    fault = report.run.faults[0] if report.run.faults else None
    return last.Reported(
        succeeded=fault is None,
        verdict=report.verdict,
        amis=_by_verdict(report),
        report=store.uri(report_key(run_id)),
        history=store.uri(history_prefix(execution.run_id)),
        error=fault.error[:_ERROR] if fault else "",
        cause=within([*(one.cause for one in report.run.faults), _NEW_RUN], _CAUSE, " ") if fault else "",
    )


def _optional(report: Report, part: str, make: Callable[[], None]) -> None:
    """Make a part that no verdict needs: a fault of ours in it is named in the report, and costs nothing else."""
    try:
        make()
    except (AssessmentError, BotoCoreError, ClientError):
        raise
    except Exception as fault:  # noqa: BLE001 -- see above
        logger.error("a part of the report failed", exc_info=fault, extra={"part": part})
        cause = f"{part} could not be made: {last.error_name(fault)} in {last.location_of(fault)}. {last.REMEDY}"
        report.run.incomplete.append(Fault(where=part, error=last.error_name(fault), cause=cause))


def _run_of(execution: Execution, settings: Settings, clients: Clients, ledger: Ledger) -> tuple[Run, list[Ami]]:
    """The run and its AMIs; of a run that Load Config did not open, those that the configuration names.

    An execution whose name an earlier run had is not opened either; its report stands beside that run's.
    """
    run_id = execution.run_id
    try:
        run, amis = ledger.run_and_amis(run_id)
    except RunNotFound:
        return configured_run(execution, run_id, settings, clients)
    started_at = times.read(execution.started_at)
    if started_at and is_another(started_at, run.started_at):
        return configured_run(execution, f"{run_id}-{started_at[:19].replace(':', '')}Z", settings, clients)
    return run, amis


def _add_usage(report: Report, run: Run, amis: list[Ami], clients: Clients) -> None:
    from golden_ami.report.measured_usage import measured_usage  # not before: a cold start does without it

    found: list[UsageLine] = measured_usage(run, amis, clients)
    report.usage = found


def _completed(run: Run, earlier: str, ledger: Ledger) -> str:
    """The instant of the report, the same for a repetition; of a run that was redriven after an earlier end, now."""
    now = times.iso(times.now())
    try:
        if earlier:
            ledger.update_run(run.run_id, completed_at=now)
            return now
        return ledger.once(run.run_id, "completed_at", now)
    except RunNotFound:
        return now


def _collected(amis: Iterable[Ami]) -> Iterator[Entry]:
    """Digests of the findings, as they were collected."""
    return ({"key": ami.findings_key, "sha256": ami.findings_sha256} for ami in amis if ami.findings_sha256)


def _close(run_id: str, report: Report, manifest: str, ledger: Ledger) -> None:
    fields = {"verdict": report.verdict, "report_key": report_key(run_id), "error": notify.errors_of(report)}
    try:
        ledger.update_run(run_id, **fields, manifest_sha256=manifest)
    except RunNotFound:
        return


def _outcome(report: Report, execution: Execution, amis: Sequence[Ami]) -> metrics.Outcome:
    succeeded, verdicts = report.run.succeeded, report.totals.passed + report.totals.failed
    tried = any(ami.batch != NO_BATCH for ami in amis)
    return metrics.Outcome(succeeded, succeeded and tried and not verdicts, _is_refused(execution, report.run.faults))


def _is_refused(execution: Execution, faults: Sequence[Fault]) -> bool:
    """Whether Load Config, whose answer the state has else, refused what a person or a pipeline has started.

    They are told within seconds. Nobody looks at what a schedule starts, so its run has failed.
    """
    opened = not isinstance(execution.state, Mapping) or "run" in execution.state
    scheduled = isinstance(execution.input, Mapping) and bool(_OF_SCHEDULE & execution.input.keys())
    return not opened and not scheduled and bool(faults) and faults[0].error in _REFUSALS


def _put_metrics(report: Report, outcome: metrics.Outcome, settings: Settings, ledger: Ledger) -> None:
    """Once a run; a run that failed and was redriven may succeed later."""
    run_id, totals, succeeded = report.run.run_id, report.totals, report.run.succeeded
    due = [name for name in (_METRICS, *[_SUCCESS] * succeeded) if not ledger.sent(run_id, name)]
    if not due:
        return
    ledger.intend(run_id, due)
    if _METRICS in due:
        seconds = report.run.duration_seconds
        metrics.of_run(settings.stack, totals.counts, _by_verdict(report), seconds, outcome)
    else:
        metrics.of_success(settings.stack)
    ledger.note_sent(run_id, dict.fromkeys(due, "log"))


def _by_verdict(report: Report) -> dict[Verdict, int]:
    totals = report.totals
    return {"PASS": totals.passed, "FAIL": totals.failed, "NOT_ASSESSED": totals.not_assessed}


def _write(report: Report, store: Store, formats: Sequence[str] = ()) -> None:
    """Write the formats, the page and the text; report.json last, as it names what could not be made."""

    def put(name: str) -> None:
        file, content_type = CONTENT_TYPES[name]
        with store.writing(report_key(report.run.run_id, file), content_type) as out:
            write(report, store, name, out)

    for names in (formats, ("html", "text")):  # these tell of parts before them that could not be made
        side_by_side(lambda name: _optional(report, CONTENT_TYPES[name][0], lambda: put(name)), names)
        report.run.incomplete.sort(key=lambda fault: fault.where)
    put("json")
