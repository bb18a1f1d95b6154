"""Prices are data: `prices.json`, and what a table of the same members puts before it.

What has no price there is unknown, never zero.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from golden_ami.places import Place

INSTANCES = "instance_hour"
Certainty = Literal["CERTAIN", "INFERRED"]


@dataclass(frozen=True)
class Price:
    """One price, US dollars for a unit."""

    price: float
    unit: str
    region: str  # "": of any
    date: str
    source: str
    account: str = ""  # "": of any
    certainty: Certainty = "CERTAIN"  # CERTAIN: the Price List's or AWS's page; INFERRED: a third party's word
    service_code: str = ""  # how the Price List API names it
    usage_type: str = ""
    free: float = 0  # units of a month that an account does not pay for (AWS Free Tier, "Always free")

    def __str__(self) -> str:
        price = f"{self.price:.10f}".rstrip("0").rstrip(".")
        inferred = ", inferred" * (self.certainty == "INFERRED")
        return f"${price} per {self.unit}, {self.region}, {self.date}{inferred}: {self.source}"

    def said_in(self, region: str) -> str:
        """The price as a run in a region is told it: one of another region is said to be. "" is any region."""
        foreign = region and self.region not in ("", region)
        return f"{self.region}'s price; this run is in {region}: {self}" if foreign else str(self)


@dataclass(frozen=True)
class Prices:
    """Prices by name, those that go first in front; of instances the name is `instance_hour.TYPE`."""

    rows: Mapping[str, tuple[Price, ...]]
    unknown: Mapping[str, str] = field(default_factory=dict)  # why a name has no price

    def __getitem__(self, name: str) -> Price:
        return self.rows[name][0]

    def at(self, name: str, place: Place) -> Price | None:
        """The first price that is of the place; else the first of another region, never of another account."""
        ours = [row for row in self.rows.get(name, ()) if row.account in ("", place.account)]
        return next((row for row in ours if row.region in ("", place.region)), ours[0] if ours else None)

    def why_unknown(self, name: str) -> str:
        """Why there is no price of this name."""
        return self.unknown.get(name, f"no price of {name} is in the table")

    def over(self, other: Prices) -> Prices:
        """These, and of what they do not name, the other's."""
        return Prices({**other.rows, **self.rows}, other.unknown)

    def before(self, other: Prices) -> Prices:
        """These where they are of the place, else the other's."""
        names = dict.fromkeys((*self.rows, *other.rows))
        rows = {name: (*self.rows.get(name, ()), *other.rows.get(name, ())) for name in names}
        return Prices(rows, other.unknown)


class BadPrices(ValueError):
    """A table of prices cannot be used; its arguments are the field, its value and the remedy."""


@cache
def shipped() -> Prices:
    """The table of this package."""
    return _read(_table())


def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(files("golden_ami.usage").joinpath("prices.json").read_text(encoding="utf-8"))
    return table


def parsed(table: Mapping[str, Any]) -> Prices:
    """The prices of an operator's table. Raises BadPrices.

    Its members are those of `prices.json`; `instance_hour` may have any type, and a name may have a list of prices, of
    several regions or accounts.
    """
    for name in table.keys() - _table().keys():
        raise BadPrices(name, "unknown", f'use one of {INSTANCES}."TYPE", {", ".join(known())}')
    if not isinstance(table.get(INSTANCES, {}), Mapping):
        raise BadPrices(INSTANCES, repr(table[INSTANCES]), f'give {INSTANCES}."TYPE"')
    return _read(table)


def known() -> list[str]:
    """The names of prices, those of instances apart."""
    return [name for name in _table() if name != INSTANCES]


def _read(table: Mapping[str, Any]) -> Prices:
    entries: dict[str, Any] = {name: entry for name, entry in table.items() if name != INSTANCES}
    entries |= {f"{INSTANCES}.{kind}": entry for kind, entry in table.get(INSTANCES, {}).items()}
    unknown = {name: entry["source"] for name, entry in entries.items() if _is_unknown(entry)}
    rows = {
        name: tuple(_price(name, one) for one in (entry if isinstance(entry, list) else [entry]))
        for name, entry in entries.items()
        if name not in unknown
    }
    return Prices(rows, unknown)


def _is_unknown(entry: Any) -> bool:
    return isinstance(entry, Mapping) and entry.get("certainty") == "UNKNOWN" and "source" in entry


def _price(name: str, entry: Any) -> Price:
    price: Any = entry.get("price") if isinstance(entry, Mapping) else None
    if not _is_amount(price):
        raise BadPrices(f"{name}.price", repr(entry), "give a number of US dollars, 0 or more")
    if not entry.get("source"):
        raise BadPrices(f"{name}.source", "missing", "say where the price is from")
    certainty, free = entry.get("certainty", "CERTAIN"), entry.get("free", 0)
    if certainty not in get_args(Certainty):
        raise BadPrices(f"{name}.certainty", repr(certainty), f"use one of {', '.join(get_args(Certainty))}")
    if not _is_amount(free):
        raise BadPrices(f"{name}.free", repr(free), "give a number of units a month, 0 or more")
    members = ("unit", "region", "date", "source", "account", "service_code", "usage_type")
    texts = {key: str(entry.get(key, "")) for key in members}
    return Price(price=float(price), certainty=certainty, free=float(free), **texts)


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
