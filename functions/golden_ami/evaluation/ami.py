"""One AMI's findings, evaluated one by one and summed up. Memory grows with packages, not with findings."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field

from golden_ami.evaluation.comparison import comparison_of
from golden_ami.evaluation.evaluate import AmiRules, EvaluatedFinding, evaluate
from golden_ami.evaluation.model import Comparison, Failing, FindingStatus, Item, Upgrade
from golden_ami.evaluation.packages import fixed_version
from golden_ami.evaluation.policy import beside_severity, general, rule_rank
from golden_ami.evaluation.priority import MostUrgent, priority
from golden_ami.evaluation.upgrades import AmiUpgrades
from golden_ami.models import SEVERITIES, Finding, Severity, SeverityCounts
from golden_ami.register.past import Past


class AmiEvaluation(Struct, kw_only=True):
    """What the findings of an AMI come to. Lists hold the most urgent findings, beside their full count."""

    counts: SeverityCounts = field(default_factory=dict)
    total: int = 0
    known_exploited: int = 0
    known_exploited_critical: int = 0
    exploit_available: int = 0
    fixable: int = 0
    excepted: int = 0  # covered by an exception that is in force
    tolerated: int = 0  # a rule names them, yet they do not fail the AMI
    grace: int = 0  # of these, those that `graceDays` keeps from failing it
    grace_until: str = ""  # ISO date from which the first of them fails it
    failing: int = 0
    failing_by_severity: list[Failing] = field(default_factory=list)  # the worst severity first
    suppressed: int = 0  # by rules of Amazon Inspector
    closed: int = 0  # after boot
    uncertain: int = 0  # may be older than is known: a part of the lineage's past was lost
    unknown: dict[str, int] = field(default_factory=dict)  # rule of failOn -> findings that it may fail the AMI on
    rules: dict[str, int] = field(default_factory=dict)  # rule -> findings that it fails the AMI on
    failures: list[Item] = field(default_factory=list)
    upgrades: list[Upgrade] = field(default_factory=list)  # all of them
    since_last_run: Comparison | None = None
    since_previous_ami: Comparison | None = None
    urgent: list[EvaluatedFinding] = field(default_factory=list)
    exceptions: Counter[int] = field(default_factory=Counter)  # index -> findings that it covers


class _Kind(Struct, frozen=True, gc=False):
    """What is counted of a finding. An AMI's findings are of few kinds."""

    severity: Severity
    known_exploited: bool
    exploit_available: bool
    fixable: bool
    suppressed: bool
    closed: bool
    rule: str  # without a finding's own value
    because: str  # of one that fails
    tolerated: bool
    exception: int | None
    accepted: bool


