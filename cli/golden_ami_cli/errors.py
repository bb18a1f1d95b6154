"""What ends the command: each with a sentence for the person and an exit status."""

from __future__ import annotations

from pathlib import Path

TOOL_FAILED = 1
USAGE = 2
GATE_FAIL = 3
GATE_NOT_ASSESSED = 4
STILL_RUNNING = 5
NOT_READY = 6
INTERRUPTED = 130


class CommandError(Exception):
    """Ends the command with a message on stderr. `status` is the exit status (docs/cli.md lists them)."""

    status = TOOL_FAILED

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = self.status if status is None else status


class UsageError(CommandError):
    """The command, or a file that it was given, cannot be used."""

    status = USAGE


class BadFile(UsageError):
    """A file cannot be used; the message names the file, the field, its value and the remedy."""

    def __init__(self, path: Path, field: str, value: str, remedy: str) -> None:
        super().__init__(f"{path}: {field}: {value}; {remedy}")
