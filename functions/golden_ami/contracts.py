"""What functions take and answer: bases of the Event and Answer types beside the handlers, and how an event is decoded.

Outside, members are in camelCase. tests/statemachine/test_flow.py holds the types against the definition;
docs/generate_contracts.py writes them into docs/architecture.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from reprlib import repr as short
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from msgspec import Meta, Struct

from golden_ami.errors import InvalidEvent

Text = Annotated[str, Meta(min_length=1)]


class Contract(Struct, rename="camel", kw_only=True):
    """Base of events, answers and their parts. Members that the type does not have are ignored."""


class FunctionEvent(Contract):
    """Base of a function's event."""

    sender: ClassVar[str] = "the state machine"  # who invokes the function


class FunctionAnswer(Contract):
    """Base of a function's answer."""


E = TypeVar("E", bound=FunctionEvent)


def decode(event: object, kind: type[E]) -> E:
    """The event as the function's type. Raises InvalidEvent with the member that is missing or ill-typed."""
    try:
        return msgspec.convert(event, kind)
    except (msgspec.ValidationError, UnicodeError) as error:  # UnicodeError: a member's name has half a surrogate pair
        raise InvalidEvent(_wrong(event, kind, kind.sender) or f"the event cannot be read: {error}") from error


def encode(answer: FunctionAnswer) -> dict[str, Any]:
    """The answer as JSON's types."""
    members: dict[str, Any] = msgspec.to_builtins(answer)
    return members


def _wrong(event: object, kind: type[Struct], sender: str, within: str = "") -> str:
    """The first member that is missing or ill-typed, its value and what belongs there; "" when there is none."""
    given = event if isinstance(event, Mapping) else {}
    for field in msgspec.structs.fields(kind):
        path, value = f"{within}{field.encode_name}", given.get(field.encode_name)
        if field.encode_name not in given and not field.required:
            continue
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            if wrong := _wrong(value, field.type, sender, f"{path}."):
                return wrong
        elif field.encode_name not in given or not _fits(value, field.type):
            return f"{path}: {short(value)}; {sender} passes {_name_of(field.type)} here"
    return ""


def _fits(value: object, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _name_of(kind: Any) -> str:
    """A member's type in words."""
    return "any JSON" if kind is Any else "true or false" if kind is bool else "a text"
