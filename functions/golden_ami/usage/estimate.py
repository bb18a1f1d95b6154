"""What a run uses, before it runs: transitions, Lambda, instances, volumes, Inspector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import NamedTuple

from golden_ami.engines.base import Amount
from golden_ami.engines.registry import ENGINES, next_look, part, traits
from golden_ami.models import NO_BATCH, Ami, Config
from golden_ami.places import Place
from golden_ami.stage import TURNS
from golden_ami.subnets import public_address
from golden_ami.usage import paths
from golden_ami.usage.budget import agent_looks
from golden_ami.usage.history import FUNCTION_GB, LARGE, LARGE_GB
from golden_ami.usage.lines import UsageLine
from golden_ami.usage.prices import INSTANCES, Prices

# Names of lines, by which what was used is put beside them.
TRANSITIONS, LAMBDA, INVOCATIONS = "State transitions", "Lambda", "Lambda, invocations"
VOLUMES, ADDRESSES = "Volumes", "Public IPv4 addresses"
HOME, HOME_ACCOUNT = "the stack's region", "the stack's account"  # where it is not known which
_UNKNOWN = "unknown: {why}; give one with golden-ami estimate --prices FILE"

_SECONDS = (0.2, 5.0)  # an invocation, from the quickest to a slow one; an assumption, not a measurement
_MONTH_MINUTES = 730 * 60  # hours of a month as AWS bills storage


def good_run(batches: int, *, instances: bool, looks: int = 1, agent_polls: int = 0, turns: int = 1) -> Counter[str]:
    """How often a run of one wave in which all goes well enters each state of the definition.

    `looks` counts how often Inspector is asked without finding a scan that is over, and once more; `agent_polls` how
    often agents are waited for after the first look; `turns` in how many turns the findings are collected.
    """
    begin = ["Launch Instances", "Wait For Boot"] if instances else ["Start Run"]
    again = ["Await Completion"] * (turns - 1)
    choices = {
        "Anything To Assess?": ["Ensure Target Template"] if batches else [],
        "What Is Left?": [*begin, *again, "Terminate All"],
        "Agents Ready?": ["Wait For Agents"] * agent_polls,
        "Over?": ["Await Completion"] * (looks - 1),
    }
    return paths.states_entered(paths.shipped_graph(), choices, batches)


def invocations(entered: Counter[str]) -> tuple[int, int]:
    """Invocations of a run that enters these states: of ordinary functions, and of those with more memory.

    Resume, once per wait of Await Completion, and On Execution End are invoked beside the state machine.
    """
    ordinary = sum(entered[name] for name in paths.tasks(paths.shipped_graph()) - LARGE) + entered["Await Completion"]
    return ordinary, sum(entered[name] for name in LARGE) + 1


class Item(NamedTuple):
    """What a run, or a month, uses of one thing, and where."""

    amount: Amount
    place: Place


def estimate(config: Config, amis: Iterable[Ami], prices: Prices, home: Place) -> list[UsageLine]:
    """What a run of the configuration uses, and costs by the prices of each place; `home` is the stack's own."""
    return [priced(item, prices) for item in planned(config, amis, home)]


def planned(config: Config, amis: Iterable[Ami], home: Place) -> list[Item]:
    """What a run of the configuration uses, from a run without any wait to one that reaches every bound.

    `amis` are the AMIs as they were looked up, or as the ledger has them of any later moment: the same lines.
    """
    ours = [ami for ami in amis if ami.batch != NO_BATCH]
    instances = bool(launches(ours))
    batches, waits = len({ami.batch for ami in ours}), config.waits
    first = next_look({ami.engine for ami in ours}, waits)
    looks = 1 + ceil((waits.completion_deadline_seconds - first) / waits.poll_seconds)
    polls = agent_looks(waits)
    quickest = good_run(batches, instances=instances)
    turns = max(1, min(len(ours), TURNS))
    slowest = good_run(batches, instances=instances, looks=looks, agent_polls=polls, turns=turns)
    seconds = _gb_seconds(quickest, _SECONDS[0]), _gb_seconds(slowest, _SECONDS[1])
    invoked = sum(invocations(quickest)), sum(invocations(slowest))
    shortest = waits.boot_seconds / 60
    longest = (waits.boot_seconds + waits.agent_deadline_seconds + waits.completion_deadline_seconds) / 60
    orchestration = [
        Amount(TRANSITIONS, "transitions", (quickest.total(), slowest.total()), "step_functions_transition"),
        Amount(LAMBDA, "GB-s", seconds, "lambda_gb_second"),
        Amount(INVOCATIONS, "invocations", invoked, "lambda_request"),
    ]
    found = [Item(amount, home) for amount in orchestration]
    for place, group in by_place(ours).items():
        amounts = [*_instances(config, group, (shortest, longest)), *_inspector(config, group, (shortest, longest))]
        found += [Item(one._replace(what=named(one.what, place, ours)), place) for one in amounts]
    return found


