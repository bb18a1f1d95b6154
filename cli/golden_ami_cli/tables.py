"""The one style of tables in the terminal."""

from __future__ import annotations

from rich import box
from rich.table import Table


def table(*folding: str, title: str | None = None) -> Table:
    """A table without columns but these, whose long texts go on in the next line."""
    made = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="bold",
        title=title,
        title_justify="left",
    )
    for name in folding:
        made.add_column(name, overflow="fold")
    return made
