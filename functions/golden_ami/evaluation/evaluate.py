"""The one path from a finding to its status."""

from __future__ import annotations

from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from golden_ami.evaluation.comparison import first_observed
from golden_ami.evaluation.exceptions import ExceptionIndex
from golden_ami.evaluation.identity import identities_of
from golden_ami.evaluation.model import FindingStatus
from golden_ami.evaluation.packages import Affected, affected_by, is_fixable
from golden_ami.evaluation.policy import ExploitQuestion, Tolerance, rule_met, tolerance, unknown_rules
from golden_ami.models import Ami, Finding, Policy
from golden_ami.register.past import Change, Past


class AmiRules(Struct, frozen=True):
    """What the findings of one AMI are evaluated by."""

    ami: Ami
    policy: Policy
    exceptions: ExceptionIndex
    today: date  # UTC


class EvaluatedFinding(Struct, frozen=True, gc=False):
    """A finding, its status, and what was worked out on the way."""

    finding: Finding
    status: FindingStatus
    affected: Affected
    fixable: bool  # False when the finding does not say
    accepted: bool  # covered by an exception that is in force
    changes: tuple[Change, ...]  # by compared assessment
    again: bool  # this scan told of it before
    uncertain: bool  # it may be older than the status says, and has no grace
    grace_until: str  # ISO date from which it fails its AMI; "": no grace keeps it from that
    unknown: list[ExploitQuestion]  # rules that may fail it, whose answer nobody gave


def evaluate(finding: Finding, rules: AmiRules, past: Past) -> EvaluatedFinding:
    """Give a finding its status by policy, exceptions and past, which counts it as new or open."""
    affected = affected_by(finding)
    identities = identities_of(finding)
    observed = first_observed(finding.first_observed_at, rules.today)
    known = past.match(finding, identities, observed, rules.policy.grace_days)
    policy = rules.policy if not known.uncertain else replace(rules.policy, grace_days=0)
    fixable = is_fixable(finding, affected)
    rule = rule_met(finding, policy)
    exception = rules.exceptions.covering(finding, rules.ami)
    accepted = rules.exceptions.in_force(exception, rules.today)
    tolerated = Tolerance()
    if rule and accepted:
        tolerated = Tolerance(f"exception of {accepted.owner}, until {accepted.expires}")
    elif rule:
        tolerated = tolerance(finding, fixable, policy, known.since, rules.today)
    status = FindingStatus(
        identities=identities,
        severity=finding.severity,
        type=finding.type,
        since=known.since,
        change=known.changes[0] if known.changes else "",
        rule=rule,
        tolerated=tolerated.words,
        exception=exception,
    )
    unknown: list[ExploitQuestion] = []
    if not status.fails and not accepted:
        unknown = unknown_rules(finding, fixable, policy, known.since, rules.today)
    return EvaluatedFinding(
        finding=finding,
        status=status,
        affected=affected,
        fixable=bool(fixable),
        accepted=accepted is not None,
        changes=known.changes,
        again=known.again,
        uncertain=known.uncertain,
        grace_until=tolerated.grace_until,
        unknown=unknown,
    )
