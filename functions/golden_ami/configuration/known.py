"""AMIs that could not be looked up, by what their last assessment knew of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from golden_ami.models import VERDICT_TAGS, Ami
from golden_ami.register.model import KnownAmi, known_id


class KnownAmis(Protocol):
    """The ledger's rows about AMIs."""

    def known_amis(self, amis: Iterable[tuple[str, str, str]]) -> list[KnownAmi]:
        """What is known of AMIs, given by account, region and AMI id."""


def remember(amis: Sequence[Ami], known: KnownAmis) -> None:
    """Give the AMIs that cannot be assessed name, lineage, tags and owner of their last assessment.

    So their owner hears of them, and an exception for their lineage is not called unused.
    """
    lost = {(ami.account, ami.region, known_id(ami.ami_id)): ami for ami in amis if ami.reason}
    for one in known.known_amis(lost):
        ami = lost[one.account, one.region, one.ami_id]
        if not ami.name:
            ami.name, ami.owner_id = one.name, one.owner_id
            ami.tags = {key: value for key, value in one.tags.items() if key not in VERDICT_TAGS}
            ami.lineage = ami.lineage or one.lineage
