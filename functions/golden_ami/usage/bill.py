"""What a month comes to: its runs, and what the stack costs between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from golden_ami.models import Ami, Config
from golden_ami.places import Place
from golden_ami.usage.estimate import Item, planned, priced
from golden_ami.usage.idle import Stack, idle, network
from golden_ami.usage.lines import Total, UsageLine, estimated_total
from golden_ami.usage.prices import Prices
from golden_ami.usage.small import small


@dataclass(frozen=True)
class Bill:
    """US dollars, from the least to the most. What an account does not pay for is off the least of the month."""

    runs: float  # in a month
    run: Total
    idle: tuple[UsageLine, ...]  # of a month in which nothing runs, free amounts not taken off
    month: Total


def bill(config: Config, amis: Sequence[Ami], stack: Stack, runs: float, prices: Prices, home: Place) -> Bill:
    """The bill of so many runs a month of a configuration, on a stack of these parameters."""
    of_run = [*planned(config, amis, home), *small(amis, stack, home)]
    between = idle(stack, home)
    return Bill(
        runs=runs,
        run=estimated_total(priced(item, prices) for item in of_run),
        idle=tuple(priced(item, prices) for item in between),
        month=month_of([*(_times(item, runs) for item in of_run), *between], prices),
    )


def billed(config: Config, amis: Sequence[Ami], stack: Stack, home: Place) -> list[Item]:
    """All that a bill has a price for, once."""
    return [*planned(config, amis, home), *small(amis, stack, home), *idle(stack, home)]


def idle_month(stack: Stack, prices: Prices, home: Place) -> Total:
    """What a month costs in which nothing runs."""
    return month_of(idle(stack, home), prices)


def network_month(stack: Stack, prices: Prices, home: Place) -> Total:
    """What the network alone costs in a month, whether anything runs or not."""
    return month_of(network(stack, home), prices)


def _times(item: Item, runs: float) -> Item:
    least, most = item.amount.between
    return item._replace(amount=item.amount._replace(between=(runs * least, runs * most)))


def month_of(items: Iterable[Item], prices: Prices) -> Total:
    """What is used in a month, once with what is free in it and once without: the account may use that up elsewhere."""
    total, free = Total(0.0, 0.0), dict[tuple[str, Place], float]()
    for item in items:
        total = total.plus(estimated_total([priced(item, prices)]))
        price = prices.at(item.amount.price, item.place)
        if price is not None and price.free:
            key = item.amount.price, item.place
            left = free.setdefault(key, price.free)
            taken = min(left, item.amount.between[0] * item.amount.share)
            free[key] -= taken
            total = total.plus(Total(-taken * price.price, 0.0))
    return Total(round(total.least, 9), round(total.most, 9), total.without)
