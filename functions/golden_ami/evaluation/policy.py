"""PASS, FAIL or NOT ASSESSED: the rules of the policy.

A finding fails its AMI when a rule of `policy.failOn` names it, it is fixable where `onlyFixable` asks for that, its
days of grace are over, and no exception that is in force covers it. Unknown values count against the AMI: a finding
that says nothing about a fix counts as fixable, and what a rule asks of a finding and nobody answers keeps its AMI from
PASS (`unknown_rules`). `onlyFixable` and `graceDays` do not hold for a known exploited finding unless
`tolerateKnownExploited` says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Literal, NamedTuple

from golden_ami.models import END_OF_SUPPORT, SEVERITIES, Finding, Policy, Threshold, Verdict

DISCONTINUED_OS = "discontinued operating system"
_EXPLOITED, _EXPLOIT, _EPSS, _SEVERITY = "known exploited", "exploit available", "EPSS ", "severity "
_ORDER = (_EXPLOITED, _EXPLOIT, _EPSS, *(f"{_SEVERITY}{one}" for one in SEVERITIES), DISCONTINUED_OS)
ExploitQuestion = Literal["knownExploited", "exploitAvailable", "epss"]  # as the rules of failOn are named


def rule_met(finding: Finding, policy: Policy) -> str:
    """The first rule of `failOn` that names the finding, worst first; "" when none does."""
    rules = policy.fail_on
    if policy.report_only:
        return ""
    if finding.type == END_OF_SUPPORT:
        return DISCONTINUED_OS if rules.discontinued_os else ""
    if _known_exploited(finding, rules):
        return f"{_EXPLOITED} (CISA KEV)"
    if rules.exploit_available and finding.exploit_available:
        return _EXPLOIT
    if rules.epss is not None and finding.epss is not None and finding.epss >= rules.epss:
        return f"{_EPSS}{finding.epss:.3f} >= {rules.epss:g}"
    return f"{_SEVERITY}{finding.severity}" if finding.severity in rules.severities else ""


def general(rule: str) -> str:
    """A rule without the value of the one finding that meets it: "EPSS 0.912 >= 0.5" is "EPSS >= 0.5"."""
    return f"{_EPSS}>= {rule.partition(' >= ')[2]}" if rule.startswith(_EPSS) else rule


def rule_rank(rule: str) -> int:
    """The place of a rule among those that an AMI fails on: exploitation, severity, operating system."""
    return next((place for place, one in enumerate(_ORDER) if rule.startswith(one)), len(_ORDER))


def beside_severity(finding: Finding, rule: str) -> str:
    """What is told of a failing finding beside its severity; "" where that is all."""
    if finding.known_exploited_since:
        return _EXPLOITED
    return "" if rule.startswith(_SEVERITY) else general(rule)


class Tolerance(NamedTuple):
    """Why a finding that a rule names does not fail its AMI."""

    words: str = ""  # "": it does
    grace_until: str = ""  # ISO date from which it does, where the words are those of graceDays


def tolerance(finding: Finding, fixable: bool | None, policy: Policy, since: str, today: date) -> Tolerance:
    """Why a finding that a rule names does not fail its AMI, exceptions aside.

    `fixable` is None when the finding does not say; `since` is the ISO date of its first observation in its
    lineage.
    """
    if finding.suppressed and policy.suppressed == "tolerate":
        return Tolerance("suppressed by a rule of Amazon Inspector")
    if _known_exploited(finding, policy.fail_on) and not policy.tolerate_known_exploited:
        return Tolerance()
    return _respite(fixable, policy, since, today)


def unknown_rules(
    finding: Finding, fixable: bool | None, policy: Policy, since: str, today: date
) -> list[ExploitQuestion]:
    """Rules of `failOn` that could fail a finding that does not fail so far, if only their answer were known.

    CISA's catalogue lists CVEs only: a finding that names another vulnerability alone is not in it.
    """
    rules = policy.fail_on
    if policy.report_only or finding.type != "PACKAGE_VULNERABILITY":
        return []
    if finding.suppressed and policy.suppressed == "tolerate":
        return []
    found: list[ExploitQuestion] = []
    respite = _respite(fixable, policy, since, today).words
    if (
        rules.known_exploited is not False
        and "knownExploited" in finding.unanswered
        and (cves_of(finding) or not finding.vulnerability_id)
        and not (respite and policy.tolerate_known_exploited)
    ):
        found.append("knownExploited")
    if rules.exploit_available and "exploitAvailable" in finding.unanswered and not respite:
        found.append("exploitAvailable")
    if rules.epss is not None and (finding.epss is None or "epss" in finding.unanswered) and not respite:
        found.append("epss")
    return found


def cves_of(finding: Finding) -> list[str]:
    """The CVE ids that a finding names: its own and those beside it."""
    return [one for one in (finding.vulnerability_id, *finding.related) if one.upper().startswith("CVE-")]


def _known_exploited(finding: Finding, rules: Threshold) -> bool:
    return rules.known_exploited is not False and bool(finding.known_exploited_since)


def _respite(fixable: bool | None, policy: Policy, since: str, today: date) -> Tolerance:
    """What `onlyFixable` and `graceDays` say for a finding."""
    if policy.only_fixable and fixable is False:
        return Tolerance("no fix exists (onlyFixable)")
    if policy.grace_days:
        ends = date.fromisoformat(since) + timedelta(days=policy.grace_days)
        if today < ends:
            return Tolerance(f"grace until {ends.isoformat()} (graceDays {policy.grace_days})", ends.isoformat())
    return Tolerance()


def run_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """FAIL if any AMI fails, else NOT_ASSESSED if any was not assessed or there is none, else PASS."""
    found = set(verdicts)
    if "FAIL" in found:
        return "FAIL"
    return "PASS" if found == {"PASS"} else "NOT_ASSESSED"
