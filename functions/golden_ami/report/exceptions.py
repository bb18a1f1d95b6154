"""What the report says of each accepted vulnerability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from golden_ami.evaluation.exceptions import ExceptionIndex, exception_status, in_scope
from golden_ami.evaluation.model import ExceptionStatus
from golden_ami.lineage.former import renaming
from golden_ami.models import Ami
from golden_ami.report.model import ExceptionReport


def exception_reports(
    index: ExceptionIndex,
    matches: Mapping[int, int],
    not_assessed: Sequence[Ami],
    today: date,
    renamed: Mapping[str, Sequence[str]],
) -> list[ExceptionReport]:
    """The exceptions in their order. `matches`: findings that each covers, by its index; `today` is in UTC.

    `renamed`: lineages that no AMI has any more, each with those that it is called now (lineage.former).
    """
    reports = []
    for number, exception in enumerate(index.exceptions):
        covered = matches.get(number, 0)
        status = exception_status(exception, covered, today)
        days = (date.fromisoformat(exception.expires) - today).days
        message = _message(status, covered, exception.expires, days)
        lineage = exception.scope.lineage or ""
        if not covered and lineage in renamed:
            message = f"matches nothing: {renaming(lineage, renamed[lineage])}; name the one that it is meant for"
        unknown = sum(in_scope(exception.scope, ami) for ami in not_assessed)
        if unknown and not covered:
            found = "matches nothing that was assessed" if status == "UNUSED" else message
            message = f"{found}; {unknown} AMI{'s' if unknown > 1 else ''} in its scope could not be assessed"
        reports.append(ExceptionReport(exception=exception, status=status, matches=covered, message=message))
    return reports


def _message(status: ExceptionStatus, matches: int, expires: str, days: int) -> str:
    covered = f"{matches} finding{'' if matches == 1 else 's'}"
    if status == "EXPIRED":
        counts = f"{covered} count again" if matches != 1 else f"{covered} counts again"
        return f"expired on {expires}; {counts if matches else 'it matches nothing'}"
    if status == "UNUSED":
        return "matches nothing; remove it, or correct its vulnerability or scope"
    left = "today is its last day" if days == 0 else f"expires in {days} day{'' if days == 1 else 's'}"
    return f"accepts {covered}; {left}" if status == "EXPIRING" else f"accepts {covered}"
