"""`python -m tests.year`: run the product for a year of weeks, and hold its reports against the books."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.year.course import course
from tests.year.judge import Disagreement
from tests.year.plan import year
from tests.year.truth import TROUBLES, Year


def main(arguments: list[str] | None = None) -> int:
    """Print a line a week with its disagreements, then how many there are; 1 if there is any."""
    options = _options(arguments)
    found: list[Disagreement] = []
    began = time.perf_counter()
    for week in course(_year(options)):
        print(f"{week}, {time.perf_counter() - began:.1f} s", flush=True)
        _print(week.disagreements, options.most - len(found))
        found += week.disagreements
        began = time.perf_counter()
    for kind, count in Counter(one.kind for one in found).most_common():
        print(f"{count:6} {kind}")
    print(f"{len(found)} disagreements")
    return 1 if found else 0


def _year(options: argparse.Namespace) -> Year:
    troubles = TROUBLES if options.troubles is None else frozenset(options.troubles)
    return year(options.seed, options.weeks, options.lineages, troubles)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make year", description=__doc__)
    parser.add_argument("--weeks", type=int, default=52, help="weekly assessments")
    parser.add_argument("--seed", type=int, default=1, help="what the year is drawn from")
    parser.add_argument("--lineages", type=int, default=12, help="golden AMIs, each with its builds")
    parser.add_argument("--troubles", nargs="*", choices=sorted(TROUBLES), help="what may happen; all by default")
    parser.add_argument("--most", type=int, default=200, help="disagreements that are printed")
    return parser.parse_args(arguments)


def _print(found: list[Disagreement], most: int) -> None:
    for one in found[: max(0, most)]:
        where = " ".join(filter(None, (one.ami, one.finding)))
        print(f"  {one.kind} {where}: said {one.said}; books {one.books}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
