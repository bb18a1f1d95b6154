"""What a run uses, before it runs: transitions, Lambda, instances, volumes, Inspector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import ceil

from golden_ami.engines.base import Amount
from golden_ami.engines.registry import ENGINES, next_look, part, traits
from golden_ami.models import NO_BATCH, Ami, Config
from golden_ami.stage import TURNS
from golden_ami.usage import paths
from golden_ami.usage.history import FUNCTION_GB, LARGE, LARGE_GB
from golden_ami.usage.lines import UsageLine
from golden_ami.usage.prices import Price, Prices

# Names of lines, by which what was used is put beside them.
TRANSITIONS, LAMBDA, VOLUMES = "State transitions", "Lambda", "Volumes"
UNKNOWN = "unknown; give one with golden-ami estimate --prices FILE"

_SECONDS = (0.2, 5.0)  # an invocation, from the quickest to a slow one; an assumption, not a measurement
_MONTH_MINUTES = 730 * 60  # hours of a month as AWS bills storage


def good_run(batches: int, *, instances: bool, looks: int = 1, agent_polls: int = 0, turns: int = 1) -> Counter[str]:
    """How often a run of one wave in which all goes well enters each state of the definition.

    `looks` counts how often Inspector is asked without finding a scan that is over, and once more; `agent_polls` how
    often agents are waited for after the first look; `turns` in how many turns the findings are collected.
    """
    begin, again = "Launch Instances" if instances else "Start Run", ["Await Completion"] * (turns - 1)
    choices = {
        "Anything To Assess?": ["Ensure Target Template"] if batches else [],
        "What Is Left?": [begin, *again, "Terminate All"],
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


def estimate(config: Config, amis: Iterable[Ami], prices: Prices) -> list[UsageLine]:
    """What a run of the configuration uses, from a run without any wait to one that reaches every bound.

    `amis` are the AMIs as they were looked up, or as the ledger has them of any later moment: the same lines.
    """
    planned = [ami for ami in amis if ami.batch != NO_BATCH]
    kinds = launches(planned)
    batches, waits = len({ami.batch for ami in planned}), config.waits
    first = next_look({ami.engine for ami in planned}, waits)
    looks = 1 + ceil((waits.completion_deadline_seconds - first) / waits.poll_seconds)
    polls = ceil(waits.agent_deadline_seconds / waits.agent_poll_seconds)
    quickest = good_run(batches, instances=bool(kinds))
    turns = max(1, min(len(planned), TURNS))
    slowest = good_run(batches, instances=bool(kinds), looks=looks, agent_polls=polls, turns=turns)
    seconds = _gb_seconds(quickest, _SECONDS[0]), _gb_seconds(slowest, _SECONDS[1])
    shortest = waits.boot_seconds / 60
    longest = (waits.boot_seconds + waits.agent_deadline_seconds + waits.completion_deadline_seconds) / 60
    return [
        _line(TRANSITIONS, "transitions", (quickest.total(), slowest.total()), prices.get("step_functions_transition")),
        _line(LAMBDA, "GB-s", seconds, prices.get("lambda_gb_second")),
        *_instances(planned, kinds, (shortest, longest), prices),
        *_inspector(config, planned, (shortest, longest), prices),
    ]


def launches(amis: Iterable[Ami]) -> Counter[str]:
    """How many instances of each type the plan launches."""
    planned = (ami for ami in amis if ami.batch != NO_BATCH and traits(ami.engine).needs_instances)
    return Counter(ami.entry.instance_type for ami in planned)


def instances_of(kind: str, count: int) -> str:
    """The name of the line of one type of instance."""
    return f"{count} x {kind}"


def _gb_seconds(entered: Counter[str], seconds: float) -> float:
    ordinary, large = invocations(entered)
    return (ordinary * FUNCTION_GB + large * LARGE_GB) * seconds


def _instances(
    planned: list[Ami], kinds: Counter[str], minutes: tuple[float, float], prices: Prices
) -> list[UsageLine]:
    lines = []
    for kind, count in sorted(kinds.items()):
        price = prices.get(f"instance_hour.{kind}")
        lines.append(_line(instances_of(kind, count), "instance minutes", _times(count, minutes), price, 1 / 60))
    if kinds:
        gib = sum(sum(ami.volumes.values()) for ami in planned if traits(ami.engine).needs_instances)
        price = prices.get("volume_gib_month")
        lines.append(_line(VOLUMES, "GiB minutes", _times(gib, minutes), price, 1 / _MONTH_MINUTES))
    return lines


def _inspector(config: Config, planned: list[Ami], minutes: tuple[float, float], prices: Prices) -> list[UsageLine]:
    engines = Counter(ami.engine for ami in planned)
    amounts: list[Amount] = [
        amount
        for engine in ENGINES
        if engines[engine]
        for amount in part(engine, "usage").estimated(config, engines[engine], minutes)
    ]
    return [_line(one.what, one.unit, one.between, prices.get(one.price), one.share) for one in amounts]


def _times(count: float, minutes: tuple[float, float]) -> tuple[float, float]:
    return count * minutes[0], count * minutes[1]


def _line(what: str, unit: str, between: tuple[float, float], price: Price | None, share: float = 1) -> UsageLine:
    """`share`: how much of the priced unit one of this unit is."""
    least, most = between
    if price is None:
        return UsageLine(what=what, unit=unit, least=least, most=most, price=UNKNOWN)
    return UsageLine(
        what=what,
        unit=unit,
        least=least,
        most=most,
        least_cost=least * share * price.price,
        most_cost=most * share * price.price,
        price=str(price),
    )
