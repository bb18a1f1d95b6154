"""One AMI's findings, read once from beginning to end, made into its part of the report."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from golden_ami.models import Ami, Finding, Policy, Reason, RiskException
from golden_ami.report.difference import Baseline, change_of, first_seen
from golden_ami.report.identity import identities
from golden_ami.report.model import AmiReport, Item, Standing, Upgrade
from golden_ami.report.upgrades import Priority, Upgrades, priority
from golden_ami.verdict import Judgement, fixed_version, is_fixable, judge, policy_of


@dataclass(frozen=True)
class Rules:
    """What holds for every AMI of a run."""

    policy: Policy
    exceptions: Sequence[RiskException]
    today: date
    owner_tag: str
    most: int  # entries that a list of the report holds


@dataclass
class Assessed:
    """An AMI's part of the report and what it adds to the run's."""

    report: AmiReport
    upgrades: list[Upgrade] = field(default_factory=list)  # all of them
    exceptions: Counter[int] = field(default_factory=Counter)  # index -> findings that it matches


class _Urgent:
    """The most urgent items of a stream."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[Priority, int, Item]] = []
        self._count = 0

    def add(self, finding: Finding, item: Item) -> None:
        self._count += 1
        entry = (priority(finding), -self._count, item)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def items(self) -> list[Item]:
        return [item for _, _, item in sorted(self._heap, reverse=True, key=lambda entry: entry[:2])]


def frame(ami: Ami, rules: Rules, reason: Reason | None = None) -> AmiReport:
    """An AMI's part of the report before its findings are read: NOT ASSESSED for the reason."""
    return AmiReport(
        key=ami.key,
        ami_id=ami.ami_id,
        name=ami.name,
        lineage=ami.lineage,
        owner=ami.tags.get(rules.owner_tag, ""),
        account=ami.account,
        region=ami.region,
        engine=ami.engine,
        verdict="NOT_ASSESSED",
        tags=ami.tags,
        reason=reason,
        own_policy=ami.entry.policy,
        notes=[*ami.notes, *([ami.engine_reason] if ami.engine_reason else [])],
        instance_id=ami.instance_id,
        launched_at=ami.launched_at,
        scanned_at=ami.scanned_at,
    )


class Assessor:
    """Judges the findings of one AMI, one by one. `baselines`: the same AMI's first, then the previous AMI's."""

    def __init__(self, ami: Ami, rules: Rules, baselines: Sequence[Baseline]) -> None:
        self._ami, self._rules, self._baselines = ami, rules, baselines
        self._policy = policy_of(ami, rules.policy)
        self._report = frame(ami, rules)
        self._upgrades, self._failures = Upgrades(), _Urgent(rules.most)
        self._fresh = [_Urgent(rules.most) for _ in baselines]
        self._broken: Counter[str] = Counter()
        self._exceptions: Counter[int] = Counter()

    def judge(self, finding: Finding) -> Standing:
        """Count a finding; answers how it stands."""
        keys = identities(finding)
        known = [baseline.match(keys) for baseline in self._baselines]
        since = first_seen(finding, known, self._rules.today)
        rules = self._rules
        judgement = judge(finding, self._ami, self._policy, rules.exceptions, since=since, today=rules.today)
        self._count(finding, judgement)
        item = _item(finding, since, judgement.rule)
        if judgement.fails:
            self._failures.add(finding, item)
        for day, urgent in zip(known, self._fresh, strict=True):
            if day is None:
                urgent.add(finding, item)
        return Standing(
            identities=[(key.vulnerability, key.package, key.architecture, key.path) for key in keys],
            severity=finding.severity,
            type=finding.type,
            since=since.isoformat(),
            change=change_of(known),
            rule=judgement.rule,
            tolerated=judgement.tolerated,
            exception=judgement.exception,
        )

    def _count(self, finding: Finding, judgement: Judgement) -> None:
        report = self._report
        report.counts[finding.severity] = report.counts.get(finding.severity, 0) + 1
        report.total += 1
        report.known_exploited += bool(finding.known_exploited_since)
        report.exploit_available += finding.exploit_available
        report.fixable += bool(is_fixable(finding))
        report.excepted += judgement.excepted
        report.tolerated += bool(judgement.tolerated)
        self._upgrades.add(finding, failing=judgement.fails)
        if judgement.exception is not None:
            self._exceptions[judgement.exception] += 1
        if judgement.fails:
            self._broken[judgement.rule] += 1

    def outcome(self) -> Assessed:
        """The AMI's part, once every finding was judged."""
        report, rules = self._report, self._rules
        report.failing = self._broken.total()
        report.verdict = "FAIL" if report.failing else "PASS"
        report.rules = dict(self._broken.most_common())
        report.failures = self._failures.items()
        upgrades = self._upgrades.ranked()
        report.upgrades = upgrades[: rules.most]
        for baseline, urgent in zip(self._baselines, self._fresh, strict=True):
            comparison = baseline.comparison(self._ami, rules.today, urgent.items(), rules.most)
            if baseline.assessment.ami_id == self._ami.ami_id:
                report.since_last_run = comparison
            else:
                report.since_previous_ami = comparison
        return Assessed(report, upgrades, self._exceptions)


def _item(finding: Finding, since: date, rule: str) -> Item:
    package = finding.packages[0] if finding.packages else None
    return Item(
        vulnerability=finding.vulnerability_id or finding.title,
        severity=finding.severity,
        package=package.name if package else "",
        fixed_in=fixed_version(package.fixed_in) if package else "",
        rule=rule,
        since=since.isoformat(),
        known_exploited=bool(finding.known_exploited_since),
        exploit_available=finding.exploit_available,
    )
