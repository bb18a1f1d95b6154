"""Which versions of a package are of one stream.

A distribution may have several at a time, each with fixes of its own: Amazon Linux 2 the kernels 4.14 and 5.10, Red Hat
the streams of a module. The highest version of one stream is no upgrade for another. No version says its stream, so
that two fixes are taken for the same one's if they have the same first two numbers, or if what they upgrade overlaps:
whoever has a version between another's installed one and its fix has passed through the same stream.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from golden_ami.evaluation.versions import Key, Order, key_of

T = TypeVar("T", bound=Hashable)
Span = tuple[Iterable[str], str]  # installed versions, the version that fixes
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
    first: dict[tuple[bool, str], int] = {}
    bounds: list[tuple[Key, Key, int]] = []
    for number, (installed, to) in enumerate(spans):
        high = key_of(to, order)
        alike = (high is not None, to if high is None else series(to))
        joined.join(first.setdefault(alike, number), number)
        if high is not None:
            keys = [key for one in installed if (key := key_of(one, order)) is not None]
            bounds.append((_lowest([*keys, high]), high, number))
    _join_overlapping(bounds, joined)
    return [joined.first(number) for number in range(len(spans))]


def _lowest(keys: Sequence[Key]) -> Key:
    lowest = keys[0]
    for key in keys[1:]:
        lowest = key if key < lowest else lowest
    return lowest


class _ByLow:
    def __init__(self, bound: tuple[Key, Key, int]) -> None:
        self.low = bound[0]

    def __lt__(self, other: _ByLow) -> bool:
        return self.low < other.low


def _join_overlapping(bounds: Iterable[tuple[Key, Key, int]], joined: Joined[int]) -> None:
    reached: tuple[Key, int] | None = None  # the highest fix so far, and whose it is
    for low, high, number in sorted(bounds, key=_ByLow):
        if reached and not reached[0] < low:
            joined.join(reached[1], number)
        if reached is None or reached[0] < high:
            reached = high, number
