"""A configuration's effect, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from rich.table import Table

from golden_ami.characters import printable
from golden_ami.configuration.catalog import no_benchmark
from golden_ami.engines.registry import traits
from golden_ami.evaluation.verdict import required
from golden_ami.lineage.former import renamed, renaming
from golden_ami.lineage.rules import rule_in_words
from golden_ami.models import Ami, Config, ConfiguredEngine, Engine, Policy
from golden_ami.usage.lines import UsageLine, amount, cost
from golden_ami_cli.tables import Name, table


def amis_table(amis: list[Ami]) -> Table:
    """The AMIs as they were looked up."""
    made = table("AMI", "Name", "Engine", "Instance", "Lineage", "Remarks")
    for ami in amis:
        remarks = [f"NOT ASSESSED: {ami.reason.message}; {ami.reason.remedy}"] if ami.reason else []
        remarks += [*filter(None, [ami.engine_reason]), *ami.notes]
        kind = ami.entry.instance_type if traits(ami.engine).needs_instances else ""
        lineage = f"{ami.lineage} (by: {rule})" if (rule := rule_in_words(ami.lineage_rule)) else ami.lineage
        engine, told = printable(ami.engine), printable("; ".join(remarks))
        made.add_row(printable(ami.key), Name(ami.name), engine, printable(kind), Name(lineage), told)
    return made


def policy_table(config: Config, amis: list[Ami]) -> Table:
    """What fails an AMI and what PASS needs, by policy and engine, with what holds by default."""
    made = table("AMIs", "Engine", "Fails on", "PASS needs", "Suppressed in Inspector", title="Policy")
    for (policy, engine), keys in _by_policy(config, amis).items():
        shown = ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
        decoded = msgspec.json.decode(policy, type=Policy)
        needed = ", ".join(required(decoded, config, engine)) + ("" if decoded.require is not None else " (default)")
        suppressed = {"judge": "judged", "tolerate": "tolerated"}[decoded.suppressed]
        made.add_row(*map(printable, (shown, engine, fails_on(decoded, engine), needed, suppressed)))
    return made


def _by_policy(config: Config, amis: list[Ami]) -> dict[tuple[bytes, Engine], list[str]]:
    """The keys of the AMIs that are judged alike: by one policy, as JSON, and of one engine."""
    found: dict[tuple[bytes, Engine], list[str]] = {}
    for ami in amis:
        policy = msgspec.json.encode(config.policy_of(ami))
        found.setdefault((policy, ami.engine), []).append(ami.key)
    return found


def fails_on(policy: Policy, engine: Engine) -> str:
    """The rules of a policy in words. Engine `classic` tells nothing of exploitation: a default does not hold there."""
    rules = policy.fail_on
    if policy.report_only:
        return "nothing: report only"
    known = rules.known_exploited is not False and not (rules.known_exploited is None and engine == "classic")
    words = [
        ", ".join(rules.severities),
        "known exploited" * known,
        "exploit available" * rules.exploit_available,
        "" if rules.epss is None else f"EPSS from {rules.epss:g}",
        "a discontinued operating system" * rules.discontinued_os,
    ]
    limits = ["only fixable" * policy.only_fixable, f"after {policy.grace_days} days" if policy.grace_days else ""]
    also = " (known exploited, too)" * (policy.tolerate_known_exploited and any(limits))
    return "; ".join(filter(None, [*words, *limits])) + also


def renamed_lineages(config: Config, amis: Sequence[Ami]) -> list[str]:
    """That exceptions name lineages which an earlier release gave these AMIs, and which none of them has now."""
    found = renamed(config.exceptions, amis, config.lineage_tag)
    held = "an exception for it holds for no AMI: name the one that it is meant for"
    return [f"{renaming(former, present)}; {held}" for former, present in found.items()]


def without_benchmark(config: Config, engines: Sequence[ConfiguredEngine]) -> str:
    """How many AMIs the benchmark of a configuration is not assessed on, by their engines; "" where none."""
    unable = [engine for engine in engines if engine != "auto" and no_benchmark(config, engine)]
    if not unable:
        return ""
    named = ", ".join(sorted(set(unable)))
    counted = f"{len(unable)} of {len(engines)} AMIs"
    return f"cis {config.cis} is not assessed on {counted}: engine {named} runs no CIS benchmark"


def estimate_table(lines: list[UsageLine]) -> Table:
    """What a run uses, and what it costs as far as that is known."""
    actual = any(line.actual is not None for line in lines)
    made = table(title="Estimate")
    for name in ("What", "Unit"):
        made.add_column(name, no_wrap=True)
    for name in (
        "At least",
        "At most",
        *(["Actual"] if actual else []),
        "Cost at least",
        "Cost at most",
        *(["Actual cost"] if actual else []),
    ):
        made.add_column(name, justify="right", no_wrap=True)
    made.add_column("Price", overflow="fold")
    for line in lines:
        used = ["not known" if line.actual is None else amount(line.actual)] if actual else []
        costs = [cost(line.least_cost), cost(line.most_cost)]
        costs += [cost(line.actual_cost)] if actual else []
        made.add_row(line.what, line.unit, amount(line.least), amount(line.most), *used, *costs, line.price)
    return made


def lines_json(lines: list[UsageLine]) -> str:
    """The estimate as a JSON array."""
    return msgspec.json.format(msgspec.json.encode(lines), indent=2).decode()


def to_json(config: Config, amis: list[Ami], lines: list[UsageLine], rights: str) -> str:
    """All of it as one object. User data, which may hold secrets, is left out.

    `rights` says how it was found out what load-config may read.
    """
    rows: list[Any] = [msgspec.to_builtins(ami) for ami in amis]
    for row in rows:
        row.get("entry", {}).pop("userData", None)
    settings = msgspec.to_builtins(msgspec.structs.replace(config, amis=[]))
    needed = {ami.key: required(config.policy_of(ami), config, ami.engine) for ami in amis}
    content = {"configuration": settings, "required": needed, "amis": rows, "estimate": lines, "rights": rights}
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()
