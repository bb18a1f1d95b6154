"""Where in a file's text a problem of a configuration stands. JSON and YAML alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from golden_ami.configuration.json_text import places
from golden_ami.errors import InvalidConfiguration, Problem
from golden_ami_cli.configuration.yaml_text import Yaml


def lines_of(text: str, problems: Sequence[Problem], *, yaml: bool = False) -> list[int]:
    """The line of each problem, 1 where it cannot be told."""
    said = [re.search(r"line (\d+), column \d+\Z", problem.value) for problem in problems]
    lines = {} if all(said) else _lines(text, yaml)
    return [
        int(match[1]) if match else _line(lines, problem.path) for match, problem in zip(said, problems, strict=True)
    ]


def _lines(text: str, yaml: bool) -> dict[str, int]:
    """The line of every member and item, by path."""
    try:
        if yaml:
            return {place.path: place.at + 1 for place in Yaml.read(text, "").places}
        content = text.removeprefix("\ufeff")
        found = [*places(content)]
    except (InvalidConfiguration, ValueError, IndexError):  # what cannot be read has told its own line
        return {}
    return dict(_counted(content, ((place.path, place.at) for place in found)))


def _counted(text: str, places: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
    """Offsets, in their order, as lines."""
    line, before = 1, 0
    for path, at in places:
        line += text.count("\n", before, at)
        before = at
        yield path, line


def _line(lines: dict[str, int], path: str) -> int:
    """The line of what stands at the path, or of the nearest that contains it."""
    while path not in lines and path:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return lines.get(path or "$", 1)
