"""Pages of a listing that does not change while it is read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any


class InvalidToken(ValueError):
    """The token was not given by this listing, or its listing is forgotten."""


class Pages:
    """Listings half read, by token. The oldest are forgotten beyond `capacity`."""

    def __init__(self, capacity: int = 500) -> None:
        self._capacity = capacity
        self._numbers = count(1)
        self._listings: OrderedDict[str, Sequence[Any]] = OrderedDict()

    def page(
        self, listing: str, token: str | None, limit: int, rows: Callable[[], Sequence[Any]]
    ) -> tuple[Sequence[Any], str | None]:
        """One page and the token of the next. `rows` is asked for the first page only. Raises InvalidToken."""
        if not token:
            return self._cut(f"{listing}-{next(self._numbers)}", rows(), 0, limit)
        name, _, offset = token.rpartition(".")
        if name not in self._listings or not name.startswith(f"{listing}-") or not offset.isdigit():
            raise InvalidToken(token)
        return self._cut(name, self._listings[name], int(offset), limit)

    def _cut(self, name: str, rows: Sequence[Any], start: int, limit: int) -> tuple[Sequence[Any], str | None]:
        end = start + limit
        if end >= len(rows):  # kept: a client may ask for the last page again
            return rows[start:end], None
        self._listings[name] = rows
        self._listings.move_to_end(name)
        while len(self._listings) > self._capacity:
            self._listings.popitem(last=False)
        return rows[start:end], f"{name}.{end}"
