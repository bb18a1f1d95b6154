"""What a workspace holds, and the lines in which its file `state.jsonl` says so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]  # names a file: nothing else may


class Saved(Struct, tag="saved", tag_field="line", rename="camel"):
    """The first line: the emulated instant at which this was saved, and how many lines follow."""

    at: Annotated[datetime, Meta(tz=True)]
    lines: int


class KeptParameter(Struct, tag="parameter", tag_field="line"):
    """The content of the stack's parameter."""

    value: str


class KeptRow(Struct, tag="row", tag_field="line"):
    """A row of the ledger, in DynamoDB's JSON."""

    item: dict[str, dict[str, Any]]


class KeptObject(Struct, tag="object", tag_field="line", rename="camel"):
    """An object of the report bucket; its content is the file `objects/<sha256>`."""

    key: str
    content_type: str
    sha256: Sha256


Line = KeptParameter | KeptRow | KeptObject
_FIRST = msgspec.json.Decoder(Saved)
_LINE = msgspec.json.Decoder(Line)


class NoState(ValueError):
    """The lines are no state of a workspace, or not all of it."""


@dataclass(frozen=True)
class Content:
    """Everything that a workspace keeps. `contents` are bytes by their SHA-256."""

    saved_at: datetime | None = None  # emulated, aware; None: nothing was saved yet
    parameter: str | None = None
    rows: Sequence[KeptRow] = ()
    objects: Sequence[KeptObject] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict)


def digest(content: bytes) -> str:
    """The SHA-256 of a content, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def to_lines(content: Content) -> Iterator[bytes]:
    """The state without the contents of objects, a JSON text a line. `saved_at` must be known."""
    assert content.saved_at is not None
    parameter = [] if content.parameter is None else [KeptParameter(content.parameter)]
    lines: list[Line] = [*parameter, *content.rows, *content.objects]
    for line in (Saved(content.saved_at, len(lines)), *lines):
        yield msgspec.json.encode(line) + b"\n"


def from_lines(text: bytes) -> Content:
    """The state without the contents of objects. Raises NoState."""
    try:
        first, *others = text.splitlines() or [b""]
        saved, lines = _FIRST.decode(first), [_LINE.decode(line) for line in others]
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NoState(str(error)) from error
    if saved.lines != len(lines):
        raise NoState(f"{len(lines)} lines of {saved.lines}")
    parameters = [line.value for line in lines if isinstance(line, KeptParameter)]
    return Content(
        saved.at,
        parameters[-1] if parameters else None,
        [line for line in lines if isinstance(line, KeptRow)],
        [line for line in lines if isinstance(line, KeptObject)],
    )
