"""JSON written piece by piece, so that memory does not grow with findings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

import msgspec


def members(out: IO[bytes], known: dict[str, Any], **streamed: Iterable[Any]) -> None:
    """An object of known members, then of arrays whose items come one by one, in the order given."""
    out.write(b"{")
    for number, (name, value) in enumerate(known.items()):
        out.write(b"," * bool(number) + msgspec.json.encode(name) + b":" + msgspec.json.encode(value))
    for number, (name, items) in enumerate(streamed.items(), len(known)):
        out.write(b"," * bool(number) + msgspec.json.encode(name) + b":")
        array(out, items)
    out.write(b"}\n")


def array(out: IO[bytes], items: Iterable[Any]) -> None:
    """An array whose items come one by one, a line each."""
    encoder = msgspec.json.Encoder()
    separator = b"[\n"
    for item in items:
        out.write(separator + encoder.encode(item))
        separator = b",\n"
    out.write(b"[]" if separator == b"[\n" else b"\n]")
