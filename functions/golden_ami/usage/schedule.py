"""How often a schedule starts a run in a month.

Expressions are those of EventBridge Scheduler (its User Guide, "Schedule types in EventBridge Scheduler").
"""

from __future__ import annotations

import re

_YEAR_DAYS = 365.25
_MONTHS = 12
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}
# minutes, hours, days of the month, months, days of the week: the least and the most value of each field
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7))
_NAMES = ("", "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", "SUN MON TUE WED THU FRI SAT")


def runs_a_month(expression: str) -> float | None:
    """Runs in a month of a twelfth of a year, on average; None for an expression that is not understood.

    >>> runs_a_month("rate(12 hours)"), runs_a_month("cron(0 6 1 * ? *)"), runs_a_month("at(2026-12-01T00:00:00)")
    (60.875, 1.0, 1.0)
    """
    kind, _, rest = expression.strip().partition("(")
    words = rest.removesuffix(")").split()
    if kind == "at":
        return 1.0
    if kind == "rate" and len(words) == 2 and words[0].isdigit() and words[1].removesuffix("s") in _MINUTES:
        minutes = int(words[0]) * _MINUTES[words[1].removesuffix("s")]
        return _YEAR_DAYS * 1440 / _MONTHS / minutes if minutes else None
    if kind == "cron" and len(words) == 6:
        return _cron(words)
    return None


def _cron(words: list[str]) -> float | None:
    try:
        minutes, hours, days, months, weekdays = (
            _count(word, field) for word, field in zip(words, _FIELDS, strict=False)
        )
    except ValueError:
        return None
    if words[4] not in ("?", "*"):
        once = "#" in words[4] or words[4].endswith("L")
        a_month = 1.0 if once else weekdays * _YEAR_DAYS / 7 / _MONTHS
    else:
        a_month = _YEAR_DAYS / _MONTHS if words[2] in ("?", "*") else days
    return minutes * hours * a_month * months / _MONTHS


def _count(word: str, field: tuple[int, int]) -> float:
    """How many values a field has. Raises ValueError."""
    return float(sum(len(_values(part, field)) for part in word.split(",")))


def _values(part: str, field: tuple[int, int]) -> range:
    least, most = field
    span, _, step = part.partition("/")
    if span in ("*", "?"):
        first, last = least, most
    elif re.fullmatch(r"L|\d*W|\w+(#\d|L)", span):
        return range(1)
    else:
        start, _, end = span.partition("-")
        first = _value(start, field)
        last = _value(end, field) if end else (most if step else first)
        last += 0 if first <= last else most - least + 1  # FRI-MON
    return range(first, last + 1, int(step or 1))


def _value(word: str, field: tuple[int, int]) -> int:
    names = next((one.split() for one in _NAMES if len(one.split()) == field[1]), [])
    return names.index(word.upper()) + 1 if word.upper() in names else int(word)
