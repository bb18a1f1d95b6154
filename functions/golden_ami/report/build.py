"""The report of a run, from the ledger's rows and the findings in the store, AMI by AMI."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from threading import Lock
from typing import Any, Protocol

import msgspec

from golden_ami.models import OWN_TAGS, SEVERITIES, Ami, Assessment, Config, Finding, Reason, Run
from golden_ami.parallel import chunks, side_by_side
from golden_ami.report import allowed, faults
from golden_ami.report.assess import Assessed, Assessor, Rules, by_severity, frame
from golden_ami.report.difference import Baseline, Earlier, last_assessment, natural, previous_ami
from golden_ami.report.identity import lineage_of
from golden_ami.report.links import execution_url
from golden_ami.report.model import (
    About,
    AmiReport,
    ExceptionReport,
    Owner,
    Point,
    Report,
    Totals,
)
from golden_ami.report.upgrades import RunUpgrades
from golden_ami.report.urgent import SHOWN, shown_of_each
from golden_ami.storage.keys import standings_key, urgent_key
from golden_ami.storage.objects import Missing, Store
from golden_ami.verdict import exception_status, in_scope, run_verdict

_FINDING = msgspec.json.Decoder(Finding)
_EARLIER = msgspec.json.Decoder(Earlier)
_TOGETHER = 20  # standings encoded by one call
_UPGRADES = 50  # of the run
_TREND = 12  # runs
_LEGACY = dict(zip(SEVERITIES, ("Critical", "High", "Medium", "Low", "Informational", "Undefined"), strict=True))


class History(Protocol):
    """The ledger's index of completed assessments."""

    def assessments(self, lineage: str, limit: int = 60) -> list[Assessment]:
        """The newest completed assessments of a lineage, newest first."""

    def record_assessments(self, assessments: Iterable[Assessment]) -> None:
        """Index completed assessments."""


