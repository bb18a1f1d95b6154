"""Which of two package versions is the higher, without knowing much of the package."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cmp_to_key, lru_cache

from packaging.version import Version

from golden_ami.natural_order import Number, number_of


def highest(versions: Iterable[str], manager: str = "") -> str:
    """The highest version; "" when there is none. `manager` is Inspector's packageManager ("OS", "PIP", ...)."""

    def order(one: str, other: str) -> int:
        return compare(one, other, manager)

    return max(sorted(versions), key=cmp_to_key(order), default="")  # of equals the same one, whatever their order


@lru_cache(maxsize=4096)  # the same versions meet in image after image
def compare(one: str, other: str, manager: str = "") -> int:
    """Negative, zero or positive. Language packages by PEP 440 where both are valid, all others as distributions do.

    The latter is the algorithm of Debian Policy 5.6.12 (epoch, upstream, revision; `~` before everything), which
    orders RPM's versions the same way but for `^`, which sorts after the end there.
    """
    if manager.upper() not in ("OS", ""):
        try:
            left, right = Version(one), Version(other)
        except ValueError:  # InvalidVersion, and of a number of thousands of digits Python's own
            pass
        else:
            return (left > right) - (left < right)
    return _by_distribution(one, other)


def _by_distribution(one: str, other: str) -> int:
    (epoch, rest), (other_epoch, other_rest) = _epoch(one), _epoch(other)
    if epoch != other_epoch:
        return -1 if epoch < other_epoch else 1
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    other_upstream, _, other_revision = other_rest.rpartition("-") if "-" in other_rest else (other_rest, "", "")
    return _compare_parts(upstream, other_upstream) or _compare_parts(revision, other_revision)


def _epoch(version: str) -> tuple[Number, str]:
    head, colon, rest = version.strip().partition(":")
    return (number_of(head), rest) if colon and re.fullmatch("[0-9]+", head) else (number_of(""), version.strip())


def _compare_parts(one: str, other: str) -> int:
    """Alternate runs of non-digits and digits; an absent run is empty text or zero."""
    while one or other:
        text, one = _take_text(one)
        other_text, other = _take_text(other)
        key, other_key = _weights(text), _weights(other_text)
        if key != other_key:
            return -1 if key < other_key else 1
        number, one = _take_number(one)
        other_number, other = _take_number(other)
        if number != other_number:
            return -1 if number < other_number else 1
    return 0


def _take_text(version: str) -> tuple[str, str]:
    found = re.search(r"\A[^0-9]*", version)
    end = found.end() if found else 0
    return version[:end], version[end:]


def _take_number(version: str) -> tuple[Number, str]:
    found = re.search(r"\A[0-9]*", version)
    end = found.end() if found else 0
    return number_of(version[:end]), version[end:]


def _weights(text: str) -> list[int]:
    """`~` before the end, the end before letters, letters before anything else."""
    return [-1 if char == "~" else ord(char) + (0 if char.isalpha() else 256) for char in text] + [0]


def without_epoch(version: str) -> str:
    """The version as people write it: an epoch of zero says nothing."""
    return version.removeprefix("0:")
