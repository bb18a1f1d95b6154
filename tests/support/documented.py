"""The command lines in README and documentation."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "samples" / "README.md"])


def console(text: str) -> list[str]:
    """The lines of the blocks that show a terminal; a line's continuation is part of it."""
    found, block = [], None
    for line in text.replace("\\\n", " ").splitlines():
        fence = re.match(r"\s*```(\w*)", line)
        if fence:
            block = None if block is not None else fence[1]
        elif block in ("", "console", "bash", "text"):
            found.append(line.strip())
    return found


def commands(text: str, *programs: str) -> list[str]:
    """Commands of the console blocks, and within sentences, that begin with one of the programs.

    Each command of `a && b` is one.
    """
    names = "|".join(programs)
    inline = re.findall(rf"`((?:\.venv/bin/)?(?:{names}) [^`]+)`", text)
    lines = [line.removeprefix("$ ").partition("  #")[0] for line in console(text)]
    parts = [part for line in [*lines, *inline] for part in line.split("&&")]
    found = [" ".join(part.split()).removeprefix(".venv/bin/") for part in parts]
    return [line for line in found if re.match(rf"(?:{names}) ", line)]


def words(line: str) -> list[str]:
    """The line as a shell splits it. Raises ValueError for what a shell would not hand to the program."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found = list(lexer)
    special = [word for word in found if set(word) <= set("<>|&;()")]
    if special:
        raise ValueError(f"the shell would take {special[0]} for itself: {line}")
    return found
