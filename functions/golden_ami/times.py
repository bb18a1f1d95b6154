"""Instants: stored as ISO 8601 text in UTC, read from every form in which AWS writes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


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
    for parse in (datetime.fromisoformat, *_PARSERS, parsedate_to_datetime, _of_epoch):
        try:
            return parse(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _of_epoch(value: str | float) -> datetime:
    seconds = float(value)
    return datetime.fromtimestamp(seconds / 1000 if abs(seconds) > 1e11 else seconds, UTC)


def _of_form(form: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, form)


_PARSERS = tuple(
    map(
        _of_form,
        (
            "%a %b %d %H:%M:%S.%f %Z %Y",  # EventBridge's `Inspector2 Finding`, in every example of AWS's
            "%a %b %d %H:%M:%S %Z %Y",
            "%Y-%m-%d %H:%M:%S %Z",
            # Java's and C's default forms.
            "%b %d, %Y, %I:%M:%S %p",
            "%b %d, %Y %I:%M:%S %p",
            "%a %b %d %H:%M:%S %Y",
        ),
    )
)
