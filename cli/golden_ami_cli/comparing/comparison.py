"""Two runs compared by their reports and stored findings, by the rules by which a run is compared with the last one.

The first run makes a register of its own (golden_ami.register), against which the findings of the second are held.
"""

from __future__ import annotations

from datetime import date

from golden_ami.evaluation.ami import item_of
from golden_ami.evaluation.comparison import comparison_of
from golden_ami.evaluation.model import FindingStatus
from golden_ami.evidence.requirements import DEFAULT, lacking
from golden_ami.models import Ami, AmiEntry, Assessment, Config, Finding, FindingKind
from golden_ami.register.looked import kind_of, looked_at
from golden_ami.register.model import Header
from golden_ami.register.past import Compared, Past
from golden_ami.register.register import Register
from golden_ami.report.findings import findings_of
from golden_ami.report.model import AmiReport, Report
from golden_ami.report.order import urgency
from golden_ami.storage.objects import Missing, Store
from golden_ami_cli.comparing.model import AmiChanges, AmiSide, ChangeTotals, Diff, RunSide
from golden_ami_cli.comparing.pairs import Pair, pairs

Found = list[tuple[Finding, FindingStatus]]


def compare(before: Report, after: Report, store: Store) -> Diff:
    """What changed from one run to another, both of this store."""
    amis = [_changes(pair, before, after, store) for pair in pairs(before.amis, after.amis)]
    totals = ChangeTotals(
        compared=sum(ami.compared for ami in amis),
        new=sum(len(ami.new) for ami in amis),
        open=sum(len(ami.open) for ami in amis),
        fixed=sum(len(ami.fixed) for ami in amis),
    )
    return Diff(before=_run(before), after=_run(after), totals=totals, amis=amis)


def _run(report: Report) -> RunSide:
    return RunSide(run_id=report.run.run_id, completed_at=report.run.completed_at, verdict=report.verdict)


def _side(ami: AmiReport | None) -> AmiSide | None:
    if ami is None:
        return None
    return AmiSide(ami_id=ami.ami_id, name=ami.name, verdict=ami.verdict, report_only=ami.report_only)


def _changes(pair: Pair, before: Report, after: Report, store: Store) -> AmiChanges:
    named = pair.after or pair.before
    assert named is not None
    changes = AmiChanges(
        account=named.account,
        region=named.region,
        lineage=named.lineage,
        match=pair.match,
        before=_side(pair.before),
        after=_side(pair.after),
    )
    if pair.before and pair.after:
        _compare(changes, (before, pair.before), (after, pair.after), store)
    else:
        changes.note = f"only in run {(after if pair.after else before).run.run_id}"
    return changes


def _compare(
    changes: AmiChanges, first: tuple[Report, AmiReport], second: tuple[Report, AmiReport], store: Store
) -> None:
    """Fill in what changed, if both runs have stored what they found."""
    stored = []
    for report, ami in (first, second):
        if not ami.standings_key:
            changes.note = f"run {report.run.run_id} has no findings of it: {_why(ami)}"
            return
        try:
            stored.append([*findings_of(store, ami)])
        except Missing:
            changes.note = f"the findings of run {report.run.run_id} are gone"
            return
    _hold_against(changes, _register_of(*first, stored[0]), *second, stored[1])


def _why(ami: AmiReport) -> str:
    return ami.reason.message if ami.reason else "it was not assessed"


def _register_of(report: Report, ami: AmiReport, found: Found) -> Register:
    """A register of what one run found on an AMI."""
    at, looked = report.run.completed_at, _looked(ami, found)
    register = Register(Header(lineage=f"{ami.account}/{ami.region}/{ami.lineage}"))
    past = Past(register, _row(ami, report.run.run_id), looked, at)
    _match(past, found)
    assessment = Assessment(
        run_id=report.run.run_id, key=ami.key, ami_id=ami.ami_id, name=ami.name, lineage=register.lineage,
        engine=ami.engine, completed_at=at, verdict=ami.verdict, looked_at=looked,
    )  # fmt: skip
    past.record(assessment)
    return register


def _hold_against(changes: AmiChanges, register: Register, report: Report, ami: AmiReport, found: Found) -> None:
    """List what is new, open and fixed since the earlier run."""
    row, at = _row(ami, report.run.run_id), report.run.completed_at
    past = Past(register, row, _looked(ami, found), at)
    past.compared = [earlier := Compared(register, register.assessments[0])]
    for (finding, status), change in sorted(_match(past, found), key=lambda one: urgency(*one[0]), reverse=True):
        if change:
            (changes.new if change == "NEW" else changes.open).append(item_of(finding, status))
    comparison = comparison_of(earlier, past, row, [], len(register.entries), date.fromisoformat(at[:10]))
    changes.compared, changes.note, changes.fixed = True, comparison.note, comparison.fixed_items


def _match(past: Past, found: Found) -> list[tuple[tuple[Finding, FindingStatus], str]]:
    """Each finding with what changed, once for each identity."""
    for _, status in found:
        past.expect(status.identities)
    matched = []
    for finding, status in found:
        known = past.match(finding, status.identities, status.since)
        if not known.again:
            matched.append(((finding, status), next(iter(known.changes), "")))
    return matched


def _looked(ami: AmiReport, found: Found) -> list[FindingKind]:
    """The kinds of findings that the AMI's scan would have shown.

    The report does not say at which level a CIS benchmark ran: it was level 2 where a check of that level failed.
    """
    if ami.verdict == "NOT_ASSESSED" and lacking(ami.evidence, DEFAULT):
        return []
    deep = any(kind_of(finding) == "cisLevel2" for finding, _ in found)
    return looked_at(_row(ami), Config(cis="LEVEL_2" if deep else "LEVEL_1"))


def _row(ami: AmiReport, run_id: str = "") -> Ami:
    """The AMI as the ledger had it, as far as the comparison asks."""
    return Ami(
        run_id=run_id, batch="", key=ami.key, ami_id=ami.ami_id, entry=AmiEntry(ami_id=ami.ami_id), engine=ami.engine,
        region=ami.region, account=ami.account, name=ami.name, lineage=ami.lineage, evidence=ami.evidence,
    )  # fmt: skip
