"""What is done when an execution has ended: its history is archived, and its own end made up for if it had none."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from golden_ami.aws.clients import Clients
from golden_ami.aws.errors import code_of, named_errors
from golden_ami.errors import AssessmentError, ReportUnfinished, RunNotFound
from golden_ami.executions import Execution, duplicate_of
from golden_ami.instances.termination import terminate_run
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.settings import Settings
from golden_ami.times import iso, now, seconds_between, until

_DEATHS = 2  # attempts to report here that ended in no way at all, for lack of memory or time: the next is the last one
_LATE = (
    170.0  # seconds from the end to Lambda's third attempt, which it makes a minute and two minutes after the others
)
_MEANINGS = {"FAILED": "failed", "TIMED_OUT": "was stopped at its time-out", "ABORTED": "was aborted"}


class Ended(NamedTuple):
    """An execution that has ended, as EventBridge tells; what it leaves out is ""."""

    run_id: str
    execution_arn: str
    started_at: str
    status: str
    error: str
    cause: str
    input: str = ""
    at: str = ""
    output: str = ""  # JSON
    stopped_at: str = ""
    redriven_at: str = ""  # the last time, "" for never
    goes_on: bool = False  # it was redriven after this end, and runs

    @property
    def late(self) -> bool:
        """Whether no further attempt may follow this one."""
        return bool(self.at) and until(self.at) < -_LATE

    @property
    def is_duplicate(self) -> bool:
        """Whether another run assesses its scheduled instant: then it has no run, and leaves nothing."""
        return self.status == "SUCCEEDED" and bool(duplicate_of(self.output))


def end_run(ended: Ended, settings: Settings, clients: Clients, ledger: Ledger) -> int:
    """Terminate what carries the run's tag, remove what scanners made for it, and report, unless that has been done.

    Returns the number of instances that have been terminated. What fails does not stop the rest; it is raised after it.
    Other statuses change nothing.
    """
    if ended.status not in _MEANINGS:
        return 0
    fault: Exception | None = None
    terminated = 0
    state: dict[str, Any] = {"error": {"Error": ended.error or f"Execution{ended.status.title().replace('_', '')}"}}
    state["error"]["Cause"] = ended.cause or f"the execution {_MEANINGS[ended.status]}"
    state["aborted"] = ended.status == "ABORTED"
    try:
        with named_errors():
            instances = terminate_run(ended.run_id, settings, clients, ledger)
        state["instances"], terminated = instances._asdict(), instances.terminated
    except Exception as raised:  # noqa: BLE001 -- the run still has to be reported
        fault = raised
        state["terminateError"] = {"Error": type(raised).__name__, "Cause": str(raised)}
    unclosed = _close(ended.run_id, settings, clients, ledger)
    _report(ended, state, settings, clients, ledger)
    _note_end(ended, ledger)
    fault = fault or unclosed
    if fault:
        raise fault
    return terminated


def _note_end(ended: Ended, ledger: Ledger) -> None:
    """Note that the execution ended and was reported: a report that comes after it is a redrive's, and is told."""
    try:
        ledger.note_end(ended.run_id, ended.stopped_at or ended.at or iso(now()))
    except Exception as failure:  # noqa: BLE001 -- the run was reported; without the note a redrive's end is not told
        logger.warning("the end of the execution was not noted", extra={"run": ended.run_id, "error": str(failure)})


def _close(run_id: str, settings: Settings, clients: Clients, ledger: Ledger) -> Exception | None:
    """A run that ends well has done so itself, in Check Run."""
    from golden_ami.scans.coordinate import Scans

    try:
        with named_errors():
            Scans(settings, clients, ledger).close(run_id)
    except RunNotFound:
        return None
    except Exception as fault:  # noqa: BLE001 -- as above
        return fault
    return None


def archive(ended: Ended, settings: Settings, clients: Clients, ledger: Ledger) -> None:
    """Archive the history, whatever the status. May be repeated. Raises ServiceFault while the history is incomplete.

    An execution that Step Functions no longer knows (an event that is delivered again after 90 days) is only logged.
    """
    from golden_ami.history.archive import archive_execution
    from golden_ami.storage.objects import S3Store

    store = S3Store(clients.client("s3"), settings.bucket)
    states = clients.client("stepfunctions")
    try:
        archived = archive_execution(states, store, ledger, ended.execution_arn)
    except ClientError as error:
        if code_of(error) != "ExecutionDoesNotExist":
            raise
        logger.error("there is no history to archive", extra={"execution": ended.execution_arn})
        return
    for problem in archived.problems:
        logger.error("the archived history does not hold", extra={"problem": problem})


def _report(ended: Ended, state: dict[str, Any], settings: Settings, clients: Clients, ledger: Ledger) -> None:
    """Report unless that has been done. What AWS refuses is raised, and tried again while Lambda does so.

    Where the report fails by a fault of ours, or this function died of it twice, or no attempt is left, it is the last
    report.
    """
    from golden_ami.report.last import last_report, recall

    told = Execution(
        ended.run_id, ended.execution_arn, ended.started_at, _input(ended), state, ended.stopped_at or ended.at
    )
    try:
        with named_errors():
            if _is_reported(ended, ledger):
                return
            recall(ended.run_id, settings, clients, ledger)
            if ledger.begin_report(ended.run_id) >= _DEATHS:
                raise ReportUnfinished(f"this function ended {_DEATHS} times while it made the report")
            _aggregate(told, settings, clients, ledger)
            ledger.end_report(ended.run_id)
    except AssessmentError as fault:
        with suppress(Exception):
            ledger.end_report(ended.run_id)
        if not ended.late and not isinstance(fault, ReportUnfinished):
            raise
        last_report(told, fault, settings, clients, ledger)
    except Exception as fault:  # noqa: BLE001 -- whatever we have done wrong, the run ends in a report
        last_report(told, fault, settings, clients, ledger)


def _is_reported(ended: Ended, ledger: Ledger) -> bool:
    """Whether this end has its report. That of an attempt before does where a redrive only failed in the same way."""
    reported = ledger.reported(ended.run_id)
    if not reported or not ended.redriven_at:
        return reported is not None
    since = bool(reported.at) and seconds_between(ended.redriven_at, reported.at) >= 0
    return since or (ended.status == "FAILED" and ended.error in reported.error.split("; "))


def _input(ended: Ended) -> object:
    try:
        from golden_ami.report.configured_run import input_of

        return input_of(ended.input)
    except Exception:  # noqa: BLE001 -- one of the parts that may be at fault
        logger.exception("the execution's input cannot be read")
        return None


def _aggregate(told: Execution, settings: Settings, clients: Clients, ledger: Ledger) -> None:
    from golden_ami.report.aggregate import aggregate  # most executions that end badly have reported: not needed then

    aggregate(told, settings, clients, ledger)
