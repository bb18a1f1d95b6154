"""Sums over the AMIs of a report."""

from __future__ import annotations

from collections.abc import Sequence

from golden_ami.evaluation.ami import by_severity
from golden_ami.models import OWN_TAGS, SEVERITIES, Config, SeverityCounts
from golden_ami.report.model import AmiReport, Owner, Totals

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
        add_counts(totals.counts, ami.counts)
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


def add_counts(counts: SeverityCounts, more: SeverityCounts) -> None:
    """Add counts to others."""
    for severity, count in more.items():
        counts[severity] = counts.get(severity, 0) + count
