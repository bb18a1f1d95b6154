"""PASS, FAIL or NOT ASSESSED: the policy and the accepted exceptions, applied to findings. Pure.

A finding fails its AMI when a rule of `policy.failOn` names it, it is fixable where `onlyFixable` asks for that, its
days of grace are over, and no exception that holds today covers it. What is unknown never speaks for the AMI: a
finding that says nothing about a fix counts as fixable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, Protocol

from msgspec import Struct

from golden_ami.models import Ami, Finding, Policy, RiskException, Scope, Severity, Threshold, Verdict

ExceptionStatus = Literal["ACTIVE", "EXPIRING", "EXPIRED", "UNUSED"]
EXPIRY_WARNING_DAYS = 14
_NO_VERSION = frozenset({"", "notavailable", "none", "n/a"})  # Inspector writes "NotAvailable"


class Judgeable(Protocol):
    """What rules and ranks look at in a finding."""

    severity: Severity
    score: float | None
    epss: float | None
    exploit_available: bool
    known_exploited_since: str


class Judgement(Struct, frozen=True):
    """What the policy says of one finding. Empty members mean: nothing of the kind."""

    rule: str = ""  # the rule that fails the AMI, e.g. "severity CRITICAL"
    tolerated: str = ""  # why a finding that a rule names does not fail the AMI
    exception: int | None = None  # index of the exception that covers it, holding or expired
    excepted: bool = False  # covered by an exception that holds

    @property
    def fails(self) -> bool:
        """Whether this finding fails its AMI."""
        return bool(self.rule) and not self.tolerated


@lru_cache(maxsize=4096)  # the versions of an image's packages come again with each finding
def fixed_version(version: str) -> str:
    """The version that fixes, or "" where Inspector's text says that there is none."""
    return "" if version.strip().lower() in _NO_VERSION else version.strip()


def is_fixable(finding: Finding) -> bool | None:
    """Whether a fix exists; None when the finding does not say."""
    return fixability(finding.fix_available, any(fixed_version(package.fixed_in) for package in finding.packages))


def fixability(available: str, fixed: bool) -> bool | None:
    """Whether a fix exists by what a finding says of it and of a version that fixes; None when it does not say."""
    if fixed or available in ("YES", "PARTIAL"):
        return True
    return False if available == "NO" else None


def policy_of(ami: Ami, policy: Policy) -> Policy:
    """The policy that holds for an AMI: its own, else the run's."""
    return ami.entry.policy or policy


def rule_met(finding: Judgeable, threshold: Threshold) -> str:
    """The first rule of the threshold that names the finding, worst first; "" when none does."""
    if threshold.known_exploited and finding.known_exploited_since:
        return "known exploited (CISA KEV)"
    if threshold.exploit_available and finding.exploit_available:
        return "exploit available"
    if threshold.epss is not None and finding.epss is not None and finding.epss >= threshold.epss:
        return f"EPSS {finding.epss:.3f} >= {threshold.epss:g}"
    return f"severity {finding.severity}" if finding.severity in threshold.severities else ""


def judge(
    finding: Finding, ami: Ami, policy: Policy, exceptions: Sequence[RiskException], *, since: date, today: date
) -> Judgement:
    """Apply the policy to one finding. `since` is the day of its first observation in this lineage."""
    rule = rule_met(finding, policy.fail_on)
    found = covering(finding, ami, exceptions, today)
    if found is not None and not is_expired(exceptions[found], today):
        tolerated = f"exception of {exceptions[found].owner}, until {exceptions[found].expires}" if rule else ""
        return Judgement(rule, tolerated, found, excepted=True)
    return Judgement(rule, tolerance(is_fixable(finding), policy, since, today) if rule else "", found)


def tolerance(fixable: bool | None, policy: Policy, since: date, today: date) -> str:
    """Why a finding that a rule names does not fail its AMI, exceptions aside; "" when it does."""
    if policy.only_fixable and fixable is False:
        return "no fix exists (onlyFixable)"
    if policy.grace_days:
        ends = since + timedelta(days=policy.grace_days)
        if today < ends:
            return f"grace until {ends.isoformat()} (graceDays {policy.grace_days})"
    return ""


def covering(finding: Finding, ami: Ami, exceptions: Sequence[RiskException], today: date) -> int | None:
    """Index of the exception that covers a finding; one that holds goes before one that has expired."""
    found = [index for index, exception in enumerate(exceptions) if covers(exception, finding, ami)]
    return min(found, key=lambda index: is_expired(exceptions[index], today), default=None)


def covers(exception: RiskException, finding: Finding, ami: Ami) -> bool:
    """Whether vulnerability and every given member of the scope match; a package must be the only one affected."""
    vulnerability = exception.vulnerability.strip().lower()
    if not vulnerability or vulnerability != finding.vulnerability_id.strip().lower():  # blank: no id, no exception
        return False
    package = exception.scope.package
    return in_scope(exception.scope, ami) and (
        package is None or {affected.name for affected in finding.packages} == {package}
    )


def in_scope(scope: Scope, ami: Ami) -> bool:
    """Whether an AMI is within a scope, its package aside."""
    return (
        scope.ami in (None, ami.ami_id)
        and scope.lineage in (None, ami.lineage)
        and all(ami.tags.get(key) == value for key, value in (scope.tag or {}).items())
    )


def is_expired(exception: RiskException, today: date) -> bool:
    """Whether the last day on which the exception holds has passed."""
    return today > date.fromisoformat(exception.expires)


def exception_status(exception: RiskException, matches: int, today: date) -> ExceptionStatus:
    """How an exception stands; expiring within 14 days is said before it expires."""
    if is_expired(exception, today):
        return "EXPIRED"
    if not matches:
        return "UNUSED"
    soon = date.fromisoformat(exception.expires) <= today + timedelta(days=EXPIRY_WARNING_DAYS)
    return "EXPIRING" if soon else "ACTIVE"


def run_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """FAIL if any AMI fails, else NOT_ASSESSED if any was not assessed or there is none, else PASS."""
    found = set(verdicts)
    if "FAIL" in found:
        return "FAIL"
    return "PASS" if found == {"PASS"} else "NOT_ASSESSED"
