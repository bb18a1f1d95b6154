"""botocore's service models at work: requests checked against them, data brought into their JSON form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from botocore.model import Shape
from botocore.utils import parse_timestamp
from moto.core.utils import get_service_model


class ModelViolation(NamedTuple):
    """One constraint of the service model that a request breaks. `kind` is `length`, `range`, `enum` or `missing`."""

    path: tuple[str, ...]
    kind: str
    message: str


@cache
def input_shape(service: str, operation: str) -> Shape | None:
    """The model of an operation's request."""
    shape: Shape | None = get_service_model(service).operation_model(operation).input_shape
    return shape


@cache
def output_member(service: str, operation: str, member: str) -> Shape:
    """The model of one entry of a list in an operation's answer."""
    shape: Shape = get_service_model(service).operation_model(operation).output_shape.members[member].member
    return shape


def violations(value: Any, shape: Any, path: tuple[str, ...] = ()) -> Iterator[ModelViolation]:
    """What in a request breaks the model's limits. Patterns are not checked: they are of Java's kind."""
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(value, shape, path)
    elif kind == "list":
        yield from _size(len(value), shape, path, "length")
        for item in value:
            yield from violations(item, shape.member, path)
    elif kind == "map":
        yield from _size(len(value), shape, path, "length")
        for key, item in value.items():
            yield from violations(key, shape.key, path)
            yield from violations(item, shape.value, path)
    elif kind == "string":
        yield from _size(len(value), shape, path, "length")
        allowed = shape.metadata.get("enum")
        if allowed and value not in allowed:
            text = f"Value '{value}' at '{'.'.join(path)}' failed to satisfy constraint: "
            yield ModelViolation(path, "enum", f"{text}Member must satisfy enum value set: {allowed}")
    elif kind in ("integer", "long", "double", "float"):
        yield from _size(value, shape, path, "range")


def _structure(value: Mapping[str, Any], shape: Any, path: tuple[str, ...]) -> Iterator[ModelViolation]:
    for name in shape.required_members:
        if value.get(name) is None:
            where = ".".join((*path, name))
            yield ModelViolation(
                (*path, name), "missing", f"Value null at '{where}' failed to satisfy constraint: not null"
            )
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from violations(value[name], member, (*path, name))


def _size(size: float, shape: Any, path: tuple[str, ...], kind: str) -> Iterator[ModelViolation]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    noun = "have length" if kind == "length" else "have value"
    text = f"Value '{size}' at '{'.'.join(path)}' failed to satisfy constraint: Member must {noun}"
    if low is not None and size < low:
        yield ModelViolation(path, kind, f"{text} greater than or equal to {low}")
    if high is not None and size > high:
        yield ModelViolation(path, kind, f"{text} less than or equal to {high}")


def conform(value: Any, shape: Any) -> Any:
    """A value in the JSON form that botocore parses: the model's members only, timestamps as epoch seconds.

    None where the value cannot be of the shape's type; a member that is None is left out, as AWS leaves it out.
    """
    kind = shape.type_name
    try:
        if kind == "structure":
            members = ((name, conform(value.get(name), member)) for name, member in shape.members.items())
            return {name: item for name, item in members if item is not None} if isinstance(value, Mapping) else None
        if value is None:
            return None
        if kind == "list":
            return [item for item in (conform(item, shape.member) for item in value) if item is not None]
        if kind == "map":
            return {str(key): conform(item, shape.value) for key, item in value.items()}
        if kind == "timestamp":
            return epoch(value)
        if kind in ("integer", "long"):
            return int(value)
        if kind in ("double", "float"):
            return float(value)
        return bool(value) if kind == "boolean" else str(value)
    except (TypeError, ValueError, AttributeError, OverflowError):
        return None


def epoch(value: Any) -> float:
    """Epoch seconds, to the millisecond, of a date in any of AWS's forms. Raises ValueError."""
    try:
        moment = value if isinstance(value, datetime) else parse_timestamp(value)
    except RuntimeError as error:  # botocore's word for a number beyond the calendar
        raise ValueError(str(error)) from None
    return round(float(moment.timestamp()), 3)


def iso(moment: datetime) -> str:
    """The ISO 8601 form that events carry: UTC, milliseconds, Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
