"""Holds every fault against every engine and writes the table of docs/reliability.md. Takes some minutes.

`python docs/generate_reliability.py [FAULT ...]` rewrites what stands below the marker, with names those rows only;
tests/statemachine/test_faults.py holds the page to what runs show.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from golden_ami.models import Engine
from golden_ami_emulator.chaos.bench import Bench, Trial
from golden_ami_emulator.chaos.guarantees import harmless, unreached, violations
from golden_ami_emulator.chaos.runs import ENGINES
from golden_ami_emulator.chaos.worlds import Plan, ami_id, world
from golden_ami_emulator.faults import InjectableFault, catalogue, chosen

PAGE = Path(__file__).with_name("reliability.md")
MARKER = "<!-- Below: written by docs/generate_reliability.py -->"
ASSESSED, NAMED, BROKEN, NOT_APPLICABLE = "assessed", "named", "BROKEN", "n/a"
IMAGES = 12


def chosen_alone(names: Sequence[str]) -> list[InjectableFault]:
    """The faults of these names; all of them without any."""
    return [fault for name, fault in catalogue().items() if not names or name in names]


def mark(trial: Trial, found: list[str]) -> str:
    """What a cell shows: every AMI assessed all the same, or some NOT ASSESSED with the fault named."""
    if found:
        return BROKEN
    amis = [ami for run in trial.runs if run.report for ami in run.report.amis]
    return NAMED if any(ami.verdict == "NOT_ASSESSED" for ami in amis) else ASSESSED


def column(engine: Engine, names: Sequence[str]) -> dict[str, str]:
    """Faults with one engine."""
    marks: dict[str, str] = {}
    with Bench(world(IMAGES, 1)) as bench:
        for number, fault in enumerate(chosen_alone(names)):
            if engine not in fault.engines:
                marks[fault.name] = NOT_APPLICABLE
                continue
            amis = [ami_id(1 + (2 * number + at) % IMAGES) for at in range(fault.amis)]
            trial = bench.trial([Plan(dict.fromkeys(amis, engine))], chosen([fault.name]))
            found = [*map(str, violations(trial, bench.world)), *map(str, harmless(trial)), *unreached(trial)]
            marks[fault.name] = mark(trial, found)
            if found:
                sys.stderr.write("\n  ".join([engine, fault.name, *found]) + "\n")
    return marks


def table(columns: Mapping[Engine, Mapping[str, str]]) -> str:
    """The table, with its sum."""
    cells = [columns[engine][name] for name in catalogue() for engine in ENGINES]
    held = sum(cell in (ASSESSED, NAMED) for cell in cells)
    lines = [
        MARKER,
        "",
        f"{len(catalogue())} faults, {held} cells in which all six guarantees hold, {cells.count(BROKEN)} broken.",
        "",
        f"| Fault | What happens | {' | '.join(ENGINES)} |",
        f"| --- | --- | {' | '.join('---' for _ in ENGINES)} |",
    ]
    for name, fault in catalogue().items():
        row = " | ".join(columns[engine][name] for engine in ENGINES)
        lines.append(f"| `{name}` | {fault.about} | {row} |")
    return "\n".join([*lines, ""])


def recorded(page: str) -> dict[tuple[Engine, str], str]:
    """The marks that the page has."""
    found: dict[tuple[Engine, str], str] = {}
    for line in page.partition(MARKER)[2].splitlines():
        if line.startswith("| `"):
            name, _, *marks = (cell.strip() for cell in line.strip("|").split("|"))
            found |= {(engine, name.strip("`")): each for engine, each in zip(ENGINES, marks, strict=True)}
    return found


def main() -> None:
    """Rewrite the page's table."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        new = dict(zip(ENGINES, pool.map(partial(column, names=sys.argv[1:]), ENGINES), strict=True))
    page = PAGE.read_text(encoding="utf-8")
    columns: dict[Engine, dict[str, str]] = {engine: {} for engine in ENGINES}
    for (engine, name), written in recorded(page).items():
        columns[engine][name] = written
    for engine in ENGINES:
        columns[engine] |= new[engine]
    PAGE.write_text(page.partition(MARKER)[0] + table(columns), encoding="utf-8")


if __name__ == "__main__":
    main()
