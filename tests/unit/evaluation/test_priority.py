"""Which findings come first, and the most urgent of what is offered."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from report_world import finding

from golden_ami.evaluation.priority import MostUrgent, priority


def test_what_fails_is_first_then_what_is_exploited_then_what_is_severe_then_what_is_likely() -> None:
    """Each by one reason before the next, which has more of all that counts less."""
    exploited: dict[str, Any] = {"known_exploited_since": "2026-01-01"}
    ordered = [
        (True, True, finding("exploited", severity="LOW", **exploited)),
        (True, True, finding("critical", severity="CRITICAL", epss=0.1)),
        (True, True, finding("likely", epss=0.9)),
        (True, True, finding("exploit", epss=0.1, exploit_available=True)),
        (True, True, finding("score", epss=0.1, score=9.9)),
        (True, True, finding("fixable", epss=0.1, score=5.0)),
        (True, False, finding("not fixable", epss=0.1, score=5.0)),
        (True, True, finding("epss is not known", score=9.9, exploit_available=True)),
        (False, True, finding("accepted", severity="CRITICAL", epss=1.0, score=10.0, **exploited)),
    ]
    shuffled = random.Random(1).sample(ordered, len(ordered))
    found = sorted(shuffled, key=lambda one: priority(one[2], fails=one[0], fixable=one[1]), reverse=True)
    assert found == ordered


@given(st.lists(st.integers(0, 5)), st.integers(0, 8))
def test_the_most_urgent_first_and_of_equals_the_first(scores: list[int], limit: int) -> None:
    kept = MostUrgent[int](limit)
    for place, score in enumerate(scores):
        kept.offer(priority(finding(f"CVE-{place}", score=float(score)), fails=True, fixable=True), place)
    expected = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:limit]
    assert kept.items() == expected
