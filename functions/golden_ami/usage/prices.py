"""Prices are data: `prices.toml`, and what a table of the same form puts over it.

What has no price there is unknown, never zero.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

KNOWN = ("step_functions_transition", "lambda_gb_second", "volume_gib_month", "inspector_instance_hour",
         "inspector_ami_scan", "inspector_cis_assessment")  # fmt: skip


@dataclass(frozen=True)
class Price:
    """One price, US dollars for a unit."""

    price: float
    unit: str
    region: str
    date: str
    source: str

    def __str__(self) -> str:
        price = f"{self.price:.10f}".rstrip("0").rstrip(".")
        return f"${price} per {self.unit}, {self.region}, {self.date}: {self.source}"


Prices = Mapping[str, Price]


class BadPrices(ValueError):
    """A table of prices cannot be used; its arguments are the field, its value and the remedy."""


def shipped() -> Prices:
    """The table of this package."""
    return parsed(tomllib.loads(files("golden_ami.usage").joinpath("prices.toml").read_text(encoding="utf-8")))


def parsed(table: Mapping[str, Any]) -> Prices:
    """The prices of a table as TOML reads it, by name; of instances `instance_hour.TYPE`. Raises BadPrices."""
    found: dict[str, Price] = {}
    for name, entry in table.items():
        if name == "instance_hour" and isinstance(entry, Mapping):
            found |= {f"{name}.{kind}": _price(f"{name}.{kind}", one) for kind, one in entry.items()}
        elif name in KNOWN:
            found[name] = _price(name, entry)
        else:
            raise BadPrices(name, "unknown", f'use one of instance_hour."TYPE", {", ".join(KNOWN)}')
    return found


def _price(name: str, entry: Any) -> Price:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("price"), int | float) or entry["price"] < 0:
        raise BadPrices(f"{name}.price", repr(entry), "give a number of US dollars, 0 or more")
    if not entry.get("source"):
        raise BadPrices(f"{name}.source", "missing", "say where the price is from")
    texts = {key: str(entry.get(key, "")) for key in ("unit", "region", "date", "source")}
    return Price(price=float(entry["price"]), **texts)
