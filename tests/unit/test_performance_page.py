"""docs/performance.md is what benchmarks/results.json says."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import benchmarks.__main__
import benchmarks.cost
import pytest
from benchmarks.critical_path import by_state
from benchmarks.page import PAGE, page, read
from benchmarks.tables import Cell, Goal, Section, Table, markdown, shown

MACHINE = {"date": "2026-11-23", "cores": 2, "memory_gib": 4, "python": "3.11.7", "load": 0.1}


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
    told = page(MACHINE, {"one": section})
    assert "| fast | slow | **missed** |" in told
    assert "- **fast**: slow. It sleeps." in told
    assert "| small | small | reached |" in told


def test_figures_of_states_that_are_gone_are_told_as_earlier_ones() -> None:
    now = Table("By state", ["state", "s"], [["Load Config", 1.0], ["total", 1.0]])
    then = Table("By state", ["state", "s"], [["Load Config", 1.0], ["Needs Instances?", 1.0]])
    told = [page(MACHINE, {"one": Section("One", [table], [])}) for table in (now, then)]
    assert ["no states Needs Instances?." in one for one in told] == [False, True]


def test_what_a_state_sleeps_is_not_counted() -> None:
    """A callback that is awaited, and two retries of a Map's iterations that wait at the same time."""

    def event(number: int, before: int, seconds: float, kind: str, name: str = "") -> dict[str, Any]:
        part = f"state{kind.removeprefix('Task').removeprefix('MapState').removeprefix('State')}EventDetails"
        at = datetime(2026, 11, 28, tzinfo=UTC) + timedelta(seconds=seconds)
        return {"id": number, "previousEventId": before, "timestamp": at, "type": kind, part: {"name": name}}

    events = [
        event(1, 0, 0, "TaskStateEntered", "Await Completion"),
        event(2, 1, 1, "TaskSubmitted"),
        event(3, 2, 61, "TaskSucceeded"),
        event(4, 3, 62, "TaskStateExited", "Await Completion"),
        event(5, 4, 62, "MapStateEntered", "Tag Findings"),
        event(6, 5, 63, "TaskFailed"),
        event(7, 5, 64, "TaskFailed"),
        event(8, 6, 83, "TaskScheduled"),
        event(9, 7, 94, "TaskScheduled"),
        event(10, 9, 96, "MapStateExited", "Tag Findings"),
    ]
    assert by_state(events) == {"Await Completion": 2, "Tag Findings": 3}


def test_a_section_that_was_measured_apart_says_when() -> None:
    later = {**MACHINE, "date": "2026-11-28", "load": 0.2}
    told = page(MACHINE, {"one": Section("One", [], [], MACHINE), "two": Section("Two", [], [], later)})
    assert [line[:22] for line in told.splitlines() if line.startswith("Measured")] == [
        "Measured on 2026-11-23",
        "Measured on 2026-11-28",
    ]
    assert told.index("2026-11-28") > told.index("## 2. Two")


def test_sections_that_are_not_measured_keep_their_date(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cost = Section("Cost", [], [], MACHINE)
    kept = {"machine": MACHINE, "sections": {"cost": asdict(cost), "events": asdict(Section("Events", []))}}
    (tmp_path / "results.json").write_text(json.dumps(kept))
    monkeypatch.setattr(benchmarks.cost, "measure", lambda _: Section("Cost", []))
    benchmarks.__main__.main(["cost", "--output", str(tmp_path)])
    machine, sections = read(tmp_path / "results.json")
    assert machine == MACHINE
    assert sections["events"].machine == {}
    assert set(sections["cost"].machine) == set(MACHINE)
    assert sections["cost"].machine != MACHINE
