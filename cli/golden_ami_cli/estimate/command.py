"""What a run uses, before it runs and after it has: transitions, Lambda, instances, volumes, Inspector. Pure.

Prices are data (`prices.toml`, overridable); what has no price there is unknown, never zero.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from math import ceil
from pathlib import Path
from typing import Any

from golden_ami.configuration.catalog import BATCHES
from golden_ami.models import Ami, Config
from golden_ami.scanners import NEEDS_INSTANCES
from golden_ami_cli.errors import BadFile
from golden_ami_cli.estimate.lines import Line

_ALWAYS = (
    9  # Load Config, Anything To Assess?, Ensure …, Needs Instances?, Terminate, Aggregate, Succeeded?, the end; Map
)
_BOOT = 4  # Launch Instances, Wait For Boot, Check Agents, Agents Ready?
_LOOK = 3  # Start Run, Check Run, Run Over?
_FUNCTION_GB = 0.5
_LARGE_GB = 1.0  # tag-findings and aggregate (template.yaml)
_SECONDS = (0.2, 5.0)  # an invocation, from the quickest to a slow one; an assumption, not a measurement
_MONTH_MINUTES = 730 * 60  # hours of a month as AWS bills storage


@dataclass(frozen=True)
class Price:
    """One price, US dollars for a unit."""

    price: float
    unit: str
    region: str
    date: str
    source: str


Prices = Mapping[str, Price]


def prices(override: Path | None = None) -> Prices:
    """The shipped table, with a file's over it. Raises BadFile."""
    shipped = _prices(
        tomllib.loads(files("golden_ami_cli.estimate").joinpath("prices.toml").read_text(encoding="utf-8")), None
    )
    if override is None:
        return shipped
    from golden_ami_cli.assessing.inputs import read_text

    try:
        given = tomllib.loads(read_text(override))
    except tomllib.TOMLDecodeError as error:
        raise BadFile(override, "file", f"not TOML: {error}", "correct it there") from None
    return {**shipped, **_prices(given, override)}


KNOWN = ("step_functions_transition", "lambda_gb_second", "volume_gib_month", "inspector_instance_hour",
         "inspector_ami_scan", "inspector_cis_assessment")  # fmt: skip


def _prices(table: Mapping[str, Any], path: Path | None) -> Prices:
    found: dict[str, Price] = {}
    for name, entry in table.items():
        if name == "instance_hour":
            found |= {f"instance_hour.{kind}": _price(f"{name}.{kind}", one, path) for kind, one in entry.items()}
        elif name in KNOWN:
            found[name] = _price(name, entry, path)
        else:
            raise BadFile(path or Path("prices.toml"), name, "unknown", f"use one of instance_hour, {', '.join(KNOWN)}")
    return found


def _price(name: str, entry: Any, path: Path | None) -> Price:
    where = path or Path("prices.toml")
    if not isinstance(entry, dict) or not isinstance(entry.get("price"), int | float) or entry["price"] < 0:
        raise BadFile(where, f"{name}.price", repr(entry), "give a number of US dollars, 0 or more")
    if not entry.get("source"):
        raise BadFile(where, f"{name}.source", "missing", "say where the price is from")
    texts = {key: str(entry.get(key, "")) for key in ("unit", "region", "date", "source")}
    return Price(price=float(entry["price"]), **texts)


def transitions(batches: int, *, instances: bool, looks: int = 1, agent_polls: int = 0) -> int:
    """State transitions of a run in which all goes well, as Step Functions bills them.

    `looks` counts how often Inspector is asked, `agent_polls` how often agents are waited for after the first look.
    """
    if not batches:
        return 5  # Load Config, Anything To Assess?, Aggregate, Succeeded?, the end
    total = _ALWAYS + batches + _LOOK * looks
    return total + (_BOOT + batches + 3 * agent_polls if instances else 0)


def invocations(batches: int, *, instances: bool, looks: int, agent_polls: int = 0) -> tuple[int, int]:
    """Invocations of a run: of ordinary functions, and of those with more memory."""
    ordinary = 3 + 3 * looks + (batches + 1 + agent_polls if instances else 0)
    return ordinary, batches + 2


