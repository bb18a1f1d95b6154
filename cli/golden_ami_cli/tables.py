"""The one style of tables in the terminal, and names in them."""

from __future__ import annotations

import re

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from golden_ami.characters import printable

# What stays on one line, with the separators behind it: a date as names have it (2026-09-30, 2026.03.1), or a word.
_PIECE = re.compile(r"(?:(?<!\d)\d{4}([-._])\d{1,2}\1\d{1,2}(?!\d)|[^-_./ ]+)[-_./ ]*|[-_./ ]+")


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


class Name:
    """A name, or a version, in a cell: where it is too long it breaks behind a separator, and at no date."""

    def __init__(self, text: str) -> None:
        self._text = printable(text)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        longest = max(map(cell_len, _pieces(self._text)), default=0)
        return Measurement(longest, cell_len(self._text)).with_maximum(options.max_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text("\n".join(broken(self._text, options.max_width)), overflow="fold")


def broken(name: str, width: int) -> list[str]:
    """The lines of a name, of so many columns where its pieces allow it.

    >>> broken("golden-ubuntu2404-api-2026-09-30", 22)
    ['golden-ubuntu2404-api-', '2026-09-30']
    """
    lines = [""]
    for piece in _pieces(name):
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _pieces(name: str) -> list[str]:
    return [piece[0] for piece in _PIECE.finditer(name)]
