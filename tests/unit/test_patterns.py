"""Every pattern says where it begins and ends: `$` also matches before a last line feed, `re.match` before anything."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    [
        *ROOT.glob("functions/**/*.py"),
        *ROOT.glob("cli/**/*.py"),
        *ROOT.glob("emulator/**/*.py"),
        *ROOT.glob("docs/*.py"),
    ]
)
SCHEMAS = sorted(ROOT.glob("functions/golden_ami/schema/*.json"))
_CALLS = {"match", "fullmatch", "search", "sub", "subn", "split", "compile", "findall", "finditer"}
END = "$(?!\\n)"  # in Python's dialect and in ECMA-262's alike


def faults(source: str) -> Iterator[str]:
    """What is not anchored in a module's source."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.func.attr in _CALLS):
            continue
        if node.func.attr == "match":
            yield f"line {node.lineno}: re.match; write fullmatch, or search with \\A"
        for text in _texts(node.args[0]) if node.args else ():
            if _unanchored(text):
                yield f"line {node.lineno}: $ in {text!r}; write \\Z"


def _texts(pattern: ast.expr) -> list[str]:
    if isinstance(pattern, ast.Call):  # made by code, not written
        return []
    found = [node.value for node in ast.walk(pattern) if isinstance(node, ast.Constant)]
    return [
        text.decode("latin-1") if isinstance(text, bytes) else text for text in found if isinstance(text, str | bytes)
    ]


def _unanchored(pattern: str) -> bool:
    """Whether a `$` stands as an anchor: neither escaped nor in a set."""
    bare = re.sub(r"\\.", "", pattern, flags=re.DOTALL)
    return "$" in re.sub(r"\[\^?\]?[^\]]*\]", "", bare)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_pattern_is_open(path: Path) -> None:
    assert list(faults(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source", ["re.match('x', y)", "re.compile(r'x$')", "re.search(r'^a$|b', y)", "re.sub(rf'{x}$', '', y)"]
)
def test_an_open_pattern_is_found(source: str) -> None:
    assert list(faults(source))


@pytest.mark.parametrize(
    "source", [r"re.compile(r'\$x')", "re.search('[$]', y)", r"re.search(r'\Ax\Z', y)", "a.match(y)"]
)
def test_a_closed_pattern_is_not(source: str) -> None:
    assert list(faults(source)) == []


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from (value for name, value in schema.items() if name == "pattern" and isinstance(value, str))
        yield from schema.get("patternProperties", {})
        for member in schema.values():
            yield from patterns(member)
    elif isinstance(schema, list):
        for member in schema:
            yield from patterns(member)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_the_patterns_of_a_schema_are_anchored_in_both_dialects(path: Path) -> None:
    for pattern in patterns(json.loads(path.read_text())):
        assert pattern.startswith("^"), pattern
        assert pattern.endswith(END), pattern
        assert "|" not in re.sub(r"\(.*\)", "", pattern), (
            "an alternative stands in a group, or the anchors are not its own"
        )
        assert not re.search(r"\\[dDwWsSAZb]", pattern), f"{pattern}: the dialects differ"
