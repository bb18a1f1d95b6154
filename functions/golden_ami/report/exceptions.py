"""What the report says of each accepted vulnerability."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from golden_ami.evaluation.exceptions import ExceptionIndex, exception_status, in_scope, is_due
from golden_ami.evaluation.model import ExceptionStatus
from golden_ami.lineage.former import renaming
from golden_ami.models import Ami, RiskException
from golden_ami.report.model import AmiReport, Covered, ExceptionReport


def exception_reports(
    index: ExceptionIndex,
    amis: Sequence[AmiReport],
    not_assessed: Sequence[Ami],
    today: date,
    renamed: Mapping[str, Sequence[str]],
) -> list[ExceptionReport]:
    """The exceptions in their order; `today` is in UTC.

    `renamed`: lineages that no AMI has any more, each with those that it is called now (lineage.former).
    """
    matches, nothing = _matches(amis), all(ami.verdict == "NOT_ASSESSED" for ami in amis)
    reports = []
    for number, exception in enumerate(index.exceptions):
        unknown = sum(in_scope(exception.scope, ami) for ami in not_assessed)
        report = _report(exception, matches[number], unknown, today)
        lineage = exception.scope.lineage or ""
        if report.status == "UNUSED" and nothing and not unknown:
            report.message = "the run assessed nothing, so nothing is known of it"
        elif not report.matches and lineage in renamed and not unknown:
            told = f"matches nothing: {renaming(lineage, renamed[lineage])}; name the one that it is meant for"
            report.message = told
        reports.append(report)
    return reports


def about_unassessed(index: ExceptionIndex, ami: Ami, today: date) -> list[Covered]:
    """The exceptions that have expired or soon will, and whose scope has an AMI that could not be assessed."""
    return [
        Covered(exception=number, findings=0)
        for number, exception in enumerate(index.exceptions)
        if is_due(exception, today) and in_scope(exception.scope, ami)
    ]


def of_amis(reports: Sequence[ExceptionReport], amis: Sequence[AmiReport], today: date) -> list[ExceptionReport]:
    """The exceptions that are about some of the AMIs, as they are for these."""
    matches = _matches(amis)
    unknown = Counter(
        one.exception for ami in amis if ami.verdict == "NOT_ASSESSED" for one in ami.exceptions if not one.findings
    )
    return [_report(reports[number].exception, matches[number], unknown[number], today) for number in sorted(matches)]


def _matches(amis: Iterable[AmiReport]) -> Counter[int]:
    """Findings that each exception covers, by its index; 0 of one that is about an AMI and covers none."""
    matches: Counter[int] = Counter()
    for ami in amis:
        for one in ami.exceptions:
            matches[one.exception] += one.findings
    return matches


def _report(exception: RiskException, matches: int, unknown: int, today: date) -> ExceptionReport:
    """`unknown`: AMIs in its scope that could not be assessed."""
    status = exception_status(exception, matches, today)
    message = _message(status, matches, exception, today)
    if unknown and not matches:
        due = status == "UNUSED" and is_due(exception, today)
        nothing = "matches nothing that was assessed" + (f"; {_left(exception, today)}" if due else "")
        found = nothing if status == "UNUSED" else message
        message = f"{found}; {unknown} AMI{'s' if unknown > 1 else ''} in its scope could not be assessed"
    return ExceptionReport(exception=exception, status=status, matches=matches, message=message)


def _message(status: ExceptionStatus, matches: int, exception: RiskException, today: date) -> str:
    covered = f"{matches} finding{'' if matches == 1 else 's'}"
    if status == "EXPIRED":
        counts = f"{covered} count again" if matches != 1 else f"{covered} counts again"
        return f"expired on {exception.expires}; {counts if matches else 'it matches nothing'}"
    if status == "UNUSED":
        return "matches nothing; remove it, or correct its vulnerability or scope"
    return f"accepts {covered}; {_left(exception, today)}" if status == "EXPIRING" else f"accepts {covered}"


def _left(exception: RiskException, today: date) -> str:
    days = (date.fromisoformat(exception.expires) - today).days
    return "today is its last day" if days == 0 else f"expires in {days} day{'' if days == 1 else 's'}"
