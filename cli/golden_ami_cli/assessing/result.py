"""What `golden-ami assess` answers, built from what AWS's APIs say after the run.

Its JSON form (camelCase) is the contract of `--output json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from golden_ami.events import Event
from golden_ami.models import SEVERITIES, Ami, Evidence, Severity, Verdict
from golden_ami.reasons import reporting
from golden_ami.report.verdicts import last_words, why_it_fails
from golden_ami.usage.history import transitions
from golden_ami.usage.lines import UsageLine

if TYPE_CHECKING:
    from golden_ami.report.model import AmiReport, Report

Counts = dict[Severity, int]

_NO_REPORT = reporting.NO_REPORT()


class Output(Struct, rename="camel", kw_only=True):
    """Base of what is printed: camelCase, every member always present."""


class AmiResult(Output):
    """One AMI. `reason` is never empty; `reason_code` and `remedy` are set for NOT_ASSESSED only."""

    ami_id: str
    name: str
    verdict: Verdict
    reason: str | None
    reason_code: str | None
    remedy: str | None
    engine: str
    region: str
    account: str
    instance_id: str | None
    tags: dict[str, str]
    findings: Counts
    known_exploited: int = 0  # findings, of all
    failing: int = 0  # findings
    notes: list[str] = field(default_factory=list)
    report_only: bool = False  # PASS says nothing: no finding can fail the AMI
    suppressed: int = 0  # findings, by rules of Amazon Inspector
    closed: int = 0  # findings, by Amazon Inspector after boot
    evidence: list[Evidence] = field(default_factory=list)  # what the verdict rests on


class InstanceTotals(Output):
    """The run's instances, as EC2 says after the run."""

    launched: int = 0
    terminated: int = 0
    running: int = 0


class Notification(Output):
    """One message that a topic delivered. `bytes` counts the message in UTF-8; None where nobody subscribed to see."""

    topic: str
    subject: str
    bytes: int | None


class Changes(Output):
    """What changed, summed over the AMIs that were assessed before (report.model.Totals)."""

    compared: int  # AMIs
    new: int
    open: int
    fixed: int


class FailOn(Output):
    """What --fail-on found."""

    severity: Severity
    findings: int  # of it or a worse one, which no exception accepts


class Result(Output):
    """One assessment. `totals` sums the findings of all AMIs; `verdicts` counts the AMIs."""

    run_id: str
    engine: str
    execution_arn: str
    execution_status: str
    error: str | None
    cause: str | None
    verdict: Verdict
    started_at: str
    stopped_at: str
    transitions: int
    amis: list[AmiResult]
    totals: Counts
    verdicts: dict[Verdict, int]
    instances: InstanceTotals
    notifications: list[Notification]
    reports: dict[str, str]
    usage: list[UsageLine] = field(default_factory=list)  # what was estimated, with what was used beside it
    changes: Changes | None = None  # of findings since the assessments before; None where there was none
    fail_on: FailOn | None = None  # None without --fail-on


def build(
    execution: Mapping[str, Any],
    events: Sequence[Event],
    amis: list[AmiResult],
    verdict: Verdict,
    *,
    engine: str,
    instances: InstanceTotals,
    notifications: list[Notification],
    reports: dict[str, str],
    usage: list[UsageLine] | None = None,
    changes: Changes | None = None,
    fail_on: FailOn | None = None,
) -> Result:
    """The result of an execution, given as DescribeExecution answers it."""
    return Result(
        run_id=execution["name"],
        engine=engine,
        execution_arn=execution["executionArn"],
        execution_status=execution["status"],
        error=execution.get("error"),
        cause=execution.get("cause"),
        verdict=verdict,
        started_at=_iso(execution.get("startDate")),
        stopped_at=_iso(execution.get("stopDate")),
        transitions=transitions(events),
        amis=amis,
        totals={severity: sum(ami.findings[severity] for ami in amis) for severity in SEVERITIES},
        verdicts={each: sum(ami.verdict == each for ami in amis) for each in ("PASS", "FAIL", "NOT_ASSESSED")},
        instances=instances,
        notifications=notifications,
        reports=reports,
        usage=usage or [],
        changes=changes,
        fail_on=fail_on,
    )


def from_report(report: Report) -> list[AmiResult]:
    """The AMIs as the run's report.json has them."""
    return [_ami(ami) for ami in report.amis]


def changes_of(report: Report) -> Changes | None:
    """What changed, as the run's report.json has it."""
    totals = report.totals
    return Changes(**{name: getattr(totals, name) for name in Changes.__struct_fields__}) if totals.compared else None


def from_ledger(amis: Iterable[Ami]) -> list[AmiResult]:
    """The AMIs of a run that left no report, the worst first: none of them counts as assessed."""
    from golden_ami.report.order import order_by_counts

    return [
        AmiResult(
            ami_id=ami.ami_id,
            name=ami.name,
            verdict="NOT_ASSESSED",
            reason=(ami.reason or _NO_REPORT).message,
            reason_code=(ami.reason or _NO_REPORT).code,
            remedy=(ami.reason or _NO_REPORT).remedy,
            engine=ami.engine,
            region=ami.region,
            account=ami.account,
            instance_id=ami.instance_id or None,
            tags=ami.tags,
            findings=_all_severities(ami.counts),
            notes=ami.notes,
            evidence=ami.evidence,
        )
        for ami in sorted(amis, key=lambda ami: order_by_counts(ami.counts, ami.name or ami.ami_id))
    ]


def instances_of(reservations: Iterable[Mapping[str, Any]]) -> InstanceTotals:
    """Count DescribeInstances' reservations. One that is shutting down is on its way out and is not billed."""
    states = [instance["State"]["Name"] for reservation in reservations for instance in reservation["Instances"]]
    gone = sum(state in ("terminated", "shutting-down") for state in states)
    return InstanceTotals(launched=len(states), terminated=gone, running=len(states) - gone)


def _ami(ami: AmiReport) -> AmiResult:
    last = last_words(ami)
    return AmiResult(
        ami_id=ami.ami_id,
        name=ami.name,
        verdict=ami.verdict,
        reason=_why(ami),
        reason_code=ami.reason.code if ami.reason else None,
        remedy=ami.reason.remedy if ami.reason else None,
        engine=ami.engine,
        region=ami.region,
        account=ami.account,
        instance_id=ami.instance_id or None,
        tags=ami.tags,
        findings=_all_severities(ami.counts),
        known_exploited=ami.known_exploited,
        failing=ami.failing,
        notes=[*ami.notes, *([f"{last} (run {ami.last_verdict.run_id})"] if ami.last_verdict else [])],
        report_only=ami.report_only,
        suppressed=ami.suppressed,
        closed=ami.closed,
        evidence=ami.evidence,
    )


def _why(ami: AmiReport) -> str | None:
    if ami.reason:
        return ami.reason.message
    if ami.verdict == "FAIL":
        return why_it_fails(ami)
    grace = f"{ami.grace} in grace, the first until {ami.grace_until}" if ami.grace else ""
    accepted = f"{ami.excepted} accepted by exception" if ami.excepted else ""
    suppressed = f"{ami.suppressed} suppressed in Inspector" if ami.suppressed else ""
    closed = f"{ami.closed} closed after boot" if ami.closed else ""
    return ", ".join(filter(None, [grace, accepted, suppressed, closed])) or None


def _all_severities(counts: Counts) -> Counts:
    return {severity: counts.get(severity, 0) for severity in SEVERITIES}


def _iso(instant: datetime | None) -> str:
    return "" if instant is None else instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
