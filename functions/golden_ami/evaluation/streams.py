"""Which versions of a package are of one stream.

A distribution may have several at a time, each with fixes of its own: Amazon Linux 2 the kernels 4.14 and 5.10, Red Hat
the streams of a module. The highest version of one stream is no upgrade for another. No version says its stream, so
that two fixes are taken for the same one's if they have the same first two numbers, or if what they upgrade overlaps:
whoever has a version between another's installed one and its fix has passed through the same stream.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from golden_ami.evaluation.versions import Order, key_of

T = TypeVar("T", bound=Hashable)
Span = tuple[Collection[str], str]  # installed versions, the version that fixes
_SERIES = re.compile(r"(?:\d+:)?v?(\d+(?:\.\d+)?)", re.ASCII)


class Joined(Generic[T]):
    """Things that were joined, directly or over others; the first that was joined stands for all of them."""

    def __init__(self) -> None:
        self._above: dict[T, T] = {}

    def first(self, one: T) -> T:
        """What stands for a thing and all that it was joined to."""
        while (above := self._above.get(one, one)) != one:
            self._above[one] = one = self._above.get(above, above)
        return one

    def join(self, one: T, other: T) -> None:
        """Join two things."""
        self._above[self.first(other)] = self.first(one)


def series(version: str) -> str:
    """The first two numbers of a version, without its epoch; all of it where there are none."""
    found = _SERIES.match(version)
    return found[1] if found else version


def streams(spans: Sequence[Span], order: Order) -> list[int]:
    """For each of a package's upgrades a number that those of its stream share.

    A fix that is no version of the ecosystem is a stream by itself.
    """
    joined = Joined[int]()
    ranks = _ranks({version for installed, to in spans for version in (*installed, to)}, order)
    first: dict[tuple[bool, str], int] = {}
    bounds: list[tuple[int, int, int]] = []
    for number, (installed, to) in enumerate(spans):
        alike = (to in ranks, series(to) if to in ranks else to)
        joined.join(first.setdefault(alike, number), number)
        if to in ranks:
            bounds.append((min(ranks.get(one, ranks[to]) for one in (*installed, to)), ranks[to], number))
    _join_overlapping(bounds, joined)
    return [joined.first(number) for number in range(len(spans))]


def _ranks(versions: Iterable[str], order: Order) -> dict[str, int]:
    """The versions that the ecosystem can read, numbered in its order; equal ones have the same number."""
    keyed = [(key, version) for version in versions if (key := key_of(version, order)) is not None]
    keyed.sort(key=lambda one: one[0])
    found: dict[str, int] = {}
    for at, (key, version) in enumerate(keyed):
        found[version] = at if not at or keyed[at - 1][0] < key else found[keyed[at - 1][1]]
    return found


def _join_overlapping(bounds: Iterable[tuple[int, int, int]], joined: Joined[int]) -> None:
    """Join the numbers whose intervals, from a lowest to a highest rank, overlap."""
    reached, last = -1, -1  # the highest rank so far, and whose it is
    for low, high, number in sorted(bounds):
        if low <= reached:
            joined.join(last, number)
        if high > reached:
            reached, last = high, number
