"""How a verdict reads, wherever it is shown: one that no finding could have changed says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_ami.evaluation.policy import DISCONTINUED_OS

if TYPE_CHECKING:
    from golden_ami.evaluation.model import Failing
    from golden_ami.models import Verdict
    from golden_ami.report.model import AmiReport, Report

_REPORT_ONLY = " (report only)"
_FAILS = "fails its policy"


def words(verdict: Verdict, report_only: bool = False) -> str:
    """A verdict for people, for example "NOT ASSESSED" or "PASS (report only)"."""
    return verdict.replace("_", " ") + (_REPORT_ONLY if report_only and verdict == "PASS" else "")


def words_of_ami(ami: AmiReport) -> str:
    """An AMI's verdict for people."""
    return words(ami.verdict, ami.report_only)


def words_of_run(report: Report) -> str:
    """A run's verdict for people: report only where each AMI that passes is."""
    return words(report.verdict, is_report_only(report))


def words_of_value(value: str) -> str:
    """A verdict as `value_of_ami` gives it, for people."""
    return words("PASS", report_only=True) if value == "REPORT_ONLY" else value.replace("_", " ")


def last_words(ami: AmiReport) -> str:
    """What the last run that assessed an AMI said, for example "last FAIL on 2026-03-01"; "" where none is known."""
    last = ami.last_verdict
    return f"last {words_of_value(last.verdict)} on {last.completed_at[:10]}" if last else ""


def is_report_only(report: Report) -> bool:
    """Whether a run passes and could not have failed: no finding fails any of its AMIs."""
    return report.verdict == "PASS" and report.totals.report_only == report.totals.passed


def why_it_fails(ami: AmiReport) -> str:
    """What fails an AMI, the worst severity first, against its counts: "3 critical (2 known exploited), 2 of 5 high".

    "" for one that does not fail. A report of an earlier version has only the rules.
    """
    if ami.verdict != "FAIL":
        return ""
    if ami.failing and not ami.failing_by_severity:
        return ", ".join(f"{rule}: {count}" for rule, count in ami.rules.items()) or _FAILS
    told = [_of_severity(one, ami.counts.get(one.severity, 0)) for one in ami.failing_by_severity]
    return ", ".join([*told, *([DISCONTINUED_OS] if ami.system_fails else [])]) or _FAILS


def _of_severity(failing: Failing, found: int) -> str:
    of = f" of {found}" if found > failing.findings else ""
    because = ", ".join(f"{count} {reason}" for reason, count in failing.because.items())
    return f"{failing.findings}{of} {failing.severity.lower()}" + (f" ({because})" if because else "")


def value_of_ami(ami: AmiReport) -> str:
    """An AMI's verdict for programs beside this one, which may know no more than PASS: REPORT_ONLY is none."""
    return "REPORT_ONLY" if ami.verdict == "PASS" and ami.report_only else ami.verdict
