"""PASS, FAIL or NOT ASSESSED: the rules of the policy.

A finding fails its AMI when a rule of `policy.failOn` names it, it is fixable where `onlyFixable` asks for that, its
days of grace are over, and no exception that is in force covers it. Unknown values count against the AMI: a finding
that says nothing about a fix counts as fixable.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from golden_ami.models import Ami, Finding, Policy, Threshold, Verdict


def policy_of(ami: Ami, policy: Policy) -> Policy:
    """The policy that holds for an AMI: its own, else the run's."""
    return ami.entry.policy or policy


def rule_met(finding: Finding, threshold: Threshold) -> str:
    """The first rule of the threshold that names the finding, worst first; "" when none does."""
    if threshold.known_exploited and finding.known_exploited_since:
        return "known exploited (CISA KEV)"
    if threshold.exploit_available and finding.exploit_available:
        return "exploit available"
    if threshold.epss is not None and finding.epss is not None and finding.epss >= threshold.epss:
        return f"EPSS {finding.epss:.3f} >= {threshold.epss:g}"
    return f"severity {finding.severity}" if finding.severity in threshold.severities else ""


def tolerance(fixable: bool | None, policy: Policy, since: str, today: date) -> str:
    """Why a finding that a rule names does not fail its AMI, exceptions aside; "" when it does.

    `fixable` is None when the finding does not say; `since` is the ISO date of its first observation in its
    lineage.
    """
    if policy.only_fixable and fixable is False:
        return "no fix exists (onlyFixable)"
    if policy.grace_days:
        ends = date.fromisoformat(since) + timedelta(days=policy.grace_days)
        if today < ends:
            return f"grace until {ends.isoformat()} (graceDays {policy.grace_days})"
    return ""


def run_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """FAIL if any AMI fails, else NOT_ASSESSED if any was not assessed or there is none, else PASS."""
    found = set(verdicts)
    if "FAIL" in found:
        return "FAIL"
    return "PASS" if found == {"PASS"} else "NOT_ASSESSED"
