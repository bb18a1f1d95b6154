"""One line of an estimate, as it is printed; what makes them is in `estimate`."""

from __future__ import annotations

from msgspec import Struct


class Line(Struct, kw_only=True, rename="camel"):
    """One thing that is paid for. Amounts are in `unit`; costs are in US dollars, None when the price is unknown."""

    what: str
    unit: str
    least: float
    most: float
    least_cost: float | None = None
    most_cost: float | None = None
    price: str  # where the price is from, or how to give it
    actual: float | None = None
    actual_cost: float | None = None
