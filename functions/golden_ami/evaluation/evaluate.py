"""The one path from a finding to its status."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from golden_ami.evaluation.comparison import EarlierAssessment, change_of, first_observed
from golden_ami.evaluation.exceptions import ExceptionIndex
from golden_ami.evaluation.identity import identities_of
from golden_ami.evaluation.model import FindingStatus
from golden_ami.evaluation.packages import Affected, affected_by, is_fixable
from golden_ami.evaluation.policy import ExploitQuestion, rule_met, tolerance, unknown_rules
from golden_ami.models import Ami, Finding, Policy


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
    known_since: list[str]  # ISO date by earlier assessment; "": it did not have the finding
    unknown: list[ExploitQuestion]  # rules that may fail it, whose answer nobody gave


def evaluate(finding: Finding, rules: AmiRules, history: Sequence[EarlierAssessment] = ()) -> EvaluatedFinding:
    """Give a finding its status by policy, exceptions and history. Counts it as open or new in each earlier assessment.

    `history`: the assessment of the same AMI first, then that of the previous AMI of its lineage.
    """
    affected = affected_by(finding)
    identities = identities_of(finding, affected)
    known_since = [earlier.match(identities) for earlier in history]
    since = first_observed(finding.first_observed_at, known_since, rules.today)
    fixable = is_fixable(finding, affected)
    rule = rule_met(finding, rules.policy)
    exception = rules.exceptions.covering(finding, rules.ami, rules.today)
    accepted = rules.exceptions.in_force(exception, rules.today)
    tolerated = ""
    if rule and accepted:
        tolerated = f"exception of {accepted.owner}, until {accepted.expires}"
    elif rule:
        tolerated = tolerance(finding, fixable, rules.policy, since, rules.today)
    status = FindingStatus(
        identities=identities,
        severity=finding.severity,
        type=finding.type,
        since=since,
        change=change_of(known_since),
        rule=rule,
        tolerated=tolerated,
        exception=exception,
    )
    unknown: list[ExploitQuestion] = []
    if not status.fails and not accepted:
        unknown = unknown_rules(finding, fixable, rules.policy, since, rules.today)
    return EvaluatedFinding(finding, status, affected, bool(fixable), accepted is not None, known_since, unknown)
