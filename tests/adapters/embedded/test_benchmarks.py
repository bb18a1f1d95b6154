"""Every benchmark still runs, on the smallest of everything. What it measures is not looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROUNDS = [["against-2017"], ["critical-path"], ["aggregation"], ["cold-start", "cost", "events", "waves", "house"]]


@pytest.mark.parametrize("sections", ROUNDS, ids=lambda sections: sections[0])
def test_a_quick_round(sections: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", *sections, "--quick", "--output", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    measured = json.loads((tmp_path / "results.json").read_text())["sections"]
    assert [*measured] == sections
    for section in measured.values():
        for table in section["tables"]:
            assert all(len(row) == len(table["columns"]) for row in table["rows"]), table["title"]
    assert "## Goals" in (tmp_path / "performance.md").read_text()
