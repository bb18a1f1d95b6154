"""The most urgent of what is offered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from report_world import finding

from golden_ami.evaluation.priority import MostUrgent, priority


@given(st.lists(st.integers(0, 5)), st.integers(0, 8))
def test_the_most_urgent_first_and_of_equals_the_first(scores: list[int], limit: int) -> None:
    kept = MostUrgent[int](limit)
    for place, score in enumerate(scores):
        kept.offer(priority(finding(f"CVE-{place}", score=float(score)), fixable=True), place)
    expected = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:limit]
    assert kept.items() == expected
