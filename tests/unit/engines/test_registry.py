"""Every engine has all its parts, and a new one is told which it lacks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import pytest

from golden_ami.configuration.config import schema
from golden_ami.engines import registry
from golden_ami.engines.base import Traits
from golden_ami.models import ConfiguredEngine
from golden_ami_cli.assessing.command import EngineName
from golden_ami_emulator.inspector import COUNTERPARTS

ROOT = Path(__file__).parents[3]
FUNCTIONS = ROOT / "functions" / "golden_ami"
PARTS = {"adapter": ("make",), "messages": ("read",), "coverage": (), "usage": ("estimated", "used")}


def lacking(engine: Any) -> list[str]:
    """The places that lack an engine."""
    return [*_parts(engine), *_documents(engine), *_emulated(engine)]


def _parts(engine: Any) -> Iterator[str]:
    package = f"golden_ami.engines.{engine}"
    if not (FUNCTIONS / "engines" / engine / "__init__.py").is_file():
        yield f"functions/golden_ami/engines/{engine}/__init__.py"
        return
    if not isinstance(registry.traits(engine), Traits):
        yield f"{package}.TRAITS"
    for part, names in PARTS.items():
        if find_spec(f"{package}.{part}") is None:
            yield f"{package}.{part}"
            continue
        module = registry.part(engine, part)
        yield from (f"{package}.{part}.{name}" for name in names if not callable(getattr(module, name, None)))


def _documents(engine: Any) -> Iterator[str]:
    if engine not in schema()["$defs"]["engine"]["enum"]:
        yield "functions/golden_ami/schema/configuration.schema.json, $defs/engine"
    if engine not in get_args(ConfiguredEngine):
        yield "golden_ami.models.ConfiguredEngine"
    if engine not in {one.value for one in EngineName}:
        yield "golden_ami_cli.assessing.command.EngineName"
    [header] = re.findall(r"^\| \|(.*)\|$", (ROOT / "docs" / "engines.md").read_text(), re.MULTILINE)
    if f"`{engine}`" not in header:
        yield "docs/engines.md, the comparison"


def _emulated(engine: Any) -> Iterator[str]:
    modules = COUNTERPARTS.get(engine, ())
    if not modules:
        yield "golden_ami_emulator.inspector.COUNTERPARTS"
    for module in modules:
        if find_spec(f"golden_ami_emulator.inspector.{module}") is None:
            yield f"golden_ami_emulator.inspector.{module}"


@pytest.mark.parametrize("engine", registry.ENGINES)
def test_an_engine_has_all_its_parts(engine: Any) -> None:
    assert lacking(engine) == []


def test_a_new_engine_is_told_what_it_lacks() -> None:
    assert lacking("another") == [
        "functions/golden_ami/engines/another/__init__.py",
        "functions/golden_ami/schema/configuration.schema.json, $defs/engine",
        "golden_ami.models.ConfiguredEngine",
        "golden_ami_cli.assessing.command.EngineName",
        "docs/engines.md, the comparison",
        "golden_ami_emulator.inspector.COUNTERPARTS",
    ]


def test_the_parts_are_those_that_the_registry_knows() -> None:
    assert tuple(PARTS) == registry.PARTS


def _comparisons(path: Path) -> Iterator[str]:
    """Where code asks which engine it is, by name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare | ast.Subscript | ast.Set | ast.Tuple):
            names = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)} & {*registry.ENGINES}
            compared = isinstance(node, ast.Compare) or len(names) > 1
            if names and compared:
                yield f"{path.relative_to(FUNCTIONS).as_posix()}:{node.lineno}: {ast.unparse(node)}"


def test_only_an_engines_package_knows_it_by_name() -> None:
    others = [path for path in FUNCTIONS.rglob("*.py") if "engines" not in path.parts and path.name != "models.py"]
    assert [found for path in others for found in _comparisons(path)] == []
