"""When Inspector is asked although no message came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami.engines.registry import next_look
from golden_ami.models import Engine, Waits

WAITS = Waits(assessment_seconds=3600, poll_seconds=300, completion_deadline_seconds=5400)


@pytest.mark.parametrize(
    ("engines", "elapsed", "seconds"),
    [
        ({"classic"}, 0, 3900),  # one poll interval after it is due
        ({"classic"}, 600, 3300),  # the same instant, after a message that was none
        ({"classic"}, 3900, 300),
        ({"classic"}, 5300, 100),  # the deadline
        ({"classic"}, 9000, 1),
        ({"instance"}, 0, 300),
        ({"classic", "ami"}, 0, 300),  # the other may be over at any time
        (set(), 0, 300),
    ],
)
def test_what_takes_a_known_time_is_not_asked_about_before(engines: set[Engine], elapsed: float, seconds: int) -> None:
    assert next_look(engines, WAITS, elapsed) == seconds


@given(st.sets(st.sampled_from(["classic", "instance", "ami"])), st.floats(0, 1e6))
def test_the_look_is_ahead_and_never_after_the_deadline(engines: set[Engine], elapsed: float) -> None:
    look = next_look(engines, WAITS, elapsed)
    assert 1 <= look <= max(2, WAITS.completion_deadline_seconds - elapsed + 1)
