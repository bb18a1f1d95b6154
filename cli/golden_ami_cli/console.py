"""Where the command writes: results to stdout, everything else to stderr. NO_COLOR is respected (by rich).

Every command prints through here. What is printed may come from AWS or from a file: no control sequence, bidirectional
or invisible mark in it reaches the terminal, and nothing in it is taken for rich's markup.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from golden_ami.characters import printable, printable_json

_PIPE_WIDTH = 160  # columns of a table where no terminal limits it


class Console(RichConsole):
    """rich's console, on which text is only text. Line feeds are lines: names and causes are made one line before."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"highlight": False, "markup": False, "emoji": False} | options))

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Everything that is printed passes here, in tables and below a live display, too."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment  # rich's own
            else:
                yield Segment(printable(segment.text, lines=True), segment.style)


def stdout() -> Console:
    """For results."""
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PIPE_WIDTH
    return console


def stderr() -> Console:
    """For errors and warnings."""
    return Console(stderr=True)


_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


def be_quiet(wanted: bool) -> None:
    """Whether progress and notes are left out from now on (--quiet)."""
    _quiet.set(wanted)


def progress() -> Console:
    """For progress and notes, on stderr."""
    return Console(stderr=True, quiet=_quiet.get())


def say(text: str) -> None:
    """Print lines of text to stdout as they are, however long."""
    print(printable(text, lines=True), flush=True)


def note(text: str) -> None:
    """One line on stderr, beside the output; none with --quiet."""
    progress().print(f"note: {text}", style="yellow", soft_wrap=True)


def say_json(text: str) -> None:
    """Print a JSON text to stdout; what is not drawn is escaped, which leaves its content the same."""
    print(printable_json(text), flush=True)


def write(content: bytes) -> None:
    """Write a file's content to stdout: to a terminal so that nothing in it acts, into a pipe or a file as it is."""
    if sys.stdout.isatty():
        print(printable(content.decode("utf-8", "replace").removeprefix("\ufeff"), lines=True), end="", flush=True)
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
