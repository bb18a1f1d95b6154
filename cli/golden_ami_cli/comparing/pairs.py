"""Which AMI of a run is compared with which AMI of another run. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from golden_ami.natural_order import natural_order
from golden_ami.report.model import AmiReport

Match = Literal["AMI", "LINEAGE", ""]  # what two AMIs have in common; "": the AMI is in one of the runs only
_Identity = tuple[str, str, str]  # account, Region, and AMI id or lineage


class Pair(NamedTuple):
    """An AMI of the second run and the one of the first that it is compared with; one of them may be missing."""

    match: Match
    before: AmiReport | None
    after: AmiReport | None


def pairs(before: Sequence[AmiReport], after: Sequence[AmiReport]) -> list[Pair]:
    """The AMIs of the second run in their order, each with the same AMI of the first run, else with the newest one of
    its lineage there, by name; then what is in the first run only."""
    same = {_ami(ami): ami for ami in before}
    newest = {_lineage(ami): ami for ami in sorted(before, key=lambda ami: natural_order(ami.name)) if ami.lineage}
    found = [_pair(ami, same.get(_ami(ami)), newest.get(_lineage(ami))) for ami in after]
    taken = {pair.before.key for pair in found if pair.before}
    return [*found, *(Pair("", ami, None) for ami in before if ami.key not in taken)]


def _pair(ami: AmiReport, same: AmiReport | None, newest: AmiReport | None) -> Pair:
    if same:
        return Pair("AMI", same, ami)
    return Pair("LINEAGE" if newest else "", newest, ami)


def _ami(ami: AmiReport) -> _Identity:
    return ami.account, ami.region, ami.ami_id


def _lineage(ami: AmiReport) -> _Identity:
    return ami.account, ami.region, ami.lineage
