"""The bill of a month by what can be chosen: the engine, and the stack's parameter Network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec
from rich.table import Table

from golden_ami.models import Config, Engine
from golden_ami.places import Place
from golden_ami.subnets import addressed_at
from golden_ami.usage.bill import Bill, bill, idle_month
from golden_ami.usage.idle import Stack
from golden_ami.usage.lines import Total, UsageLine
from golden_ami.usage.prices import Prices
from golden_ami_cli.estimate.assumed import amis_of
from golden_ami_cli.tables import table

CHOICES: tuple[tuple[Engine, str], ...] = (
    ("instance", "own"),
    ("instance", "public"),
    ("instance", "existing"),
    ("ami", "none"),
)


class Choice(NamedTuple):
    """One way to have the AMIs of a configuration assessed, and its bill."""

    engine: Engine
    network: str
    bill: Bill
    idle: Total  # of a month in which nothing runs


def compared(config: Config, runs: float, prices: Prices, region: str, stack: Stack) -> list[Choice]:
    """Every AMI of the configuration with one engine, by engine and network."""
    home = Place("", region)
    found = []
    for engine, network in CHOICES:
        chosen, amis = replace(stack, network=network), amis_of(config, region, engine)
        placed = addressed_at(home, config) if network == "public" else config
        told = bill(placed, amis, chosen, runs, prices, home)
        found.append(Choice(engine, network, told, idle_month(chosen, prices, home)))
    return found


def choices_table(choices: Sequence[Choice], runs: float) -> Table:
    """The choices side by side."""
    title = f"A month of {runs:g} runs, by engine and Network"
    made = table("Engine", "Network", "A run", "A month without runs", f"A month of {runs:g} runs", title=title)
    for one in choices:
        made.add_row(one.engine, one.network, str(one.bill.run), str(one.idle), str(one.bill.month))
    return made


def choices_json(lines: list[UsageLine], assumed: list[str], choices: Sequence[Choice], runs: float) -> str:
    """All of it as one object."""
    rows = [
        {"engine": one.engine, "network": one.network, "run": one.bill.run, "idle": one.idle, "month": one.bill.month}
        for one in choices
    ]
    content = {"assumed": assumed, "runs": runs, "estimate": lines, "choices": rows}
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()
