"""What a benchmark yields: tables as data, which the page and the terminal show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Cell = str | int | float | None


@dataclass
class Table:
    """Rows under columns; `notes` say what a reader must know to believe them."""

    title: str
    columns: list[str]
    rows: list[list[Cell]]
    notes: list[str] = field(default_factory=list)


@dataclass
class Goal:
    """A goal, what was measured, and whether it is reached; `why` is for one that is missed."""

    goal: str
    measured: str
    reached: bool
    why: str = ""


@dataclass
class Section:
    """The yield of one benchmark."""

    title: str
    tables: list[Table]
    goals: list[Goal] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=dict)  # where and when, if not with the others


def shown(cell: Cell) -> str:
    """A cell as people read it: three significant digits, thousands separated, a dash for what is not known."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 1000:
        return f"{cell:,.0f}"
    return f"{cell:.3g}" if abs(cell) >= 0.001 or cell == 0 else f"{cell:.2e}"


def markdown(table: Table) -> str:
    """The table in Markdown: numbers to the right."""
    right = [all(not isinstance(row[at], str) for row in table.rows) for at in range(len(table.columns))]
    lines = [table.columns, ["---:" if number else "---" for number in right]]
    lines += [[shown(cell).replace("|", "\\|") for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
