"""Text in which digits count as numbers. Pure."""

from __future__ import annotations

import re

Number = tuple[int, str]
_DIGITS = "0123456789"


def number_of(digits: str) -> Number:
    """ASCII digits as a sort key, however many; Python's int refuses more than 4,300."""
    significant = digits.lstrip("0")
    return len(significant), significant


def natural_order(name: str) -> list[Number]:
    """A sort key in which "v9" comes before "v10"."""
    return [number_of(part) if part[0] in _DIGITS else (-1, part) for part in re.split("([0-9]+)", name) if part]
