"""Writes into docs/costs.md the bill of a month before and after runs went round, from measured runs and the prices."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from marked import with_part

from golden_ami.places import Place
from golden_ami.usage.bill import network_month
from golden_ami.usage.idle import Stack
from golden_ami.usage.prices import shipped

PAGE = Path(__file__).with_name("costs.md")
BEGIN = "<!-- Below: written by docs/generate_before.py from measured runs and the prices -->"
END = "<!-- Above: written by docs/generate_before.py -->"
WEEKLY = 52 / 12  # runs a month
GIB = 8


class Run(NamedTuple):
    """What one run used in the embedded AWS: instance minutes, state transitions, Lambda's GB-seconds, invocations."""

    minutes: float
    transitions: int
    gb_seconds: float
    invocations: int


# By engine, AMIs, and whether every fifth scan takes an hour (else all take 15 minutes): before, after.
MEASURED = {
    ("instance", 5, False): (Run(83.6, 34, 6.8, 27), Run(84.0, 48, 8.1, 37)),
    ("instance", 5, True): (Run(308.6, 61, 7.8, 45), Run(129.3, 78, 9.8, 56)),
    ("instance", 50, False): (Run(855.8, 104, 31.3, 142), Run(869.6, 133, 166.8, 164)),
    ("instance", 50, True): (Run(3100.7, 131, 33.7, 160), Run(1298.7, 231, 174.3, 224)),
    ("ami", 5, False): (Run(0.0, 31, 7.2, 26), Run(0.0, 53, 8.7, 41)),
    ("ami", 50, False): (Run(0.0, 63, 28.1, 80), Run(0.0, 109, 43.9, 134)),
}
NETWORKS = {"instance": (("own", "own"), ("own", "public")), "ami": (("none", "none"),)}


def table() -> str:
    """A month before and after, by engine, AMIs and lengths of scans; 500 AMIs as ten times 50."""
    heads = ["Engine", "AMIs", "Scans", "`Network` before, after", "Minutes of a run before", "after"]
    heads += ["A month before", "after"]
    lines = [f"| {' | '.join(heads)} |", "| --- | ---: | --- | --- | ---: | ---: | ---: | ---: |"]
    for (engine, amis, mixed), (before, after) in _with_500().items():
        scans = "one in five an hour" if mixed else "alike"
        for networks in NETWORKS[engine]:
            months = [_month(run, network) for run, network in zip((before, after), networks, strict=True)]
            minutes = f"{before.minutes:,.0f} | {after.minutes:,.0f}"
            told = " | ".join(f"${month:,.2f}" for month in months)
            lines.append(f"| {engine} | {amis} | {scans} | `{networks[0]}`, `{networks[1]}` | {minutes} | {told} |")
    return "\n".join(lines)


def _with_500() -> dict[tuple[str, int, bool], tuple[Run, Run]]:
    more = {
        (engine, 500, mixed): (_tenfold(before), _tenfold(after))
        for (engine, amis, mixed), (before, after) in MEASURED.items()
        if amis == 50
    }
    return dict(sorted((MEASURED | more).items(), key=lambda row: (row[0][0] != "instance", row[0][2], row[0][1])))


def _tenfold(run: Run) -> Run:
    return Run(10 * run.minutes, 10 * run.transitions, 10 * run.gb_seconds, 10 * run.invocations)


def _month(run: Run, network: str) -> float:
    """US dollars, free amounts not taken off, without scans of AMIs, which have no price."""
    price = {name: shipped()[name].price for name in shipped().rows}
    hour = price["instance_hour.t3.medium"] + price["inspector_instance_hour"] + GIB * price["volume_gib_month"] / 730
    hour += price["public_ipv4_hour"] * (network == "public")
    of_run = run.minutes / 60 * hour + run.transitions * price["step_functions_transition"]
    of_run += run.gb_seconds * price["lambda_gb_second"] + run.invocations * price["lambda_request"]
    idle = price["kms_key_month"] + network_month(Stack(network=network), shipped(), Place("", "us-east-1")).most
    return WEEKLY * of_run + idle


def page() -> str:
    """The page with its table. Raises ValueError when it lacks the markers."""
    return with_part(PAGE, BEGIN, END, table())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
