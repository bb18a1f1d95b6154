"""One thing that is paid for: estimated, used and, where its price is known, costed."""

from __future__ import annotations

from golden_ami.models import Data


class UsageLine(Data, omit_defaults=False):
    """Amounts are in `unit`, costs in US dollars; None is what is not known."""

    what: str
    unit: str
    least: float  # of a run in which all goes well at once
    most: float  # of one that reaches every bound of its waits
    price: str  # the price and where it is from, or that it is unknown
    least_cost: float | None = None
    most_cost: float | None = None
    actual: float | None = None  # what the run used
    actual_cost: float | None = None


def sentence(line: UsageLine) -> str:
    """What was used, beside what was estimated, and its cost."""
    used = f"{amount(line.actual)} {line.unit}" if line.actual is not None else "not known"
    return f"{line.what}: {used} (estimated {estimated(line)}), cost {cost(line.actual_cost)}"


def estimated(line: UsageLine) -> str:
    """From the least to the most."""
    least, most = amount(line.least), amount(line.most)
    return least if least == most else f"{least} to {most}"


def amount(value: float) -> str:
    """A number as precise as it deserves."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


def cost(value: float | None) -> str:
    """US dollars as precise as they deserve."""
    if value is None:
        return "unknown"
    return "below $0.0001" if 0 < value < 0.0001 else f"${value:,.4f}"