def estimate(
    config: Config, amis: Iterable[Ami], table: Prices, volume_gib: Mapping[str, int] | None = None
) -> list[Line]:
    """What a run of the configuration uses, from a run without any wait to one that reaches every bound.

    `amis` are the AMIs as they were looked up; `volume_gib` overrides what EC2 says of their volumes.
    """
    assessable = [ami for ami in amis if ami.reason is None]
    launched = [ami for ami in assessable if NEEDS_INSTANCES[ami.engine]]
    batches, waits = min(len(assessable), BATCHES), config.waits
    looks = max(1, ceil(waits.completion_deadline_seconds / waits.poll_seconds))
    polls = ceil(waits.agent_deadline_seconds / waits.agent_poll_seconds)
    least = transitions(batches, instances=bool(launched))
    most = transitions(batches, instances=bool(launched), looks=looks, agent_polls=polls)
    lines = [_line("State transitions", "transitions", least, most, table.get("step_functions_transition"), 1)]
    few = invocations(batches, instances=bool(launched), looks=1)
    many = invocations(batches, instances=bool(launched), looks=looks, agent_polls=polls)
    lines.append(
        _line(
            "Lambda",
            "GB-s",
            _gb_seconds(few, _SECONDS[0]),
            _gb_seconds(many, _SECONDS[1]),
            table.get("lambda_gb_second"),
            1,
        )
    )
    shortest = waits.boot_seconds / 60
    longest = (waits.boot_seconds + waits.agent_deadline_seconds + waits.completion_deadline_seconds) / 60
    for kind, count in sorted(Counter(ami.entry.instance_type for ami in launched).items()):
        price = table.get(f"instance_hour.{kind}")
        lines.append(_line(f"{count} x {kind}", "instance minutes", count * shortest, count * longest, price, 1 / 60))
    if launched:
        gib = sum(sum((volume_gib or ami.volumes).values()) for ami in launched)
        price = table.get("volume_gib_month")
        lines.append(_line("Volumes", "GiB minutes", gib * shortest, gib * longest, price, 1 / _MONTH_MINUTES))
    return lines + _inspector(config, assessable, (shortest, longest), table)


def _inspector(config: Config, amis: list[Ami], minutes: tuple[float, float], table: Prices) -> list[Line]:
    engines = Counter(ami.engine for ami in amis)
    lines = []
    if count := engines["instance"]:
        price = table.get("inspector_instance_hour")
        lines.append(
            _line("Inspector, instances", "instance minutes", count * minutes[0], count * minutes[1], price, 1 / 60)
        )
        if config.cis:
            lines.append(_line("Inspector, CIS", "assessments", count, count, table.get("inspector_cis_assessment"), 1))
    if count := engines["ami"]:
        lines.append(_line("Inspector, on demand", "AMI scans", count, count, table.get("inspector_ami_scan"), 1))
    return lines


def _gb_seconds(invoked: tuple[int, int], seconds: float) -> float:
    ordinary, large = invoked
    return (ordinary * _FUNCTION_GB + large * _LARGE_GB) * seconds


def _line(what: str, unit: str, least: float, most: float, price: Price | None, share: float) -> Line:
    """`share`: how much of the priced unit one of this unit is."""
    if price is None:
        return Line(what=what, unit=unit, least=least, most=most, price="unknown; give one with --prices FILE")
    return Line(
        what=what,
        unit=unit,
        least=least,
        most=most,
        least_cost=least * share * price.price,
        most_cost=most * share * price.price,
        price=f"${price.price:.10g} per {price.unit}, {price.region}, {price.date}: {price.source}",
    )


# ---------------------------------------------------------------- after the run


def lambda_gb_seconds(
    events: Iterable[Mapping[str, Any]], large: Iterable[str] = ("tag-findings", "aggregate")
) -> float:
    """GB-seconds of a history's invocations, from their scheduling to their end: a little more than is billed."""
    started: dict[int, tuple[str, datetime]] = {}
    total = 0.0
    for event in events:
        kind = event["type"]
        if kind == "TaskScheduled":
            started[event["id"]] = (str(event["taskScheduledEventDetails"].get("parameters", "")), event["timestamp"])
        elif kind in ("TaskSubmitted", "TaskSucceeded", "TaskFailed"):
            # A callback's function has returned when its task is submitted; what follows is only waiting.
            number = _scheduled(event, started)
            if number is not None:
                parameters, since = started.pop(number)
                memory = _LARGE_GB if any(f"-{name}" in parameters for name in large) else _FUNCTION_GB
                total += memory * (event["timestamp"] - since).total_seconds()
    return total


def _scheduled(event: Mapping[str, Any], started: Mapping[int, Any]) -> int | None:
    previous = int(event.get("previousEventId", 0))
    return next((number for number in (previous, previous - 1) if number in started), None)


def with_actual(lines: list[Line], used: Mapping[str, float]) -> list[Line]:
    """The lines with what the run really used, by the line's beginning."""
    for line in lines:
        line.actual = used.get(line.what)
        if line.actual is not None and line.most_cost is not None and line.most:
            line.actual_cost = line.actual * line.most_cost / line.most
    return lines
