"""What comes first in a report, in every format: AMIs by verdict and risk, findings by risk over all AMIs."""

from __future__ import annotations

from golden_ami.evaluation.model import FindingStatus
from golden_ami.evaluation.packages import affected_by, is_fixable
from golden_ami.evaluation.priority import Priority, Risk, priority, risk
from golden_ami.models import SEVERITIES, Finding, SeverityCounts, Verdict
from golden_ami.natural_order import Number, natural_order
from golden_ami.report.model import AmiReport

VERDICT_RANK: dict[Verdict, int] = {"FAIL": 0, "NOT_ASSESSED": 1, "PASS": 2}

_NONE = risk(False, SEVERITIES[-1], None)
AmiOrder = tuple[int, Risk, int, int, int, list[Number], str]


def ami_order(ami: AmiReport) -> AmiOrder:
    """A sort key: FAIL, NOT ASSESSED, PASS; then the worst failing finding; then how many findings are known exploited,
    critical and high; then the name, or the id of an AMI without one."""
    worst = ami.failures[0] if ami.failures else None
    exploited, rank, epss = risk(worst.known_exploited, worst.severity, worst.epss) if worst else _NONE
    return (
        VERDICT_RANK[ami.verdict],
        (not exploited, -rank, -epss),
        -ami.known_exploited,
        *order_by_counts(ami.counts, ami.name or ami.ami_id),
        ami.key,
    )


def order_by_counts(counts: SeverityCounts, name: str) -> tuple[int, int, list[Number]]:
    """A sort key of AMIs of which no more is known: how many findings are critical and high, then the name."""
    return -counts.get("CRITICAL", 0), -counts.get("HIGH", 0), natural_order(name)


def urgency(finding: Finding, status: FindingStatus) -> Priority:
    """A sort key of a finding of any AMI: greater comes first."""
    return priority(finding, fails=status.fails, fixable=bool(is_fixable(finding, affected_by(finding))))


def urgency_of_ami(ami: AmiReport) -> Priority:
    """The same for what is said of an AMI and of no finding: after the findings that fail it; last where it passes."""
    return ami.verdict != "PASS", _NONE, False, 0.0, False
