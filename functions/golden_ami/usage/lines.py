"""One thing that is paid for: estimated, used and, where its price is known, costed; and what all of it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
    account: str = ""  # where it is used; "" is the stack's own, where that is not known
    region: str = ""


@dataclass(frozen=True)
class Total:
    """What lines come to, in US dollars; `without` names those that have no cost."""

    least: float
    most: float
    without: tuple[str, ...] = ()

    def plus(self, other: Total, times: float = 1) -> Total:
        """This, and the other so many times."""
        without = tuple(dict.fromkeys((*self.without, *other.without)))
        return Total(self.least + times * other.least, self.most + times * other.most, without)

    def __str__(self) -> str:
        return _between(self) + _without(self.without, "price")


def estimated_total(lines: Iterable[UsageLine]) -> Total:
    """What the estimates come to."""
    total = Total(0.0, 0.0)
    for line in lines:
        costs = line.least_cost or 0.0, line.most_cost or 0.0
        total = total.plus(Total(*costs, () if line.most_cost is not None else (line.what,)))
    return total


def total_sentence(lines: Sequence[UsageLine]) -> str:
    """What a run has cost, beside what was estimated."""
    estimate = estimated_total(lines)
    used = [line for line in lines if line.actual_cost is not None]
    without = [line.what for line in lines if line.most_cost is not None and line.actual_cost is None]
    if not used:
        return f"Total: not known (estimated {estimate})"
    spent = sum(line.actual_cost or 0.0 for line in used)
    lacking = _without(estimate.without, "price") + _without(without, "use")
    return f"Total: {_dollars(spent)} (estimated {_between(estimate)}){lacking}"


def places_sentence(lines: Iterable[UsageLine]) -> str:
    """What each account and Region has cost, the dearest first; "" where a run covers one only."""
    costs: dict[tuple[str, str], list[float]] = {}
    for line in lines:
        known = costs.setdefault((line.account, line.region), [])
        known += [line.actual_cost] if line.actual_cost is not None else []
    if len(costs) < 2:
        return ""
    dearest = sorted(costs.items(), key=lambda one: (-sum(one[1]), one[0]))
    told = [f"{' '.join(place)} {_dollars(sum(spent)) if spent else 'not known'}" for place, spent in dearest]
    return f"By account and Region: {', '.join(told)}"


def _between(total: Total) -> str:
    least, most = _dollars(total.least), _dollars(total.most)
    return least if least == most else f"{least} to {most}"


def _dollars(value: float) -> str:
    return f"${value:,.2f}" if value >= 1 else cost(value)


def _without(names: Sequence[str], lacking: str) -> str:
    return f", without {' and '.join(names)}, whose {lacking} is not known" if names else ""


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
