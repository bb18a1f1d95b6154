"""Sums over the AMIs of a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from golden_ami.evaluation.ami import by_severity
from golden_ami.models import OWN_TAGS, SEVERITIES, Assessment, Config, SeverityCounts
from golden_ami.report.model import AmiReport, Owner, Point, Totals

_TREND = 12  # runs
_LEGACY = dict(zip(SEVERITIES, ("Critical", "High", "Medium", "Low", "Informational", "Undefined"), strict=True))


def totals_of(amis: Sequence[AmiReport]) -> Totals:
    """Sums over AMIs. What changed is summed over those that were assessed and have an earlier assessment of
    themselves, else of their lineage's previous AMI."""
    totals = Totals(amis=len(amis))
    for ami in amis:
        totals.passed += ami.verdict == "PASS"
        totals.report_only += ami.verdict == "PASS" and ami.report_only
        totals.failed += ami.verdict == "FAIL"
        totals.not_assessed += ami.verdict == "NOT_ASSESSED"
        _add(totals.counts, ami.counts)
        totals.findings += ami.total
        for name in ("known_exploited", "exploit_available", "fixable", "excepted", "failing", "suppressed", "closed"):
            setattr(totals, name, getattr(totals, name) + getattr(ami, name))
        change = ami.since_last_run or ami.since_previous_ami
        if change and ami.verdict != "NOT_ASSESSED":
            totals.compared += 1
            totals.new += change.new
            totals.open += change.open
            totals.fixed += change.fixed
    totals.counts = by_severity(totals.counts)
    return totals


def owners_of(amis: Sequence[AmiReport], config: Config) -> list[Owner]:
    """The owners of the AMIs, by name; those without an owner last, under ""."""
    owners: dict[str, Owner] = {}
    for ami in amis:
        owner = owners.setdefault(ami.owner, Owner(owner=ami.owner, topic=config.routes.get(ami.owner, "")))
        owner.amis += 1
        owner.passed += ami.verdict == "PASS"
        owner.failed += ami.verdict == "FAIL"
        owner.not_assessed += ami.verdict == "NOT_ASSESSED"
    return sorted(owners.values(), key=lambda owner: (not owner.owner, owner.owner))


class Trend:
    """The completed runs before this one, over the lineages of its report."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._points: dict[str, Point] = {}

    def add(self, history: Iterable[Assessment]) -> None:
        """Count the assessments of a lineage; those of the present run are left out."""
        for one in history:
            if one.run_id != self._run_id:
                point = self._points.setdefault(one.run_id, Point(run_id=one.run_id, completed_at=one.completed_at))
                point.amis += 1
                point.failed += one.verdict == "FAIL"
                _add(point.counts, one.counts)

    def points(self, completed_at: str, amis: Sequence[AmiReport]) -> list[Point]:
        """The last 12 runs, oldest first, with the present one at the end when it assessed an AMI."""
        earlier = sorted(self._points.values(), key=lambda point: (point.completed_at, point.run_id))[1 - _TREND :]
        for point in earlier:
            point.counts = by_severity(point.counts)
        totals = totals_of([ami for ami in amis if ami.verdict != "NOT_ASSESSED"])
        if not totals.amis:
            return earlier
        counts, failed = totals.counts, totals.failed
        return [
            *earlier,
            Point(run_id=self._run_id, completed_at=completed_at, amis=totals.amis, failed=failed, counts=counts),
        ]


def legacy_of(ami: AmiReport) -> dict[str, str | int]:
    """The object that the 2017 solution published of an instance: its tags without ours, and counts by severity.

    It knew no CRITICAL; an AMI that was not assessed has a reason, and counts only if findings are known, for zero
    would read as clean.
    """
    found: dict[str, str | int] = {key: value for key, value in ami.tags.items() if key not in OWN_TAGS}
    if ami.reason:
        found["Not-Assessed"] = f"{ami.reason.code}: {ami.reason.message}"
    if ami.reason and not ami.total:
        return found
    return found | {f"Finding-Severity-{word}-Count": ami.counts.get(name, 0) for name, word in _LEGACY.items()}


def _add(counts: SeverityCounts, more: SeverityCounts) -> None:
    for severity, count in more.items():
        counts[severity] = counts.get(severity, 0) + count
