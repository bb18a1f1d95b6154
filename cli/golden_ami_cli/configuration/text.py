"""Where in a file's text a problem of a configuration stands. JSON and YAML alike."""

from __future__ import annotations

import re
from typing import Any

import yaml

from golden_ami.errors import Problem


def lines_of(text: str, problems: list[Problem]) -> list[int]:
    """The line of each problem, 1 where it cannot be told. JSON's escapes and numbers are YAML's, too; tabs between
    its tokens are not, so they count as blanks."""
    try:
        root: Any = yaml.compose(text.replace("\t", " "), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        root = None
    return [_line(root, problem) for problem in problems]


def repeated(text: str) -> list[Problem]:
    """Names that stand twice in one mapping, which YAML readers silently resolve to the last."""
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    return list(_repeated(root, "")) if root is not None else []


def _repeated(node: Any, path: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            here = f"{path}.{name}" if path else name
            if name in seen:
                yield Problem(here, f"given twice, again in line {key.start_mark.line + 1}", "keep one")
            seen.add(name)
            yield from _repeated(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated(item, f"{path}[{index}]")


def _line(root: Any, problem: Problem) -> int:
    if said := re.search(r"line (\d+)", problem.value):
        return int(said[1])
    if root is None:
        return 1
    if problem.value.startswith("given twice"):  # of which only the name is told
        return _anywhere(root, problem.path) or 1
    rest, node, mark = problem.path, root, root.start_mark
    while rest and rest != "$":
        found = _member(node, rest) if isinstance(node, yaml.MappingNode) else _item(node, rest)
        if found is None:
            break
        rest, node, mark = found
    return int(mark.line) + 1


def _member(node: Any, path: str) -> tuple[str, Any, Any] | None:
    """The member that the path begins with. Names may hold dots: the longest that fits is taken."""
    fitting = [
        (str(key.value), key, value)
        for key, value in node.value
        if path == key.value or path.startswith((f"{key.value}.", f"{key.value}["))
    ]
    if not fitting:
        return None
    name, key, value = max(fitting, key=lambda entry: len(entry[0]))
    return path[len(name) :].removeprefix("."), value, key.start_mark


def _item(node: Any, path: str) -> tuple[str, Any, Any] | None:
    index = re.search(r"\A\[([0-9]+)\]\.?", path)
    if index is None or not isinstance(node, yaml.SequenceNode) or int(index[1]) >= len(node.value):
        return None
    item = node.value[int(index[1])]
    return path[index.end() :], item, item.start_mark


def _anywhere(node: Any, name: str) -> int:
    """The last line on which a member of this name stands, 0 when there is none."""
    line = 0
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == name:
                line = int(key.start_mark.line) + 1
            line = max(line, _anywhere(value, name))
    elif isinstance(node, yaml.SequenceNode):
        line = max((_anywhere(item, name) for item in node.value), default=0)
    return line