def by_place(amis: Iterable[Ami]) -> dict[Place, list[Ami]]:
    """The AMIs by the place where each is."""
    found: dict[Place, list[Ami]] = {}
    for ami in amis:
        found.setdefault(Place(ami.account, ami.region), []).append(ami)
    return found


def named(what: str, place: Place, amis: Iterable[Ami]) -> str:
    """The name of a line of a place: with the region and the account as far as the AMIs have several."""
    places = by_place(amis)
    region = f" in {place.region or HOME}" if len({one.region for one in places}) > 1 else ""
    account = f" of {place.account or HOME_ACCOUNT}" if len({one.account for one in places}) > 1 else ""
    return what + region + account


def launches(amis: Iterable[Ami]) -> Counter[str]:
    """How many instances of each type the plan launches."""
    planned = (ami for ami in amis if ami.batch != NO_BATCH and traits(ami.engine).needs_instances)
    return Counter(ami.entry.instance_type for ami in planned)


def instances_of(kind: str, count: int) -> str:
    """The name of the line of one type of instance."""
    return f"{count} x {kind}"


def priced(item: Item, prices: Prices) -> UsageLine:
    """The line of what is used, with its costs where the price is known."""
    what, unit, (least, most), name, share = item.amount
    price = prices.at(name, item.place)
    line = UsageLine(what=what, unit=unit, least=least, most=most, price="")
    line.account, line.region = item.place
    if price is None:
        line.price = _UNKNOWN.format(why=prices.why_unknown(name))
    else:
        line.price = price.said_in(item.place.region)
        line.least_cost, line.most_cost = least * share * price.price, most * share * price.price
    return line


def _gb_seconds(entered: Counter[str], seconds: float) -> float:
    ordinary, large = invocations(entered)
    return (ordinary * FUNCTION_GB + large * LARGE_GB) * seconds


def addresses(config: Config, amis: Iterable[Ami]) -> int:
    """How many instances with a public address the plan launches."""
    return sum(traits(ami.engine).needs_instances and public_address(config, ami) for ami in amis)


def _instances(config: Config, amis: Sequence[Ami], minutes: tuple[float, float]) -> list[Amount]:
    kinds = launches(amis)
    amounts = [
        Amount(instances_of(kind, count), "instance minutes", _times(count, minutes), f"{INSTANCES}.{kind}", 1 / 60)
        for kind, count in sorted(kinds.items())
    ]
    if kinds:
        gib = sum(sum(ami.volumes.values()) for ami in amis if traits(ami.engine).needs_instances)
        amounts.append(Amount(VOLUMES, "GiB minutes", _times(gib, minutes), "volume_gib_month", 1 / _MONTH_MINUTES))
    if public := addresses(config, amis):
        amounts.append(Amount(ADDRESSES, "address minutes", _times(public, minutes), "public_ipv4_hour", 1 / 60))
    return amounts


def _inspector(config: Config, amis: Sequence[Ami], minutes: tuple[float, float]) -> list[Amount]:
    engines: Mapping[str, int] = Counter(ami.engine for ami in amis)
    return [
        amount
        for engine in ENGINES
        if engines[engine]
        for amount in part(engine, "usage").estimated(config, engines[engine], minutes)
    ]


def _times(count: float, minutes: tuple[float, float]) -> tuple[float, float]:
    return count * minutes[0], count * minutes[1]
