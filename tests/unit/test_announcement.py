"""Which total of findings is believed, of all that messages announce."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from golden_ami.announcement import AnnouncedTotal, Announcement, with_total
from golden_ami.models import Completion

END = "2026-11-02T08:10:00.700Z"


def completion(total: int | None, at: str) -> Completion:
    return Completion(scan="s", status="COMPLETED", findings_total=total, at=at)


def announced(*completions: Completion) -> Announcement:
    totals: list[AnnouncedTotal] = []
    for one in completions:
        totals = with_total(totals, one)
    return Announcement(completions[-1], "v", tuple(totals))


def test_a_later_message_lowers_no_total() -> None:
    true, forged = completion(5, "2026-11-02T08:10:00Z"), completion(0, "2026-11-02T08:11:00Z")
    assert announced(true, forged).total_after(END) == 5
    assert announced(forged, true).total_after(END) == 5
    assert announced(true, completion(None, "")).total_after(END) == 5


def test_a_total_that_is_dated_before_the_scans_end_is_not_believed() -> None:
    forged = completion(99, "2026-11-02T08:09:59Z")
    assert announced(forged, completion(5, "2026-11-02T08:10:00Z")).total_after(END) == 5
    assert announced(forged).total_after(END) is None
    assert announced(forged).total_after("") == 99
    assert announced(completion(99, "")).total_after(END) is None


instants = st.integers(0, 59).map(lambda second: f"2026-11-02T08:10:{second:02}Z") | st.just("")
forgeries = st.lists(st.builds(completion, st.integers(0, 60) | st.none(), instants), max_size=60)


@given(before=forgeries, after=forgeries, total=st.integers(0, 60))
def test_no_number_of_messages_lowers_the_total(before: list[Completion], after: list[Completion], total: int) -> None:
    found = announced(*before, completion(total, "2026-11-02T08:10:30Z"), *after)
    believed = found.total_after("2026-11-02T08:10:30Z")
    assert believed is not None
    assert believed >= total
    assert len(found.totals) <= 20
