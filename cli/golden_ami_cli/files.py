"""Files and directories that a command is given. Errors name the file and the remedy."""

from __future__ import annotations

from pathlib import Path

from golden_ami_cli.errors import BadFile


def read_text(path: Path) -> str:
    """A file's text. Raises BadFile."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadFile(path, "file", "not found", "name a file that exists") from None
    except UnicodeDecodeError as error:
        raise BadFile(path, "file", f"not UTF-8 at byte {error.start}", "save it as UTF-8") from None
    except OSError as error:
        raise BadFile(path, "file", error.strerror or str(error), "name a file that can be read") from None


def make_directory(path: Path) -> None:
    """Make a directory for what the command is to leave. Raises BadFile."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadFile(path, "directory", error.strerror or str(error), "name a directory that can be made") from None
