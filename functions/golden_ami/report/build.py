"""The report of a run, from the ledger's rows and the findings in the store, AMI by AMI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

import msgspec

from golden_ami.configuration.known import known_id, known_ids
from golden_ami.engines.registry import traits
from golden_ami.evaluation.ami import AmiEvaluation, AmiEvaluator
from golden_ami.evaluation.evaluate import AmiRules, EvaluatedFinding
from golden_ami.evaluation.exceptions import ExceptionIndex
from golden_ami.evaluation.identity import identities_of
from golden_ami.evaluation.policy import run_verdict
from golden_ami.evaluation.run_upgrades import RunUpgrades
from golden_ami.evaluation.verdict import judge
from golden_ami.evidence.requirements import is_partial
from golden_ami.lineage.former import former_key, renamed
from golden_ami.models import Ami, Assessment, Finding, Policy, Reason, Run
from golden_ami.natural_order import natural_order
from golden_ami.parallel import chunks, side_by_side
from golden_ami.places import Place
from golden_ami.reasons import reporting
from golden_ami.register.looked import looked_at
from golden_ami.register.model import KnownAmi, lineage_key, lineage_name
from golden_ami.register.past import Past
from golden_ami.register.register import Register
from golden_ami.register.store import Registers
from golden_ami.report import allowed, faults
from golden_ami.report.ami import assessed, not_assessed, upgraded
from golden_ami.report.exceptions import about_unassessed, exception_reports
from golden_ami.report.findings import decoded_findings
from golden_ami.report.links import execution_url
from golden_ami.report.model import About, AmiReport, LastVerdict, Owner, Report
from golden_ami.report.order import ami_order
from golden_ami.report.totals import legacy_of, owners_of, totals_of
from golden_ami.report.trend import History, Trend
from golden_ami.report.urgent import SHOWN, encoded_urgent, shown_of_each
from golden_ami.report.verdicts import value_of_ami
from golden_ami.storage.digests import Changed, NotedStore, checked
from golden_ami.storage.keys import standings_key, urgent_key
from golden_ami.storage.objects import UNDECODABLE, Missing
from golden_ami.vulnerabilities.answer import answered_of, with_answers
from golden_ami.vulnerabilities.known import NOTHING, Known

_TOGETHER = 20  # statuses encoded by one call
_UPGRADES = 50  # of the run
_UPGRADES_OF_OWNER = 5  # which a message tells
_NDJSON = "application/x-ndjson"


def build(
    run: Run,
    amis: Sequence[Ami],
    state: Mapping[str, Any],
    store: NotedStore,
    history: History,
    completed_at: str,
    known: Known = NOTHING,
) -> Report:
    """Evaluate every AMI, compare it with its past, and sum up. Writes statuses and registers to the store.

    `known` is what Amazon Inspector answered of vulnerabilities whose findings do not tell.

    Lineages are read side by side, the AMIs of one lineage in the order of their names; an AMI's findings are never
    all in memory. The report is the same to the byte whichever lineage is done first.
    """
    builder = _Builder(run, amis, state, store, history, completed_at, known)
    found = side_by_side(builder.lineage, builder.lineages())
    report = builder.report([built for group in found for built in group])
    builder.note()
    return report


class _BuiltAmi(msgspec.Struct):
    """An AMI and its part of the report."""

    ami: Ami
    report: AmiReport


class _Builder:
    def __init__(
        self,
        run: Run,
        amis: Sequence[Ami],
        state: Mapping[str, Any],
        store: NotedStore,
        history: History,
        completed_at: str,
        known: Known,
    ) -> None:
        self._run, self._amis, self._state = run, amis, state
        self._store, self._history, self._completed_at, self._known = store, history, completed_at, known
        self._registers = Registers(store, history)
        self._faults = faults.faults_of(state, run.run_id)
        self._failed_batches = faults.failed_batches(state)
        self._today = datetime.fromisoformat(completed_at).date()
        self._exceptions = ExceptionIndex(run.config.exceptions)
        self._listed = max(3, min(20, 5000 // max(1, len(amis))))  # entries in each list of an AMI
        self._urgent = _urgent_of_each(amis)
        self._lock = Lock()
        self._upgrades = RunUpgrades()
        self._upgrades_of: dict[str, RunUpgrades] = {}  # by owner
        self._trend = Trend(run, history)
        self._noted: list[KnownAmi] = []  # the AMIs that were assessed

    def lineages(self) -> list[list[Ami]]:
        """The AMIs by lineage, each in the order of their names."""
        groups: dict[str, list[Ami]] = {}
        for ami in sorted(self._amis, key=lambda ami: (natural_order(ami.name), ami.key)):
            groups.setdefault(lineage_key(ami), []).append(ami)
        return list(groups.values())

    def lineage(self, amis: Sequence[Ami]) -> list[_BuiltAmi]:
        """Assess the AMIs of one lineage, each after the one before it, and write what is known of the lineage."""
        lineage = lineage_key(amis[0])
        former = [former_key(ami, self._run.config.lineage_tag) for ami in amis]
        register = self._registers.open(lineage, amis, former)
        with self._lock:
            self._trend.take_over([lineage, *former])
        built = [self._ami(ami, register) for ami in amis]
        if register.changed:
            self._registers.save(register, self._run.run_id)
        return built

    def note(self) -> None:
        """Note what is known of the AMIs, and the run's point of the trend."""
        self._history.note_amis(self._noted)
        self._trend.note()

    def _ami(self, ami: Ami, register: Register) -> _BuiltAmi:
        """One AMI; its assessment is added to the register of its lineage, for the AMIs that follow."""
        owner_tag = self._run.config.owner_tag
        reason = ami.reason
        if reason is None and not ami.findings_key:
            home = Place(self._run.account, self._run.region)
            reason = faults.reason_not_assessed(ami, self._failed_batches, self._faults, home)
        if reason:
            return _BuiltAmi(ami, not_assessed(ami, owner_tag, reason))
        past = Past(register, ami, looked_at(ami, self._run.config), self._completed_at)
        try:
            evaluation = self._evaluation(ami, past)
        except Missing as error:
            unreadable = _unreadable(ami, f"no object {error}, or no permission")
            return _BuiltAmi(ami, not_assessed(ami, owner_tag, unreadable))
        except Changed as error:
            return _BuiltAmi(ami, not_assessed(ami, owner_tag, _unreadable(ami, str(error))))
        except UNDECODABLE as error:
            unreadable = _unreadable(ami, f"a line of it is no finding: {error}")
            return _BuiltAmi(ami, not_assessed(ami, owner_tag, unreadable))
        if ami.counts != evaluation.counts:
            collected, read = sum(ami.counts.values()), evaluation.total
            unreadable = _unreadable(
                ami, f"{collected} were collected and {read} are there, or their severities differ"
            )
            return _BuiltAmi(ami, not_assessed(ami, owner_tag, unreadable))
        config = self._run.config
        judged = judge(ami, evaluation, config.policy_of(ami), config)
        report = assessed(ami, owner_tag, evaluation, judged, standings_key(ami.run_id, ami.key), self._listed)
        if evaluation.unknown and self._known.problem:
            report.notes.append(self._known.problem)
        report.notes += _losses(past, evaluation, config.policy_of(ami))
        if before := register.moved.get(ami.ami_id):
            report.notes.append(f"its lineage was {before.split('/', 2)[2]} before, and its past was taken over")
        with self._lock:
            self._upgrades.add(evaluation.upgrades, upgraded(report))
            theirs = self._upgrades_of.setdefault(report.owner, RunUpgrades())
            theirs.add(evaluation.upgrades, upgraded(report))
        if judged.verdict == "NOT_ASSESSED":
            past.remember()
        else:
            past.record(self._assessment(ami, report, past))
            with self._lock:
                self._noted += [self._known_ami(known, ami, report) for known in known_ids(ami)]
        return _BuiltAmi(ami, report)

    def _evaluation(self, ami: Ami, past: Past) -> AmiEvaluation:
        """Evaluate an AMI's findings and write their statuses. Raises Missing, Changed and msgspec's MsgspecError."""
        policy = self._run.config.policy_of(ami)
        rules = AmiRules(ami, policy, self._exceptions, self._today)
        if (
            not traits(ami.engine).needs_instances and past.register.entries
        ):  # its sources tell more or less of a finding
            for finding in decoded_findings(self._store.lines(ami.findings_key)):
                past.expect(identities_of(finding))
        evaluator = AmiEvaluator(rules, past, listed=self._listed, urgent=self._urgent)
        encode = msgspec.json.Encoder().encode_lines
        again = not self._urgent  # by the page and the other formats of a small run
        with self._store.writing(standings_key(ami.run_id, ami.key), _NDJSON, again=again) as out:
            lines = self._store.lines(ami.findings_key, again=again)
            findings = decoded_findings(checked(lines, ami.findings_key, ami.findings_sha256))
            for evaluated in chunks((self._evaluated(evaluator, finding) for finding in findings), _TOGETHER):
                out.write(encode([one.status for one in evaluated]))
        evaluation = evaluator.evaluation()
        if self._urgent:
            with self._store.writing(urgent_key(ami.run_id, ami.key), _NDJSON) as out:
                out.write(encoded_urgent(evaluation.urgent))
        return evaluation

    def _evaluated(self, evaluator: AmiEvaluator, stored: Finding) -> EvaluatedFinding:
        """A finding with what is known of its vulnerability, evaluated; its status says what was not stored of it."""
        finding = with_answers(stored, self._known.answers)
        found = evaluator.add(finding)
        if finding is not stored:
            found.status.answered = answered_of(finding)
        return found

    def _assessment(self, ami: Ami, report: AmiReport, past: Past) -> Assessment:
        return Assessment(
            run_id=self._run.run_id,
            key=ami.key,
            ami_id=ami.ami_id,
            name=ami.name,
            lineage=lineage_key(ami),
            engine=ami.engine,
            completed_at=self._completed_at,
            verdict=report.verdict,
            counts=report.counts,
            partial=is_partial(ami),
            first_at=past.register.first_at(ami.ami_id) or self._completed_at,
            looked_at=list(past.looked),
        )

    def _known_ami(self, known: str, ami: Ami, report: AmiReport) -> KnownAmi:
        return KnownAmi(
            ami_id=known,
            account=ami.account,
            region=ami.region,
            lineage=lineage_name(ami),
            name=ami.name,
            tags=ami.tags,
            owner_id=ami.owner_id,
            run_id=self._run.run_id,
            verdict=value_of_ami(report),
            completed_at=self._completed_at,
        )

    # ------------------------------------------------------------ the whole

    def report(self, found: Sequence[_BuiltAmi]) -> Report:
        """Sum up."""
        config = self._run.config
        amis = sorted((built.report for built in found), key=ami_order)
        if not any(fault.where == "run" for fault in self._faults):
            judged = [(built.ami, built.report.verdict) for built in found]
            self._faults[:0] = faults.fault_of_batches(judged, self._failed_batches)
        self._tell_last_verdicts(amis)
        totals = totals_of(amis)
        unknown = [built for built in found if built.report.verdict == "NOT_ASSESSED"]
        for one in unknown:
            known = {covered.exception for covered in one.report.exceptions}
            due = about_unassessed(self._exceptions, one.ami, self._today)
            one.report.exceptions += [covered for covered in due if covered.exception not in known]
        return Report(
            run=self._about(amis),
            verdict=run_verdict(ami.verdict for ami in amis),
            totals=totals,
            policy=config.policy,
            amis=amis,
            upgrades=self._upgrades.ranked()[:_UPGRADES],
            exceptions=exception_reports(
                self._exceptions,
                amis,
                [built.ami for built in unknown],
                self._today,
                renamed(config.exceptions, self._amis, config.lineage_tag),
            ),
            owners=self._owners(amis),
            trend=self._trend.points(self._completed_at, amis),
            allowed_amis=allowed.criteria(amis, {one.ami.key: one.ami.owner_id for one in found}),
            legacy=[legacy_of(ami) for ami in amis],
        )

    def _owners(self, amis: Sequence[AmiReport]) -> list[Owner]:
        owners = owners_of(amis, self._run.config)
        for one in owners:
            if theirs := self._upgrades_of.get(one.owner):
                one.upgrades = theirs.ranked()[:_UPGRADES_OF_OWNER]
        return owners

    def _tell_last_verdicts(self, amis: Sequence[AmiReport]) -> None:
        """Add to the AMIs that are NOT ASSESSED what the last run that assessed them said."""
        unknown = {
            (ami.account, ami.region, known_id(ami.ami_id)): ami for ami in amis if ami.verdict == "NOT_ASSESSED"
        }
        for one in self._history.known_amis(unknown) if unknown else ():
            if one.run_id != self._run.run_id:  # else of an attempt before this one
                last = LastVerdict(verdict=one.verdict, completed_at=one.completed_at, run_id=one.run_id)
                unknown[one.account, one.region, one.ami_id].last_verdict = last

    def _about(self, amis: Sequence[AmiReport]) -> About:
        run = self._run
        duration = datetime.fromisoformat(self._completed_at) - datetime.fromisoformat(run.started_at)
        return About(
            run_id=run.run_id,
            execution_arn=run.execution_arn,
            execution_url=execution_url(run.execution_arn),
            account=run.account,
            region=run.region,
            started_at=run.started_at,
            completed_at=self._completed_at,
            duration_seconds=max(0, int(duration.total_seconds())),
            succeeded=not self._faults,
            parameter=run.parameter,
            started_by=run.started_by,
            engines=sorted({ami.engine for ami in amis}),
            instances=faults.instances_of(self._state),
            faults=self._faults,
        )


def _urgent_of_each(amis: Iterable[Ami]) -> int:
    """How many findings of each AMI the page will show, by what the ledger counted; 0 when it will show all."""
    totals = [sum(ami.counts.values()) for ami in amis if ami.findings_key]
    return shown_of_each(sum(totals), len(totals)) if sum(totals) > SHOWN else 0


def _losses(past: Past, evaluation: AmiEvaluation, policy: Policy) -> list[str]:
    """What is not known of the AMI's past, and what follows from it."""
    notes = [f"what is new, open or fixed is not known for sure, as {past.lost}"] if past.lost else []
    if evaluation.uncertain and policy.grace_days:
        why = past.lost or "a part of the lineage's past was lost"
        notes.append(f"no grace (graceDays) for {evaluation.uncertain:,} findings, which may be older, as {why}")
    return notes


def _unreadable(ami: Ami, what: str) -> Reason:
    return reporting.FINDINGS_UNREADABLE(key=ami.findings_key, error=what)
