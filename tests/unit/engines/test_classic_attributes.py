"""Which tags go onto Inspector Classic's findings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from golden_ami.engines.classic.attributes import attributes


def test_all_fit() -> None:
    assert attributes({"Name": "web", "Owner": "x"}, []) == ({"Name": "web", "Owner": "x"}, [])


def test_preferred_first_then_the_known_then_by_name() -> None:
    tags = {f"tag-{number:02}": "v" for number in range(14)} | {"Owner": "o", "Name": "n", "app-name": "a"}
    chosen, notes = attributes(tags, ["tag-13", "absent"])
    assert list(chosen) == ["tag-13", "app-name", "Name", "Owner", *(f"tag-{number:02}" for number in range(6))]
    assert notes == [
        "On findings: tags beyond the 10 that a finding can have: "
        + ", ".join(f"tag-{number:02}" for number in range(6, 13))
    ]


def test_tags_without_value_are_named() -> None:
    chosen, notes = attributes({"a": "", "b": "1"}, [])
    assert chosen == {"b": "1"}
    assert notes == ["On findings: tags without a value, which a finding cannot have: a"]


def test_long_ones_are_cut_and_named() -> None:
    chosen, notes = attributes({"k": "v" * 300}, [])
    assert chosen == {"k": "v" * 256}
    assert notes == ["On findings: tags cut to 128 characters of key and 256 of value: k"]


@given(tags=st.dictionaries(st.text(max_size=140), st.text(max_size=300), max_size=50), preferred=st.lists(st.text()))
def test_inspectors_limits_hold_and_nothing_goes_missing_in_silence(tags: dict[str, str], preferred: list[str]) -> None:
    chosen, notes = attributes(tags, preferred)
    assert len(chosen) <= 10
    assert all(0 < len(key) <= 128 and 0 < len(value) <= 256 for key, value in chosen.items())
    whole = {key: value for key, value in tags.items() if chosen.get(key) == value}
    assert bool(notes) == any(key and key not in whole for key in tags)
