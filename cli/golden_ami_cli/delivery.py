"""Where a run's report goes, and in which formats: --format, --out and --report-dir."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from golden_ami_cli import completion
from golden_ami_cli.errors import UsageError
from golden_ami_cli.files import make_directory

if TYPE_CHECKING:
    from golden_ami.report.model import Report
    from golden_ami.storage.objects import Store


class Format(StrEnum):
    """The formats of a report."""

    JSON = "json"
    HTML = "html"
    TEXT = "text"
    CSV = "csv"
    SARIF = "sarif"
    CYCLONEDX = "cyclonedx"
    JUNIT = "junit"
    ASFF = "asff"


FormatsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        "-f",
        metavar="NAME[,NAME]",
        autocompletion=lambda incomplete: completion.last_of(incomplete, [*Format]),
        help=f"The report's formats, of {', '.join(Format)}; may be repeated. Several go to --report-dir.",
        show_default=False,
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write the report here, as text or in --format.", show_default=False),
]
ReportDirOption = Annotated[
    Path | None,
    typer.Option(
        "--report-dir",
        metavar="DIR",
        help="Leave the report here, in every format or in --format; of a local run without that, history.html, too.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Delivery:
    """The formats of a report and their place: a file, a folder, or neither. No format: the command's default."""

    formats: tuple[Format, ...] = ()
    out: Path | None = None
    directory: Path | None = None

    @property
    def wanted(self) -> tuple[Format, ...]:
        """The formats that are to be rendered; none where a folder gets what the run itself has written."""
        return self.formats or ((Format.TEXT,) if self.out else ())

    def prepare(self) -> None:
        """Make the folder, and see that the file can be written, before anything is asked of AWS. Raises UsageError."""
        if self.directory:
            make_directory(self.directory)
        if self.out and (
            self.out.is_dir() or not os.access(self.out if self.out.exists() else self.out.parent, os.W_OK)
        ):
            raise UsageError(f"--out {self.out}: it cannot be written; name a file in a directory you may write to")

    def leave(self, report: Report, store: Store) -> dict[Format, Path]:
        """Write the report in the formats that are wanted; the file of each. Raises UsageError, storage's Missing."""
        from golden_ami.report.formats import CONTENT_TYPES, write

        left = {}
        for form in self.wanted:
            path = self.out or (self.directory or Path()) / CONTENT_TYPES[form.value][0]
            with _opened(path) as file:
                write(report, store, form.value, file)
            left[form] = path
        return left


NOWHERE = Delivery()


def delivery(formats: Iterable[str] | None, out: Path | None, directory: Path | None, *, placed: bool) -> Delivery:
    """What the options say. `placed`: a format needs a place, as stdout has the result. Raises UsageError."""
    named = tuple(dict.fromkeys(_format(name) for text in formats or () for name in text.split(",") if name.strip()))
    if out and directory:
        raise UsageError("--out and --report-dir exclude each other: one is a file for one format, the other a folder")
    if len(named) > 1 and not directory:
        raise UsageError("--format: several formats are several files; give --report-dir DIR for them")
    if named and placed and not (out or directory):
        raise UsageError("--format: stdout has the result; give --out FILE or --report-dir DIR for the report")
    return Delivery(named, out, directory)


def _format(name: str) -> Format:
    try:
        return Format(name.strip().lower())
    except ValueError:
        raise UsageError(f"--format {name}: there is no such format; choose from {', '.join(Format)}") from None


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("wb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a file in a directory you may write to") from error
