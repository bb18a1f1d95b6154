"""Places: an account and a region, where AMIs live and are scanned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from golden_ami.models import Ami, AmiEntry
from golden_ami.settings import Settings


class Place(NamedTuple):
    """An account and a region."""

    account: str
    region: str


def home(settings: Settings) -> Place:
    """The stack's own place."""
    return Place(settings.account, settings.region)


def place_of(entry: AmiEntry | Ami, settings: Settings) -> Place:
    """Where the AMI of an entry, or of a row of the ledger, lives."""
    return Place(entry.account or settings.account, entry.region or settings.region)


def places_of(amis: Iterable[Ami], settings: Settings) -> list[Place]:
    """The stack's own place first, then every other one in which the AMIs live."""
    return list(dict.fromkeys([home(settings), *(place_of(ami, settings) for ami in amis)]))


def named(place: Place) -> str:
    """The place as a message names it."""
    return f"{place.region} of account {place.account}"
