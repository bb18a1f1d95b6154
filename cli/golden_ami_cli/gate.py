"""The exit status that a run's outcome has where one asks for it: --gate and --fail-on."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from golden_ami_cli.errors import GATE_FAIL, GATE_NOT_ASSESSED, TOOL_FAILED

if TYPE_CHECKING:
    from golden_ami.models import Severity, Verdict
    from golden_ami.report.model import AmiReport, Report
    from golden_ami.storage.objects import Store


class FailOn(StrEnum):
    """From which severity on a finding closes the gate, the worst first."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    INFORMATIONAL = "INFORMATIONAL"
    UNTRIAGED = "UNTRIAGED"


GateOption = Annotated[bool, typer.Option("--gate", help="Exit with 3 for FAIL and 4 for NOT ASSESSED.")]
FailOnOption = Annotated[
    FailOn | None,
    typer.Option(
        "--fail-on",
        help="As --gate, and exit with 3 for a finding of this severity or a worse one that no exception accepts, "
        "whatever the policy tolerates.",
        case_sensitive=False,
        show_default=False,
    ),
]


def status_of(verdict: Verdict, *, succeeded: bool, beyond: int = 0) -> int:
    """The exit status of a verdict and of findings beyond --fail-on, which only adds to what fails.

    An execution that failed opens no gate, whatever its AMIs are.
    """
    if verdict == "FAIL" or beyond:
        return GATE_FAIL
    if verdict == "NOT_ASSESSED":
        return GATE_NOT_ASSESSED
    return 0 if succeeded else TOOL_FAILED


def beyond(report: Report, store: Store, severity: Severity) -> int:
    """Findings of the severity or a worse one that neither an exception nor a tolerated suppression accepts."""
    from golden_ami.models import SEVERITIES

    worse = SEVERITIES[: SEVERITIES.index(severity) + 1]
    return sum(_of_ami(report, ami, store, worse) for ami in report.amis)


def _of_ami(report: Report, ami: AmiReport, store: Store, worse: tuple[Severity, ...]) -> int:
    """As the findings tell, which are read only where some may be accepted; where they are gone, none is."""
    from golden_ami.report.findings import findings_of
    from golden_ami.storage.objects import Missing

    counted = sum(ami.counts.get(severity, 0) for severity in worse)
    if not counted or not (ami.excepted or ami.suppressed):
        return counted
    try:
        return sum(
            finding.severity in worse
            and not report.accepted_by(status)
            and not report.tolerates_suppressed(ami, finding)
            for finding, status in findings_of(store, ami)
        )
    except Missing:
        return counted
