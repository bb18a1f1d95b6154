"""docs/performance.md is what benchmarks/results.json says."""

from __future__ import annotations

import pytest
from benchmarks.page import PAGE, page, read
from benchmarks.tables import Cell, Goal, Section, Table, markdown, shown


def test_the_page_is_made_from_the_results() -> None:
    assert page(*read()) == PAGE.read_text(encoding="utf-8"), "run `make bench`; do not edit docs/performance.md"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [(None, "-"), ("run", "run"), (1234567, "1,234,567"), (1234.5, "1,234"), (12.345, "12.3"), (0.0, "0"),
     (0.00012345, "1.23e-04")],
)  # fmt: skip
def test_figures_have_three_digits(cell: Cell, expected: str) -> None:
    assert shown(cell) == expected


def test_numbers_stand_to_the_right_and_texts_stay_in_their_cells() -> None:
    table = Table("t", ["name", "s"], [["a|b", 1.0], ["c", None]])
    assert markdown(table).splitlines() == ["| name | s |", "| --- | ---: |", "| a\\|b | 1 |", "| c | - |"]


def test_a_missed_goal_is_told_with_its_reason() -> None:
    section = Section("One", [], [Goal("fast", "slow", False, "It sleeps."), Goal("small", "small", True)])
    machine = {"date": "2026-11-23", "cores": 2, "memory_gib": 4, "python": "3.11.7", "load": 0.1}
    told = page(machine, {"one": section})
    assert "| fast | slow | **missed** |" in told
    assert "- **fast**: slow. It sleeps." in told
    assert "| small | small | reached |" in told
