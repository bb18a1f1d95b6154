"""JSON as text, stricter than the parser: no name twice in an object (RFC 8259, section 4), no deep nesting. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from golden_ami.errors import InvalidConfiguration, Problem

DEPTH = 64  # lists and objects in each other; a configuration has 6, a finding of Inspector 8
_SHOWN = 80  # characters of a name

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}:,]', re.DOTALL)
_CONSTANT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(-?(?:NaN|Infinity))', re.DOTALL)


class DocumentNode(NamedTuple):
    """A member or an item of a document: its path, where it begins (offset), and whether its name stood before."""

    path: str
    at: int
    repeated: bool = False


_LEAST = '{"amis": [{"amiId": "ami-…"}]}'


def decode(text: str, source: str, least: str = _LEAST) -> object:
    """The document of a JSON text. Raises InvalidConfiguration, with line and column.

    `least` is what one that says nothing should say.
    """

    content = text.removeprefix("\ufeff")

    def refuse(value: str, remedy: str, at: int | None = None, path: str = "$") -> NoReturn:
        where = "" if at is None else f" at {position(content, at)}"
        raise InvalidConfiguration(source, [Problem(path, value + where, remedy)])

    if not content.strip():
        refuse("empty", f"write at least {least}")
    deep = too_deep(content)
    if deep is not None:
        refuse(f"more than {DEPTH} lists and objects in each other", "leave the nesting out", deep)
    repeated: list[str] = []

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(members)
        if len(made) < len(members):
            repeated.append("")
        return made

    def constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is no JSON number")

    try:
        document = json.loads(content, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        said = f"not JSON: {error.msg}"
        refuse(said, "correct the JSON there; quotes, commas and brackets are the usual causes", error.pos)
    except (ValueError, RecursionError):
        found = [match.start() for match in _CONSTANT.finditer(content) if match[1]]
        remedy = "leave out NaN, Infinity and numbers of thousands of digits"
        refuse("not usable JSON", remedy, found[0] if found else None)
    if repeated:
        twice = [place for place in places(content) if place.repeated]
        raise InvalidConfiguration(
            source,
            [Problem(one.path, f"given twice, again at {position(content, one.at)}", "keep one") for one in twice],
        )
    return document


def too_deep(text: str) -> int | None:
    """Where the text opens more than `DEPTH` lists and objects in each other (offset); None when it does not."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > DEPTH:
            return token.start()
    return None


def position(text: str, at: int) -> str:
    """An offset as people count.

    >>> position("ab\\nc", 3)
    'line 2, column 1'
    """
    return f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"


def places(text: str) -> Iterator[DocumentNode]:
    """Every member and item of a valid JSON text, in its order; the first is the document itself, "$"."""
    stack: list[_OpenJson] = []
    key: tuple[str, int] | None = None  # the string read last, which a colon makes a name
    fresh = True  # whether a value may begin here
    for token in re.finditer(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}:,]|[^][{}:,"\s]+', text, re.DOTALL):
        kind, top = token[0][0], stack[-1] if stack else None
        if kind in "]}":
            stack.pop()
            fresh = False
        elif kind == ",":
            fresh = bool(top and not top.names_members)
        elif kind == ":" and top and key:
            yield top.member(*key)
            fresh = False
        else:
            if not top or fresh:
                yield top.item(token.start()) if top else DocumentNode("$", token.start())
                fresh = False
            if kind in "[{":
                stack.append(_OpenJson(kind == "{", top.last if top else ""))
                fresh = kind == "["
            elif kind == '"':
                key = (json.loads(token[0], strict=False), token.start())


class _OpenJson:
    """A list or an object that is being read."""

    def __init__(self, names_members: bool, path: str) -> None:
        self.names_members = names_members
        self.path = path
        self.last = path
        self._seen: set[str] = set()
        self._count = 0

    def member(self, name: str, at: int) -> DocumentNode:
        repeated = name in self._seen
        self._seen.add(name)
        self.last = joined(self.path, name)
        return DocumentNode(self.last, at, repeated)

    def item(self, at: int) -> DocumentNode:
        self.last = joined(self.path, self._count)
        self._count += 1
        return DocumentNode(self.last, at)


def joined(path: str, step: str | int) -> str:
    """The path of a member or an item of what stands at a path; long names are cut."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    name = step if len(step) <= _SHOWN else step[:_SHOWN] + "…"
    return f"{path}.{name}" if path else name
