"""Streams of a package's versions: the highest of one is no upgrade for another."""

from __future__ import annotations

import pytest

from golden_ami.evaluation.streams import Joined, series, streams
from golden_ami.evaluation.versions import Order


@pytest.mark.parametrize(
    ("order", "spans", "expected"),
    [
        ("rpm", [("4.14.301-1.amzn2", "4.14.336-1.amzn2"), ("5.10.100-1.amzn2", "5.10.205-1.amzn2")], [0, 1]),
        ("rpm", [("16.20.1-1.module+el8", "16.20.2-1.module+el8"), ("18.17.1-1.module+el8", "18.18.2-1.module+el8"),
                 ("16.19.0-1.module+el8", "16.20.2-2.module+el8")], [0, 1, 0]),
        ("rpm", [("5.14.0-70.el9", "5.14.0-100.el9"), ("5.14.0-200.el9", "5.14.0-427.el9")], [0, 0]),
        ("rpm", [("8.0.1-1", "8.2.1-1"), ("8.0.1-1", "8.5.0-1")], [0, 0]),  # a rebase: both upgrade the same
        ("rpm", [("7.0-1", "9.0-1"), ("8.0-1", "8.5-1"), ("8.9-1", "9.5-1")], [0, 0, 0]),
        ("rpm", [("1.0-1", "2.5-1"), ("2.5-1", "3.9-1")], [0, 0]),  # one is upgraded to where the other begins
        ("java", [("9.0.1", "9.0.90"), ("10.1.1", "10.1.30"), ("9.0.95", "9.0.98")], [0, 1, 0]),
        ("python", [("1.0", "2004d"), ("1.0", "1.1"), ("1.0", "2004d"), ("1.0", "2005x")], [0, 1, 0, 3]),
        ("rpm", [("", "1.0-1"), ("?", "1.0-2")], [0, 0]),
    ],
)  # fmt: skip
def test_streams(order: Order, spans: list[tuple[str, str]], expected: list[int]) -> None:
    assert streams([([low], to) for low, to in spans], order) == expected


def test_a_series_is_the_first_two_numbers() -> None:
    versions = ("1:5.10.205-1.amzn2", "v0.38.0", "252-4.el9", "main")
    assert [series(one) for one in versions] == ["5.10", "0.38", "252", "main"]


def test_what_is_joined_over_others_is_joined() -> None:
    joined = Joined[str]()
    for pair in (("a", "b"), ("c", "d"), ("b", "d")):
        joined.join(*pair)
    assert {joined.first(one) for one in "abcd"} == {"a"}
    assert joined.first("e") == "e"
