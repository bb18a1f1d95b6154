"""Section 7: how long the house itself takes: `make run` and `make test`, as they are and from nothing."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from benchmarks.processes import ROOT, cpu_seconds
from benchmarks.tables import Cell, Goal, Section, Table

_GOALS = {"run": 10, "test": 180}  # seconds, warm


def measure(quick: bool, house: bool = False) -> Section:
    """`make run`, warm; with `house` the tests too, and both in a fresh clone of the last commit."""
    rows: list[list[Cell]] = []
    warm: dict[str, float] = {}
    for target in () if quick else ("run", "test") if house else ("run",):
        wall, cpu = _made(target, ROOT)
        rows.append([f"make {target}", "warm", wall, cpu])
        warm[target] = wall
    if house and not quick:
        with tempfile.TemporaryDirectory() as folder:
            clone = Path(folder) / "clone"
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
            for target, state in (("run", "fresh, with the installation"), ("test", "after it")):
                wall, cpu = _made(target, clone)
                rows.append([f"make {target}", state, wall, cpu])
    goals = [
        Goal(
            f"make {target}, warm: {_GOALS[target]} s on 2 cores",
            f"{wall:.0f} s",
            wall <= _GOALS[target],
            _why(target, wall),
        )
        for target, wall in warm.items()
    ]
    notes = ["Fresh is a new clone without .venv; it downloads or takes from pip's cache."]
    if not house:
        notes.append("`make bench ARGS=--house` measures `make test` and the fresh clone too.")
    return Section("The house itself", [Table("make", ["", "state", "wall s", "CPU s"], rows, notes)], goals)


def _made(target: str, folder: Path) -> tuple[float, float]:
    return cpu_seconds(["make", "--silent", target], folder)


def _why(target: str, wall: float) -> str:
    if wall <= _GOALS[target]:
        return ""
    if target == "run":
        return "The machine may have been busy: see the CPU seconds."
    return (
        "Two cores share its CPU seconds, and most are of whole runs in the embedded AWS, one for each cell of the "
        "matrix of faults. It would need fewer of them, or an emulation that takes two thirds of the time."
    )
