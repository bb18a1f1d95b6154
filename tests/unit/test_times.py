"""Dates of AWS in every form in which it writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami import times


@pytest.mark.parametrize(
    "value",
    [
        "2024-02-02T16:30:33+01:00",
        "2024-02-02T15:30:33Z",
        "2024-02-02T15:30:33",
        "Feb 2, 2024, 3:30:33 PM",
        "Feb 2, 2024, 3:30:33\u202fPM",
        "Feb 02, 2024 03:30:33 PM",
        "Fri Feb 02 15:30:33 UTC 2024",
        "Fri Feb 2 15:30:33 2024",
        "Fri Feb 02 15:30:33.000 UTC 2024",
        "Fri Feb 02 15:30:33.000000000 UTC 2024",
        "Fri Feb 02 15:30:33,000 GMT 2024",
        "Fri Feb 02 07:30:33 PST 2024",
        "Fri Feb 02 16:30:33 +0100 2024",
        "Fri Feb 02 2024 15:30:33 GMT+0000 (Coordinated Universal Time)",
        "Friday, February 2, 2024 3:30:33 PM UTC",
        "February 2, 2024, 07:30:33 (UTC-08:00)",
        "2024-02-02T15:30:33Z[UTC]",
        "2024-02-02 15:30:33 UTC",
        "2024-02-02 15:30:33.000 +0000 UTC",
        "2024/02/02 15:30:33",
        "1.706887833E9",
        "1706887833000",
        "Fri, 02 Feb 2024 15:30:33 GMT",
        "Fri, 2 Feb 2024 16:30:33 +0100",
        1706887833,
        1706887833000,
        datetime(2024, 2, 2, 16, 30, 33, tzinfo=timezone(timedelta(hours=1))),
        datetime(2024, 2, 2, 15, 30, 33),
    ],
)
def test_every_form_is_the_same_instant(value: object) -> None:
    assert times.read(value) == "2024-02-02T15:30:33Z"


@pytest.mark.parametrize(
    "value", [None, "", " ", "soon", True, [], {}, 1e300, float("nan"), "0000-00-00", "Fri Feb 02 15:30:33 XYZ 2024"]
)
def test_what_is_no_date_is_empty(value: object) -> None:
    assert times.read(value) == ""


def test_a_fraction_is_kept() -> None:
    """The form of each example in the Inspector User Guide, "Amazon EventBridge event schema" for findings."""
    assert times.read("Wed Sep 04 16:50:37.627 UTC 2024") == "2024-09-04T16:50:37.627Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_written_dates_are_read_back(instant: datetime) -> None:
    written = times.iso(instant)
    assert times.read(written) == written
    assert abs(datetime.fromisoformat(written) - instant) < timedelta(milliseconds=1)


@given(st.text() | st.floats() | st.integers())
def test_reading_never_raises(value: object) -> None:
    times.read(value)


def test_an_instant_passes() -> None:
    assert times.passed(times.after(-1))
    assert not times.passed(times.after(60))
