"""Instants: stored as ISO 8601 text in UTC, read from every form in which AWS writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """The present instant, aware, UTC."""
    return datetime.now(UTC)


def iso(instant: datetime) -> str:
    """The instant as `2026-03-01T12:00:00Z`, or with milliseconds where it has them. Naive means UTC."""
    aware = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    return aware.isoformat(timespec="milliseconds" if aware.microsecond >= 1000 else "seconds").replace("+00:00", "Z")


def after(seconds: float) -> str:
    """The instant that many seconds from now."""
    return iso(now() + timedelta(seconds=seconds))


def passed(instant: str) -> bool:
    """Whether an instant, as `iso` writes it, is not in the future."""
    return datetime.fromisoformat(instant) <= now()


def until(instant: str) -> float:
    """Seconds until an instant, as `iso` writes it; negative when it has passed."""
    return (datetime.fromisoformat(instant) - now()).total_seconds()


def seconds_between(one: str, other: str) -> float:
    """Seconds from one instant to another, as `iso` writes them; negative when the other is the earlier one."""
    return (datetime.fromisoformat(other) - datetime.fromisoformat(one)).total_seconds()


def days_apart(one: str, other: str) -> float:
    """Days between two instants, as `iso` writes them; never negative."""
    return abs(seconds_between(one, other)) / 86_400


def read(value: object) -> str:
    """Any date of AWS as `iso` writes it; "" when it cannot be read."""
    try:
        found = _read(value)
        return iso(found) if found else ""
    except (ValueError, OverflowError, OSError, TypeError):
        return ""


def _read(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_epoch(value)
    if not isinstance(value, str) or not value.strip():
        return None
    text = " ".join(value.split())  # also the narrow no-break space that newer Java puts before AM and PM
    for parse in (datetime.fromisoformat, _of_words, _of_epoch):
        try:
            return parse(text)
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def _of_epoch(value: str | float) -> datetime:
    seconds = float(value)
    return datetime.fromtimestamp(seconds / 1000 if abs(seconds) > 1e11 else seconds, UTC)


# What says nothing, or the same in fewer words, in dates for people: day of the week, the rest of a month's name, a
# fraction beyond microseconds, a zone that is UTC, and the zones with names in RFC 5322, section 4.3.
_PLAIN = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE), plain)
    for pattern, plain in (
        (r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? ", ""),
        (r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?", r"\1"),
        (r"(?<=\d)t(?=\d)", " "),
        (r"(:\d\d)[.,](\d{1,6})\d*", r"\1.\2"),
        (r"(?<![\d:+-])(\d{1,2}:\d\d)(?![\d:])", r"\1:00"),
        (r"[(\[]?\b(utc|gmt|ut|z)\b(?=[+-]\d)", ""),
        (r" ?\([a-z ]+\)| ?\[[a-z/]+\]|(?<=\d)z(?![a-z])| \b(utc|gmt|ut|z)\b|[)\]]", ""),
        *((rf"\b{name}\b", offset) for name, offset in (
            ("edt", "-0400"), ("est", "-0500"), ("cdt", "-0500"), ("cst", "-0600"), ("mdt", "-0600"), ("mst", "-0700"),
            ("pdt", "-0700"), ("pst", "-0800"),
        )),
        (r",", ""),
        (r" ?([+-]\d\d:?\d\d)\b(?!-)", r" \1"),
    )
)  # fmt: skip
_FORMS = tuple(
    form.format(clock=f"{clock}{zone}")
    for form, clocks in (
        ("%b %d {clock} %Y", ("%H:%M:%S.%f", "%H:%M:%S")),  # EventBridge's `Inspector2 Finding`; Java's Date.toString
        ("%Y-%m-%d {clock}", ("%H:%M:%S.%f", "%H:%M:%S")),
        ("%Y/%m/%d {clock}", ("%H:%M:%S.%f", "%H:%M:%S")),
        ("%d %b %Y {clock}", ("%H:%M:%S.%f", "%H:%M:%S")),  # RFC 5322
        ("%b %d %Y {clock}", ("%I:%M:%S %p", "%I:%M:%S.%f %p", "%H:%M:%S.%f", "%H:%M:%S")),  # Java's default forms
    )
    for clock in clocks
    for zone in ("", " %z")
)


def _of_words(text: str) -> datetime:
    """A date for people. One without a zone means UTC. Raises ValueError."""
    for pattern, plain in _PLAIN:
        text = pattern.sub(plain, text)
    for form in _FORMS:
        try:
            return datetime.strptime(text.strip(), form)
        except ValueError:
            continue
    raise ValueError(text)
