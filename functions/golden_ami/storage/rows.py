"""Typed data as rows of the ledger, and back."""

from __future__ import annotations

import time
from threading import Lock
from typing import TypeVar

import msgspec

from golden_ami.storage.keys import Key
from golden_ami.storage.table import Item, Table

T = TypeVar("T")

RETENTION = 400 * 86_400  # seconds; of a run's rows where nothing else is said

# msgspec prepares a type when it is first used; two threads that do so at once crash the interpreter (Python 3.13).
_PREPARED: set[type] = set()
_PREPARING = Lock()


def row(key: Key, content: Item, seconds: int) -> Item:
    """A row that expires after so many seconds."""
    return lasting_row(key, content) | {"ttl": expiry(seconds)}


def lasting_row(key: Key, content: Item) -> Item:
    """A row that never expires."""
    return {"pk": key[0], "sk": key[1]} | content


def expiry(seconds: int) -> int:
    """The value of `ttl` of a row that expires then."""
    return int(time.time()) + seconds


def stored(data: msgspec.Struct) -> Item:
    """The content of a row."""
    content: Item = msgspec.to_builtins(data)
    return content


def loaded(item: Item, kind: type[T]) -> T:
    """The data of a row. Raises msgspec's ValidationError."""
    if kind not in _PREPARED:
        with _PREPARING:
            msgspec.json.Decoder(kind)
            _PREPARED.add(kind)
    return msgspec.convert(item, kind, strict=False)


class Rows:
    """Rows of one table, and for how many seconds those of a run are kept."""

    def __init__(self, table: Table, retention: int) -> None:
        self._table, self._retention = table, retention

    def _row(self, key: Key, content: Item) -> Item:
        """A row that is kept as long as the run's."""
        return row(key, content, self._retention)
