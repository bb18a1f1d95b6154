"""`python -m benchmarks [SECTION ...]`: measure, print, and keep in results.json and docs/performance.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import against_2017, aggregation, cold_start, cost, critical_path, events, house, waves
from benchmarks.page import PAGE, RESULTS, page, read
from benchmarks.tables import Section, markdown

NAMES = ("against-2017", "critical-path", "aggregation", "cold-start", "cost", "events", "waves", "house")


def main(arguments: list[str] | None = None) -> int:
    """Measure the sections asked for, all by default; those not measured keep their last results."""
    options = _options(arguments)
    results, target = (options.output / "results.json", options.output / "performance.md") if options.output else (
        RESULTS, PAGE
    )  # fmt: skip
    measures: dict[str, Callable[[bool], Section]] = {
        "against-2017": against_2017.measure,
        "critical-path": partial(critical_path.measure, huge=options.huge),
        "aggregation": aggregation.measure,
        "cold-start": cold_start.measure,
        "cost": cost.measure,
        "events": events.measure,
        "waves": waves.measure,
        "house": partial(house.measure, house=options.house),
    }
    before, known = read(results) if results.is_file() else ({}, {})
    machine = now = _machine()
    if set(known) - set(options.sections or NAMES):
        machine = before  # of those that are not measured now
    for name in options.sections or NAMES:
        began = time.perf_counter()
        section = known[name] = measures[name](options.quick)
        section.machine = now
        _print(name, section, time.perf_counter() - began)
        ordered = {name: known[name] for name in NAMES if name in known}
        _keep(machine, ordered, results, target)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*NAMES, []], metavar="SECTION", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="the smallest of everything: does it still run?")
    parser.add_argument("--huge", action="store_true", help="run 10,000 AMIs too")
    parser.add_argument("--house", action="store_true", help="measure `make test` and a fresh clone too")
    parser.add_argument("--output", type=Path, help="write results.json and performance.md into this folder")
    options = parser.parse_args(arguments)
    if options.quick and not options.output:
        parser.error("--quick measures nothing worth keeping: give --output FOLDER")
    return options


def _machine() -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def _print(name: str, section: Section, seconds: float) -> None:
    print(f"\n# {section.title} ({name}, measured in {seconds:.0f} s)")
    for table in section.tables:
        print(f"\n{table.title}\n{markdown(table)}")
    for goal in section.goals:
        print(f"{'reached' if goal.reached else 'MISSED '}  {goal.goal}: {goal.measured}")
    sys.stdout.flush()


def _keep(machine: dict[str, Any], sections: dict[str, Section], results: Path, target: Path) -> None:
    content = {"machine": machine, "sections": {name: asdict(section) for name, section in sections.items()}}
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    target.write_text(page(machine, sections), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
