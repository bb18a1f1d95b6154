"""Files and directories that a command is given. Errors name the file and the remedy."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import TextIO

from golden_ami_cli.errors import BadFile

INPUT = Path("-")  # stands for standard input


def read_text(path: Path) -> str:
    """A file's text, or that of standard input for `INPUT`. Raises BadFile."""
    try:
        content = _input(sys.stdin) if path == INPUT else path.read_bytes()
        return content.decode("utf-8")
    except FileNotFoundError:
        raise BadFile(path, "file", "not found", "name a file that exists") from None
    except UnicodeDecodeError as error:
        raise BadFile(path, "file", f"not UTF-8 at byte {error.start}", "save it as UTF-8") from None
    except OSError as error:
        raise BadFile(path, "file", error.strerror or str(error), "name a file that can be read") from None


@lru_cache(maxsize=1)
def _input(stream: TextIO) -> bytes:
    """All of standard input, which can be read once, however often it is asked for."""
    return stream.buffer.read()


def make_directory(path: Path) -> None:
    """Make a directory for what the command is to leave. Raises BadFile."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadFile(path, "directory", error.strerror or str(error), "name a directory that can be made") from None