class AmiEvaluator:
    """Evaluates the findings of one AMI, one by one.

    `listed` and `urgent` bound the lists of the evaluation.
    """

    def __init__(self, rules: AmiRules, past: Past, *, listed: int, urgent: int) -> None:
        self._rules, self._past, self._listed = rules, past, listed
        self._failures = MostUrgent[EvaluatedFinding](listed)
        self._new = [MostUrgent[EvaluatedFinding](listed) for _ in past.compared]
        self._urgent = MostUrgent[EvaluatedFinding](urgent)
        self._upgrades = AmiUpgrades(f"{rules.ami.platform_name} {rules.ami.platform_version}".strip())
        self._kinds: dict[_Kind, int] = {}
        self._unknown: Counter[str] = Counter()
        self._uncertain = 0
        self._grace: Counter[str] = Counter()  # findings by the end of their grace

    def add(self, finding: Finding) -> EvaluatedFinding:
        """Evaluate a finding and count it."""
        found = evaluate(finding, self._rules, self._past)
        self._count(found)
        self._offer(found)
        return found

    def _count(self, found: EvaluatedFinding) -> None:
        finding, status = found.finding, found.status
        kind = _Kind(
            finding.severity,
            bool(finding.known_exploited_since),
            finding.exploit_available,
            found.fixable,
            finding.suppressed,
            finding.closed,
            general(status.rule),
            beside_severity(finding, status.rule) if status.fails else "",
            bool(status.tolerated),
            status.exception,
            found.accepted,
        )
        self._kinds[kind] = self._kinds.get(kind, 0) + 1
        self._uncertain += found.uncertain
        if found.grace_until:
            self._grace[found.grace_until] += 1
        if found.unknown:
            self._unknown.update(found.unknown)
        self._upgrades.add(finding, found.affected, fails=status.fails)

    def _offer(self, found: EvaluatedFinding) -> None:
        """Offer the finding to each list that it belongs to."""
        urgency = priority(found.finding, fails=found.status.fails, fixable=found.fixable)
        self._urgent.offer(urgency, found)
        if found.status.fails:
            self._failures.offer(urgency, found)
        for change, new in zip(found.changes, self._new, strict=True):
            if change == "NEW" and not found.again:
                new.offer(urgency, found)

    def evaluation(self) -> AmiEvaluation:
        """The sum, after every finding was added."""
        evaluation = AmiEvaluation(
            unknown=dict(self._unknown),
            uncertain=self._uncertain,
            grace=self._grace.total(),
            grace_until=min(self._grace, default=""),
            failures=_items(self._failures),
            upgrades=self._upgrades.ranked(),
            urgent=self._urgent.items(),
        )
        self._sum_up(evaluation)
        self._compare(evaluation)
        return evaluation

    def _sum_up(self, evaluation: AmiEvaluation) -> None:
        counts: Counter[Severity] = Counter()
        rules: Counter[str] = Counter()
        failing: dict[Severity, Counter[str]] = {}
        for kind, count in self._kinds.items():
            counts[kind.severity] += count
            evaluation.total += count
            evaluation.known_exploited += kind.known_exploited * count
            evaluation.known_exploited_critical += (kind.known_exploited and kind.severity == "CRITICAL") * count
            evaluation.exploit_available += kind.exploit_available * count
            evaluation.fixable += kind.fixable * count
            evaluation.suppressed += kind.suppressed * count
            evaluation.closed += kind.closed * count
            evaluation.excepted += kind.accepted * count
            if kind.tolerated:
                evaluation.tolerated += count
            elif kind.rule:
                rules[kind.rule] += count
                failing.setdefault(kind.severity, Counter())[kind.because] += count
            if kind.exception is not None:
                evaluation.exceptions[kind.exception] += count
        evaluation.counts = by_severity(counts)
        evaluation.failing = rules.total()
        evaluation.rules = {rule: rules[rule] for rule in sorted(rules, key=rule_rank)}
        evaluation.failing_by_severity = [
            _failing(severity, failing[severity]) for severity in SEVERITIES if severity in failing
        ]

    def _compare(self, evaluation: AmiEvaluation) -> None:
        ami, today = self._rules.ami, self._rules.today
        for earlier, new in zip(self._past.compared, self._new, strict=True):
            comparison = comparison_of(earlier, self._past, ami, _items(new), self._listed, today)
            if earlier.assessment.ami_id == ami.ami_id:
                evaluation.since_last_run = comparison
            else:
                evaluation.since_previous_ami = comparison


def by_severity(counts: SeverityCounts) -> SeverityCounts:
    """The counts, the worst severity first."""
    return {severity: counts[severity] for severity in SEVERITIES if severity in counts}


def _failing(severity: Severity, because: Counter[str]) -> Failing:
    told = {reason: because[reason] for reason in sorted(because, key=rule_rank) if reason}
    return Failing(severity=severity, findings=because.total(), because=told)


def _items(findings: MostUrgent[EvaluatedFinding]) -> list[Item]:
    return [item_of(found.finding, found.status) for found in findings.items()]


def item_of(finding: Finding, status: FindingStatus) -> Item:
    """A finding as lists of the report have it."""
    package = finding.packages[0] if finding.packages else None
    return Item(
        vulnerability=finding.vulnerability_id or finding.title,
        severity=finding.severity,
        package=package.name if package else "",
        fixed_in=fixed_version(package.fixed_in) if package else "",
        rule=status.rule,
        since=status.since,
        known_exploited=bool(finding.known_exploited_since),
        exploit_available=finding.exploit_available,
        epss=finding.epss,
        suppressed=finding.suppressed,
        closed=finding.closed,
    )
