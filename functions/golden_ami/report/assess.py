"""One AMI's findings, read once from beginning to end, made into its part of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import msgspec

from golden_ami.models import SEVERITIES, Ami, Finding, Policy, Reason, RiskException, Severity
from golden_ami.report.difference import Baseline, change_of, first_seen
from golden_ami.report.identity import ports, vulnerability_of
from golden_ami.report.model import AmiReport, Counts, Item, Standing, Upgrade
from golden_ami.report.sighting import Affected, Sighting, seen
from golden_ami.report.upgrades import Priority, Upgrades, urgency
from golden_ami.report.urgent import Judged, Urgent
from golden_ami.verdict import Judgement, fixability, fixed_version, judge, policy_of, rule_met, tolerance

_FINDING = msgspec.json.Decoder(Finding)


@dataclass(frozen=True)
class Rules:
    """What holds for every AMI of a run."""

    policy: Policy
    exceptions: Sequence[RiskException]
    today: date
    owner_tag: str
    most: int  # entries that a list of the report holds
    urgent: int = 0  # findings of an AMI that the page shows; 0 when it shows all


@dataclass
class Assessed:
    """An AMI's part of the report and what it adds to the run's."""

    report: AmiReport
    upgrades: list[Upgrade] = field(default_factory=list)  # all of them
    urgent: list[Judged] = field(default_factory=list)
    exceptions: Counter[int] = field(default_factory=Counter)  # index -> findings that it matches


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
        self._excepted = {exception.vulnerability.strip().lower() for exception in rules.exceptions}
        self._upgrades = Upgrades()
        self._failures, self._urgent = Urgent(rules.most), Urgent(rules.urgent)
        self._fresh = [Urgent(rules.most) for _ in baselines]
        self._profiles: Counter[tuple[Severity, bool, bool, bool]] = Counter()
        self._broken: Counter[str] = Counter()
        self._exceptions: Counter[int] = Counter()

    def judge(self, line: bytes) -> Standing:
        """Count a finding; answers how it stands. Raises msgspec's MsgspecError when the line is none."""
        sighting, affected = seen(line)
        vulnerability = vulnerability_of(sighting.vulnerability_id, sighting.title)
        identities = [(vulnerability, *place) for place in affected.places or ports(sighting.network)]
        known = [baseline.match(identities) for baseline in self._baselines]
        since = first_seen(sighting.first_observed_at, known, self._rules.today)
        fixable = fixability(sighting.fix_available, affected.fixed)
        judgement = self._judgement(line, sighting, fixable, since)
        standing = Standing(
            identities=identities,
            severity=sighting.severity,
            type=sighting.type,
            since=since.isoformat(),
            change=change_of(known),
            rule=judgement.rule,
            tolerated=judgement.tolerated,
            exception=judgement.exception,
        )
        self._count(sighting, affected, bool(fixable), judgement)
        self._rank(line, urgency(sighting, fixable=bool(fixable)), standing, known)
        return standing

    def _judgement(self, line: bytes, sighting: Sighting, fixable: bool | None, since: date) -> Judgement:
        today, policy = self._rules.today, self._policy
        if self._excepted and sighting.vulnerability_id.strip().lower() in self._excepted:
            return judge(_FINDING.decode(line), self._ami, policy, self._rules.exceptions, since=since, today=today)
        rule = rule_met(sighting, policy.fail_on)
        return Judgement(rule, tolerance(fixable, policy, since, today) if rule else "")

    def _count(self, sighting: Sighting, affected: Affected, fixable: bool, judgement: Judgement) -> None:
        known_exploited = bool(sighting.known_exploited_since)
        self._profiles[sighting.severity, known_exploited, sighting.exploit_available, fixable] += 1
        fails = judgement.fails
        if fails:
            self._broken[judgement.rule] += 1
        elif judgement.tolerated:
            self._report.tolerated += 1
        if judgement.exception is not None:
            self._exceptions[judgement.exception] += 1
            self._report.excepted += judgement.excepted
        if affected.closed_by:
            self._upgrades.count(affected.closed_by, sighting, affected.packages, fails)

    def _rank(self, line: bytes, priority: Priority, standing: Standing, known: Sequence[date | None]) -> None:
        """Keep the finding in the lists that it is urgent enough for."""
        entry = (line, standing)
        if standing.rule and not standing.tolerated:
            self._failures.offer(priority, entry)
        if known:
            for day, fresh in zip(known, self._fresh, strict=True):
                if day is None:
                    fresh.offer(priority, entry)
        if self._rules.urgent:
            self._urgent.offer(priority, entry)

    def outcome(self) -> Assessed:
        """The AMI's part, once every finding was judged."""
        report, rules = self._report, self._rules
        self._sum_up()
        report.failing = self._broken.total()
        report.verdict = "FAIL" if report.failing else "PASS"
        report.rules = dict(self._broken.most_common())
        report.failures = _items(self._failures)
        upgrades = self._upgrades.ranked()
        report.upgrades = upgrades[: rules.most]
        for baseline, fresh in zip(self._baselines, self._fresh, strict=True):
            comparison = baseline.comparison(self._ami, rules.today, _items(fresh), rules.most)
            if baseline.assessment.ami_id == self._ami.ami_id:
                report.since_last_run = comparison
            else:
                report.since_previous_ami = comparison
        return Assessed(report, upgrades, self._urgent.findings(), self._exceptions)

    def _sum_up(self) -> None:
        report = self._report
        for (severity, known_exploited, exploit_available, fixable), count in self._profiles.items():
            report.counts[severity] = report.counts.get(severity, 0) + count
            report.total += count
            report.known_exploited += known_exploited * count
            report.exploit_available += exploit_available * count
            report.fixable += fixable * count
        report.counts = by_severity(report.counts)


def by_severity(counts: Counts) -> Counts:
    """The counts, the worst severity first."""
    return {severity: counts[severity] for severity in SEVERITIES if severity in counts}


def _items(urgent: Urgent) -> list[Item]:
    return [_item(one.finding, one.standing) for one in urgent.findings()]


def _item(finding: Finding, standing: Standing) -> Item:
    package = finding.packages[0] if finding.packages else None
    return Item(
        vulnerability=finding.vulnerability_id or finding.title,
        severity=finding.severity,
        package=package.name if package else "",
        fixed_in=fixed_version(package.fixed_in) if package else "",
        rule=standing.rule,
        since=standing.since,
        known_exploited=bool(finding.known_exploited_since),
        exploit_available=finding.exploit_available,
    )
