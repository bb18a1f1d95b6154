"""AMIs that could not be looked up, by what their last assessment knew of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from golden_ami.configuration.parameters import RESOLVE, name_of
from golden_ami.models import VERDICT_TAGS, Ami
from golden_ami.register.model import KnownAmi


def known_id(ami_id: str) -> str:
    """What an AMI is known by: its id; where a parameter holds none, `resolve:ssm:` and its name, of any version."""
    return RESOLVE + name_of(ami_id) if ami_id.startswith(RESOLVE) else ami_id


def known_ids(ami: Ami) -> list[str]:
    """What an AMI that was assessed is known by later: its id, and the parameter that had it."""
    return [ami.ami_id, *([RESOLVE + ami.parameter] if ami.parameter else [])]


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
