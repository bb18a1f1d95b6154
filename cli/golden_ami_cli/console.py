"""Where the command writes: results to stdout, everything else to stderr. NO_COLOR is respected (by rich)."""

from __future__ import annotations

import os

from rich.console import Console

_PIPE_WIDTH = 160  # columns of a table where no terminal limits it


def stdout() -> Console:
    """For results."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PIPE_WIDTH
    return console


def stderr() -> Console:
    """For progress and errors."""
    return Console(stderr=True, highlight=False)