def build(
    run: Run, amis: Sequence[Ami], state: Mapping[str, Any], store: Store, history: History, completed_at: str
) -> Report:
    """Judge every AMI, compare it with its past, and sum up. Writes standings to the store and the history's index.

    Lineages are read side by side, the AMIs of one lineage in the order of their names; an AMI's findings are never
    all in memory. The report is the same to the byte whichever lineage is done first.
    """
    builder = _Builder(run, amis, state, store, history, completed_at)
    with _seldom_collected():
        found = side_by_side(builder.lineage, builder.lineages())
    history.record_assessments(builder.records)
    return builder.report([assessed for group in found for assessed in group])


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Let the collector of cycles look seldom: there are none here but the SDK's, and it would go through what is
    known of the present AMIs and their past again and again, for a fifth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Builder:
    def __init__(
        self, run: Run, amis: Sequence[Ami], state: Mapping[str, Any], store: Store, history: History, completed_at: str
    ) -> None:
        self._run, self._amis, self._state = run, amis, state
        self._store, self._history, self._completed_at = store, history, completed_at
        self._faults = faults.faults_of(state, run.run_id)
        self._failed = faults.failed_batches(state)
        config = run.config
        self._rules = Rules(
            policy=config.policy,
            exceptions=config.exceptions,
            today=datetime.fromisoformat(completed_at).date(),
            owner_tag=config.owner_tag,
            most=max(3, min(20, 5000 // max(1, len(amis)))),
            urgent=_urgent_of_each(amis),
        )
        self._lock = Lock()
        self._upgrades = RunUpgrades()
        self._points: dict[str, Point] = {}
        self.records: list[Assessment] = []  # of the AMIs that were assessed

    def lineages(self) -> list[list[Ami]]:
        """The AMIs by lineage, each in the order of their names."""
        groups: dict[str, list[Ami]] = {}
        for ami in sorted(self._amis, key=lambda ami: (natural(ami.name), ami.key)):
            groups.setdefault(lineage_of(ami), []).append(ami)
        return list(groups.values())

    def lineage(self, amis: Sequence[Ami]) -> list[tuple[Ami, Assessed]]:
        """Assess the AMIs of one lineage."""
        history = self._history.assessments(lineage_of(amis[0]))
        self._note_trend(history)
        found = []
        for ami in amis:
            assessed = self._ami(ami, history)
            found.append((ami, assessed))
            records = [] if assessed.report.verdict == "NOT_ASSESSED" else [self._assessment(ami, assessed.report)]
            history[:0] = records
            with self._lock:
                self.records += records
                self._upgrades.add(assessed.upgrades)
            assessed.upgrades = []
        return found

    def _ami(self, ami: Ami, history: Sequence[Assessment]) -> Assessed:
        reason = ami.reason
        if reason is None and not ami.findings_key:
            reason = faults.reason_without_outcome(ami.batch, self._failed, self._faults)
        if reason:
            return Assessed(frame(ami, self._rules, reason))
        try:
            return self._assessed(ami, self._baselines(ami, history))
        except Missing as error:
            return Assessed(frame(ami, self._rules, _unreadable(ami, f"no object {error}, or no permission")))
        except msgspec.MsgspecError as error:
            return Assessed(frame(ami, self._rules, _unreadable(ami, f"a line of it is no finding: {error}")))

    def _assessed(self, ami: Ami, baselines: Sequence[Baseline]) -> Assessed:
        key = standings_key(ami.run_id, ami.key)
        encode = msgspec.json.Encoder().encode_lines
        again = not self._rules.urgent  # by the page and the other formats of a small run
        with self._store.writing(key, "application/x-ndjson", again=again) as out:
            assessor = Assessor(ami, self._rules, baselines)
            lines: Iterable[bytes] = filter(None, self._store.lines(ami.findings_key, again=again))
            if again:
                lines = map(_readable, lines)
            for standings in chunks(map(assessor.judge, lines), _TOGETHER):
                out.write(encode(standings))
            assessed = assessor.outcome()
        if self._rules.urgent:
            with self._store.writing(urgent_key(ami.run_id, ami.key), "application/x-ndjson") as out:
                out.write(encode(assessed.urgent))
            assessed.urgent = []
        assessed.report.findings_key, assessed.report.standings_key = ami.findings_key, key
        return assessed

    def _baselines(self, ami: Ami, history: Sequence[Assessment]) -> list[Baseline]:
        found = (last_assessment(ami, history), previous_ami(ami, history, self._completed_at))
        return [baseline for one in found if one and (baseline := self._baseline(one))]

    def _baseline(self, one: Assessment) -> Baseline | None:
        try:
            lines = self._store.lines(one.standings_key, again=not self._rules.urgent)
            return Baseline(one, (_EARLIER.decode(line) for line in lines if line))
        except (Missing, msgspec.MsgspecError):
            return None  # expired or damaged: as if there were none, which calls nothing fixed

    def _assessment(self, ami: Ami, report: AmiReport) -> Assessment:
        return Assessment(
            run_id=self._run.run_id,
            key=ami.key,
            ami_id=ami.ami_id,
            name=ami.name,
            lineage=lineage_of(ami),
            engine=ami.engine,
            completed_at=self._completed_at,
            verdict=report.verdict,
            counts=report.counts,
            standings_key=report.standings_key,
            partial=ami.scan_status == "PARTIAL",
        )

    def _note_trend(self, history: Sequence[Assessment]) -> None:
        with self._lock:
            for one in history:
                if one.run_id == self._run.run_id:
                    continue
                point = self._points.setdefault(one.run_id, Point(run_id=one.run_id, completed_at=one.completed_at))
                point.amis += 1
                point.failed += one.verdict == "FAIL"
                _add(point.counts, one.counts)

    # ------------------------------------------------------------ the whole

    def report(self, found: Sequence[tuple[Ami, Assessed]]) -> Report:
        """Sum up."""
        config = self._run.config
        amis = sorted((assessed.report for _, assessed in found), key=_by_verdict)
        totals = totals_of(amis)
        matches = sum((assessed.exceptions for _, assessed in found), Counter[int]())
        present = Point(
            run_id=self._run.run_id,
            completed_at=self._completed_at,
            amis=totals.passed + totals.failed,
            failed=totals.failed,
            counts=totals.counts,
        )
        earlier = sorted(self._points.values(), key=lambda point: (point.completed_at, point.run_id))[1 - _TREND :]
        for point in earlier:
            point.counts = by_severity(point.counts)
        return Report(
            run=self._about(amis),
            verdict=run_verdict(ami.verdict for ami in amis),
            totals=totals,
            policy=config.policy,
            amis=amis,
            upgrades=self._upgrades.ranked()[:_UPGRADES],
            exceptions=self._exceptions(found, matches),
            owners=owners_of(amis, config),
            trend=[*earlier, *([present] if present.amis else [])],
            allowed_amis=allowed.criteria(amis, {ami.key: ami.owner_id for ami, _ in found}),
            legacy=[legacy_of(ami) for ami in amis],
        )

    def _about(self, amis: Sequence[AmiReport]) -> About:
        run = self._run
        duration = datetime.fromisoformat(self._completed_at) - datetime.fromisoformat(run.started_at)
        instances = faults.instances_of(self._state)
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
            engines=sorted({ami.engine for ami in amis}),
            instances=instances,
            faults=self._faults,
        )

    def _exceptions(self, found: Sequence[tuple[Ami, Assessed]], matches: Counter[int]) -> list[ExceptionReport]:
        reports = []
        unknown = [ami for ami, assessed in found if assessed.report.verdict == "NOT_ASSESSED"]
        for index, exception in enumerate(self._rules.exceptions):
            status = exception_status(exception, matches[index], self._rules.today)
            unseen = sum(in_scope(exception.scope, ami) for ami in unknown)
            days = (date.fromisoformat(exception.expires) - self._rules.today).days
            message = _exception_message(status, matches[index], exception.expires, days)
            if unseen and not matches[index]:
                message += f"; {unseen} AMI{'s' if unseen > 1 else ''} in its scope could not be assessed"
            reports.append(ExceptionReport(exception=exception, status=status, matches=matches[index], message=message))
        return reports


def _urgent_of_each(amis: Iterable[Ami]) -> int:
    """How many findings of each AMI the page will show, by what the ledger counted; 0 when it will show all."""
    totals = [sum(ami.counts.values()) for ami in amis if ami.findings_key]
    return shown_of_each(sum(totals), len(totals)) if sum(totals) > SHOWN else 0


def _exception_message(status: str, matches: int, expires: str, days: int) -> str:
    covered = f"{matches} finding{'' if matches == 1 else 's'}"
    if status == "EXPIRED":
        counts = f"{covered} count again" if matches != 1 else f"{covered} counts again"
        return f"expired on {expires}; {counts if matches else 'it matches nothing'}"
    if status == "UNUSED":
        return "matches nothing; remove it, or correct its vulnerability or scope"
    left = "today is its last day" if days == 0 else f"expires in {days} day{'' if days == 1 else 's'}"
    return f"accepts {covered}; {left}" if status == "EXPIRING" else f"accepts {covered}"


def _readable(line: bytes) -> bytes:
    """The line, when a whole finding can be read in it. Raises msgspec's MsgspecError."""
    _FINDING.decode(line)
    return line


def _unreadable(ami: Ami, what: str) -> Reason:
    return Reason(
        code="FINDINGS_UNREADABLE",
        message=f"the findings at {ami.findings_key} cannot be read: {what}",
        remedy="Assess this AMI again; check that nothing else writes to or deletes from the report bucket.",
    )


def _by_verdict(ami: AmiReport) -> tuple[int, int, str, str]:
    return ("FAIL", "NOT_ASSESSED", "PASS").index(ami.verdict), -ami.failing, ami.name or ami.ami_id, ami.key


def _add(counts: dict[Any, int], more: Mapping[Any, int]) -> None:
    for severity, count in more.items():
        counts[severity] = counts.get(severity, 0) + count


def totals_of(amis: Sequence[AmiReport]) -> Totals:
    """Sums over AMIs. What changed is summed over those with an earlier assessment of themselves, else of their
    lineage's previous AMI."""
    totals = Totals(amis=len(amis))
    for ami in amis:
        totals.passed += ami.verdict == "PASS"
        totals.failed += ami.verdict == "FAIL"
        totals.not_assessed += ami.verdict == "NOT_ASSESSED"
        _add(totals.counts, ami.counts)
        totals.findings += ami.total
        for name in ("known_exploited", "exploit_available", "fixable", "excepted", "failing"):
            setattr(totals, name, getattr(totals, name) + getattr(ami, name))
        if change := ami.since_last_run or ami.since_previous_ami:
            totals.compared += 1
            totals.new += change.new
            totals.open += change.open
            totals.fixed += change.fixed
    totals.counts = by_severity(totals.counts)
    return totals


def owners_of(amis: Sequence[AmiReport], config: Config) -> list[Owner]:
    """The owners of the AMIs, by name; those without an owner last, under ""."""
    owners: dict[str, Owner] = {}
    for ami in amis:
        owner = owners.setdefault(ami.owner, Owner(owner=ami.owner, topic=config.routes.get(ami.owner, "")))
        owner.amis += 1
        owner.passed += ami.verdict == "PASS"
        owner.failed += ami.verdict == "FAIL"
        owner.not_assessed += ami.verdict == "NOT_ASSESSED"
    return sorted(owners.values(), key=lambda owner: (not owner.owner, owner.owner))


def legacy_of(ami: AmiReport) -> dict[str, str | int]:
    """The object that the 2017 solution published of an instance: its tags without ours, and counts by severity.

    It knew no CRITICAL; an AMI that was not assessed has a reason instead of counts, for zero would read as clean.
    """
    found: dict[str, str | int] = {key: value for key, value in ami.tags.items() if key not in OWN_TAGS}
    if ami.reason:
        return found | {"Not-Assessed": f"{ami.reason.code}: {ami.reason.message}"}
    return found | {f"Finding-Severity-{word}-Count": ami.counts.get(name, 0) for name, word in _LEGACY.items()}
