"""What no schema says of the texts, names and numbers of a document: that they can be stored, sent and shown. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from golden_ami.configuration.problems import path_of, shown
from golden_ami.errors import Problem

Step = str | int

_SURROGATE = re.compile("[\ud800-\udfff]")  # half a pair: no UTF-8 has it
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_OF_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_PAIR = r"write characters as they are or as \ud83d\ude00 pairs"
_SCRIPT, _TEXT = "userData", "reason"  # which may have any characters; which may have lines


def text_problems(document: object) -> list[Problem]:
    """Halves of surrogate pairs, control characters, numbers without end, and names that are no text."""
    return [problem for steps, value in _values(document) for problem in _of_value(steps, value)]


def _values(document: object) -> Iterator[tuple[tuple[Step, ...], object]]:
    """Every value with its place, in no certain order, and each object's and list's own only once."""
    waiting: list[tuple[tuple[Step, ...], object]] = [((), document)]
    seen: set[int] = set()  # YAML's aliases may make a list its own member
    while waiting:
        steps, value = waiting.pop()
        yield steps, value
        if isinstance(value, dict | list) and id(value) not in seen:
            seen.add(id(value))
            members = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += reversed([((*steps, name), member) for name, member in members])


def _of_value(steps: tuple[Step, ...], value: object) -> Iterator[Problem]:
    path = path_of(steps)
    if isinstance(value, float) and not math.isfinite(value):
        yield Problem(path, shown(value), "give a finite number")
    elif isinstance(value, str):
        yield from _of_text(path, value, str(steps[-1]) if steps else "")
    elif isinstance(value, dict):
        for name in value:
            if isinstance(name, str):
                yield from _of_text(path_of((*steps, name)), name, "")
            else:
                yield Problem(path, f"the name {shown(name)}", "write names in quotes")


def _of_text(path: str, text: str, member: str) -> Iterator[Problem]:
    if _SURROGATE.search(text):
        yield Problem(path, "half a surrogate pair in a text", _PAIR)
    elif member.lower().replace("-", "").replace("_", "").replace(" ", "") != _SCRIPT.lower() and (
        found := (_CONTROL_OF_TEXT if member == _TEXT else _CONTROL).search(text)
    ):
        yield Problem(path, f"the control character U+{ord(found[0]):04X} in a text", "leave it out")
