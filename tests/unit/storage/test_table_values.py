"""The ledger's values as DynamoDB's: what boto3's serializer reads, and what it writes, by the same rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import example, given
from hypothesis import strategies as st

from golden_ami.storage.table import plain, typed

floats = st.floats(allow_nan=False, allow_infinity=False, min_value=-9e125, max_value=9e125)
scalars = st.none() | st.booleans() | st.integers(-(10**38) + 1, 10**38 - 1) | floats | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=15
)


def stored(value: Any) -> Any:
    """What is kept of a value: objects without their empty members, numbers within DynamoDB's range."""
    if isinstance(value, dict):
        return {name: stored(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [stored(member) for member in value]
    return 0 if isinstance(value, float) and abs(value) < 1e-130 else value


def exact(value: Any) -> Any:
    """The value as boto3 takes and gives it: every number a Decimal."""
    if isinstance(value, dict):
        return {name: exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [exact(member) for member in value]
    return Decimal(repr(value)) if type(value) in (int, float) else value


def as_read(value: Any) -> Any:
    """What boto3 reads, with whole numbers as int and others as float; 1e22 is the whole number of that text."""
    if isinstance(value, dict):
        return {name: as_read(member) for name, member in value.items()}
    if isinstance(value, list):
        return [as_read(member) for member in value]
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() else float(value)


@given(values)
@example(-0.0)
@example(1e-130)
@example(1e-131)
@example(9.9e125)
@example([None, {"a": None, "b": [0.1, 1e22, 10**38 - 1, True]}, ""])
def test_what_is_written_is_what_boto3_writes_and_reads_back(value: Any) -> None:
    item = typed({"value": value})
    if value is None:
        assert item == {}
        return
    assert item == {"value": TypeSerializer().serialize(exact(stored(value)))}
    assert TypeDeserializer().deserialize(item["value"]) == exact(stored(value))
    assert plain(item) == {"value": as_read(TypeDeserializer().deserialize(item["value"]))}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0), ("-7", -7), ("007", 7), ("1E+3", 1000), ("1e3", 1000), ("2.0", 2), ("0.10", 0.1), ("1E-7", 1e-7),
        ("-0", 0), ("9" * 38, 10**38 - 1), ("1E+125", 10**125), ("3.5E-130", 3.5e-130),
    ],
)  # fmt: skip
def test_every_spelling_of_a_number_is_read(text: str, number: float) -> None:
    found = plain({"value": {"N": text}})["value"]
    assert (found, type(found)) == (number, type(number))
    assert found == as_read(TypeDeserializer().deserialize({"N": text}))


@pytest.mark.parametrize("number", [10**38 + 1, 10**38, -(10**40) - 1, 1e127])
def test_a_number_that_dynamodb_would_round_is_refused(number: float) -> None:
    with pytest.raises(ArithmeticError):
        TypeSerializer().serialize(exact(number))
    with pytest.raises(ArithmeticError):
        typed({"value": [number]})


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), {"a"}, b"x", object()])
def test_what_json_does_not_hold_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        typed({"value": [value]})


def test_what_another_hand_wrote_is_refused() -> None:
    with pytest.raises(TypeError, match="SS"):
        plain({"value": {"SS": ["a"]}})
