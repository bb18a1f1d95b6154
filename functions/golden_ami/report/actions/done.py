"""What was done with the AMIs' verdicts: kept for a repetition of the step, and told by the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from golden_ami.report.model import Action, ActionName, AmiAction, AmiReport, Report

if TYPE_CHECKING:
    from golden_ami.ledger import Ledger

Outcomes = dict[str, AmiAction]  # by the AMI's key
_NAMED = 10  # AMIs
_REFUSALS = 3  # different ones that are told


class Done(NamedTuple):
    """What the ledger notes of a run's actions. `again` sets those of a redriven run apart from those before."""

    run_id: str
    ledger: Ledger
    again: str

    def intended(self, name: str, amis: Sequence[AmiReport]) -> list[AmiReport]:
        """The AMIs of which the action is not confirmed, recorded before it is asked for."""
        done = self.ledger.all_sent(self.run_id, f"{name}#")
        rest = [ami for ami in amis if self._note(name, ami.key) not in done]
        self.ledger.intend(self.run_id, [self._note(name, ami.key) for ami in rest])
        return rest

    def confirm(self, name: str, ids: Mapping[str, str]) -> None:
        """Note what AWS confirmed, by the AMIs' keys with AWS's id of it."""
        self.ledger.note_sent(self.run_id, {self._note(name, key): given for key, given in ids.items()})

    def _note(self, name: str, key: str) -> str:
        return f"{name}#{key}{self.again}"


def outcomes_of(name: ActionName, amis: Iterable[AmiReport], detail: str, refused: Mapping[str, str]) -> Outcomes:
    """That the action was done with the AMIs but those that were refused, by key with the refusal."""
    return {
        ami.key: AmiAction(action=name, outcome="REFUSED", detail=refused[ami.key])
        if ami.key in refused
        else AmiAction(action=name, outcome="DONE", detail=detail)
        for ami in amis
    }


def would(name: ActionName, amis: Iterable[AmiReport], detail: str) -> Outcomes:
    """What a dry run would have done."""
    return {ami.key: AmiAction(action=name, outcome="WOULD", detail=detail) for ami in amis}


def tell(report: Report, name: ActionName, outcomes: Outcomes, *, dry_run: bool) -> None:
    """Put what was done into the report: with each AMI, and summed up."""
    ids: dict[str, list[str]] = {}  # by outcome
    refused: dict[str, list[str]] = {}  # by why
    for ami in report.amis:
        if one := outcomes.get(ami.key):
            ami.actions.append(one)
            ids.setdefault(one.outcome, []).append(ami.ami_id)
            if one.outcome == "REFUSED":
                refused.setdefault(one.detail, []).append(ami.ami_id)
    counts = Counter(one.outcome for one in outcomes.values())
    action = Action(
        action=name,
        amis=counts["WOULD" if dry_run else "DONE"],
        asked=len(outcomes),
        kept=counts["KEPT"],
        refused=counts["REFUSED"],
        done=not dry_run and not counts["REFUSED"],
    )
    changed = _names(ids.get("WOULD" if dry_run else "DONE", []))
    named = f"{action.amis} of {action.asked} done" + (f": {changed}" if action.amis else "")
    parts = [f"dry run: {changed}" if dry_run else named if outcomes else changed]
    parts += [f"{action.kept} left as they were: {_names(ids['KEPT'])}"] if action.kept else []
    parts += [f"{action.refused} refused: {_refusals(refused)}"] if action.refused else []
    action.detail = "; ".join(parts)
    report.actions.append(action)


def _names(ids: Sequence[str], most: int = _NAMED) -> str:
    shown = ", ".join(ids[:most]) or "no AMI"
    return shown + (f" and {len(ids) - most} more" if len(ids) > most else "")


def _refusals(refused: Mapping[str, Sequence[str]]) -> str:
    """The first ones that differ, each with its first AMIs."""
    texts = [f"{_names(ids, _REFUSALS)}: {why}" for why, ids in refused.items()]
    more = f"; and {len(texts) - _REFUSALS} more" if len(texts) > _REFUSALS else ""
    return "; ".join(texts[:_REFUSALS]) + more
