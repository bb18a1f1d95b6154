"""The first register of a lineage, from what a release without registers kept: the standings of single runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from golden_ami.lineage.builds import without_builds
from golden_ami.models import Ami, Assessment, Data, Severity
from golden_ami.package_names import lasting
from golden_ami.register.looked import assumed, kind_of_type
from golden_ami.register.model import Entry
from golden_ami.register.register import Register
from golden_ami.storage.digests import Changed, checked
from golden_ami.storage.objects import UNDECODABLE, Missing, Store

_OF_EACH = 2  # assessments of an AMI that are read


class _Status(Data, gc=False):
    """A line of standings, as far as it is needed."""

    # Vulnerability, package, architecture, path of each package that the finding names.
    identities: Annotated[list[tuple[str, str, str, str]], Meta(min_length=1)]
    severity: Severity
    type: str
    since: str


def belonging(lineage: str, amis: Sequence[Ami]) -> Callable[[Assessment], bool]:
    """Whether an assessment of an earlier release is of the lineage of these AMIs, which may have been one with others.

    Where their names tell the lineage, its name must; else every assessment of the former lineage counts.
    """
    ids, name = {ami.ami_id for ami in amis}, lineage.split("/", 2)[2]
    by_name = any(ami.lineage_rule in ("nameTag", "imageName") for ami in amis)

    def belongs(one: Assessment) -> bool:
        return one.lineage == lineage or one.ami_id in ids or not by_name or without_builds(one.name) == name

    return belongs


def take_over(register: Register, assessments: Sequence[Assessment], store: Store) -> None:
    """Fill an empty register with what these assessments found, newest first. What cannot be read is `lost`."""
    taken: dict[str, int] = {}
    first = {one.ami_id: one.completed_at for one in assessments}  # the last that is met is the oldest
    for one in assessments:
        if one.partial or taken.get(one.ami_id, 0) >= _OF_EACH:
            continue
        taken[one.ami_id] = taken.get(one.ami_id, 0) + 1
        try:
            statuses = _read(one, store)
        except (Missing, Changed, ValueError, *UNDECODABLE) as error:
            register.lost = f"{one.standings_key} of an earlier assessment cannot be read: {error}"
            continue
        found = [_entered(register, status, one) for status in statuses]
        register.record(replace(one, first_at=first[one.ami_id], looked_at=list(assumed(one.engine))), found)


_DECODE = msgspec.json.Decoder(_Status).decode


def _read(assessment: Assessment, store: Store) -> list[_Status]:
    """All statuses of an assessment, or none. Raises Missing, Changed, ValueError, and what `UNDECODABLE` names."""
    key = assessment.standings_key
    lines = list(checked(store.lines(key, again=False), key, assessment.standings_sha256))
    statuses = [_DECODE(line) for line in lines if line]
    for status in statuses:
        date.fromisoformat(status.since)
    return statuses


def _entered(register: Register, status: _Status, assessment: Assessment) -> int:
    packages = list(dict.fromkeys(_package(status, package) for _, package, _, _ in status.identities))
    seen = Entry(
        status.identities[0][0], packages, kind_of_type(status.type, status.severity), status.severity, status.since,
        assessment.completed_at[:10], source="standings",
    )  # fmt: skip
    if same := register.same(seen.identities):
        register.see(same[0], seen)
        return same[0]
    return register.add(seen)


def _package(status: _Status, package: str) -> tuple[str, str]:
    """A package, whose manager is not in the standings; of a reachability finding, protocol and ports, which are."""
    if status.type == "NETWORK_REACHABILITY":
        return "network", status.identities[0][3]
    return "", lasting("", package)
