"""The parts of the report: every function and method of the packages that make it, found by import."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

import golden_ami.evaluation
import golden_ami.history
import golden_ami.metrics
import golden_ami.report
import golden_ami.storage.objects
import golden_ami.usage
import golden_ami.usage.budget
import golden_ami.usage.paths
from golden_ami.report import last

PACKAGES = (golden_ami.report, golden_ami.evaluation, golden_ami.usage, golden_ami.history)
MODULES = (golden_ami.metrics,)
READ_BY_LOAD_CONFIG = (golden_ami.usage.budget, golden_ami.usage.paths)  # by which it checks the configuration


class Broken(RuntimeError):
    """What a part raises here; no code knows it."""


def modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)
    yield from MODULES


def functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """The functions that a module defines, and the methods of its classes."""
    for name, value in [*vars(module).items()]:
        if getattr(value, "__module__", "") != module.__name__:
            continue
        if inspect.isclass(value):
            for method, code in [*vars(value).items()]:
                plain = getattr(code, "__func__", getattr(code, "fget", code))
                plain = inspect.unwrap(plain) if callable(plain) else plain
                if isinstance(plain, FunctionType) and plain.__module__ == module.__name__ and method[:2] != "__":
                    yield f"{name}.{method}", plain
        else:
            plain = inspect.unwrap(value) if callable(value) else value
            if isinstance(plain, FunctionType):
                yield name, plain


def parts() -> dict[str, FunctionType]:
    found = {
        f"{module.__name__.removeprefix('golden_ami.')}.{name}": function
        for module in modules()
        if module is not last  # it is what is left when the others fail
        and module not in READ_BY_LOAD_CONFIG
        for name, function in functions(module)
    }
    return {name: function for name, function in found.items() if not inspect.iscoroutinefunction(function)}


PARTS = parts()


@contextmanager
def broken(*names: str) -> Iterator[list[str]]:
    """The parts raise wherever they are called, under whatever name they were imported; notes that they were."""
    called: list[str] = []

    def note() -> None:
        called.append(names[0])
        raise Broken("broken here")

    before = {name: PARTS[name].__code__ for name in names}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "_broken_part", note, raising=False)
        for name, code in before.items():
            PARTS[name].__code__ = _of(code)
        try:
            yield called
        finally:
            for name, code in before.items():
                PARTS[name].__code__ = code


def _of(code: CodeType) -> CodeType:
    """Code that raises, of the same kind, that closes over as many names: Python swaps no other."""
    names = ", ".join(f"name{number}" for number in range(len(code.co_freevars)))
    lines = [
        f"def outer({names}):",
        "    def broken(*_, **__):",
        f"        ({names},)" if names else "        ()",
        "        __import__('sys')._broken_part()",
        "        yield" if code.co_flags & inspect.CO_GENERATOR else "",
        "    return broken",
    ]
    scope: dict[str, Any] = {}
    exec("\n".join(lines), scope)
    made: FunctionType = scope["outer"](*code.co_freevars)
    return made.__code__.replace(co_filename=code.co_filename, co_name=code.co_name)
