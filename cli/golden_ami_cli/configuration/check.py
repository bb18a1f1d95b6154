"""A configuration file, read and checked, with the line of every problem."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from golden_ami.characters import printable
from golden_ami.errors import InvalidConfiguration, Problem
from golden_ami_cli.configuration.reading import is_yaml, read_configuration
from golden_ami_cli.configuration.text import lines_of
from golden_ami_cli.errors import UsageError
from golden_ami_cli.files import read_text

if TYPE_CHECKING:
    from golden_ami.models import Config

Found = list[tuple[int, Problem]]


def check(path: Path) -> tuple[Config | None, Found]:
    """What the file says, or everything that is wrong with it, by line. Raises BadFile when it cannot be read."""
    text = read_text(path)
    problems: list[Problem] = []
    config: Config | None = None
    try:
        _, config = read_configuration(path)
    except InvalidConfiguration as error:
        problems = list(error.problems)
    if problems:
        lines = lines_of(text, problems, yaml=is_yaml(path, text))
        return None, sorted(zip(lines, problems, strict=True))
    return config, []


def listed(path: Path, found: Found) -> str:
    """The problems of a file, one a line."""
    return "\n".join(printable(f"{path}:{line}: {problem}") for line, problem in found)


def checked(path: Path) -> tuple[str, Config]:
    """The file as the parameter's text, and what it says. Raises UsageError with every problem."""
    config, found = check(path)
    if config is None:
        raise UsageError(f"{len(found)} problem{'' if len(found) == 1 else 's'}\n{listed(path, found)}")
    return read_configuration(path)
