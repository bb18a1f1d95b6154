"""The batches of a run, as the iterations of a Map show them: with their AMIs, in input and output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from golden_ami.contracts import Contract
from golden_ami.models import Ami

# Texts of a list that a state holds: four lists of 40 batches stay far below the 256 KiB of a state.
_SHOWN = 10


class Batch(Contract):
    """One iteration: its batch, and the keys of AMIs in it."""

    batch: str
    amis: list[str]


def batches_of(amis: Iterable[Ami]) -> list[Batch]:
    """The batches of these AMIs in order, each with those of them that are in it."""
    keys: dict[str, list[str]] = {}
    for ami in amis:
        keys.setdefault(ami.batch, []).append(ami.key)
    return [Batch(batch=batch, amis=shown(sorted(keys[batch]))) for batch in sorted(keys)]


def shown(texts: Sequence[str]) -> list[str]:
    """The first texts, and how many more there are."""
    more = len(texts) - _SHOWN
    return [*texts[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
