"""A Lambda's `Handler` string: found as the Lambda runtime finds it, but in the functions' folder only.

Whoever may call the served account may create functions. In AWS their code is in their package; here it would be
anything that this process can import, such as `os.system`.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any


class Unusable(Exception):
    """A handler that cannot be run; `kind` is the error type that Lambda answers."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def refusal(name: object, code: Path) -> str:
    """Why a function with this `Handler` is not created; "" when its module is below the folder, or would be."""
    parts = _parts(str(name))
    if len(parts) > 1 and all(map(str.isidentifier, parts)) and _below(code, code / parts[0], f"{parts[0]}.py"):
        return ""
    return f"Handler {str(name)!r} is not in the functions' folder; name one there, as handlers.load_config.handler"


def find(name: str, code: Path) -> Callable[..., Any]:
    """The function that a `Handler` names. Raises Unusable; nothing outside the folder is imported."""
    *path, attribute = _parts(name)
    module_name = ".".join(path)
    if refusal(name, code) or not _file(path, code):
        raise Unusable("Runtime.ImportModuleError", f"Unable to import module '{module_name}' from the functions")
    try:
        module = importlib.import_module(module_name)
    except (ImportError, ValueError) as fault:
        raise Unusable("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {fault}") from fault
    handler: Any = getattr(module, attribute, None)
    if not _defined_in(handler, module, code):
        raise Unusable("Runtime.HandlerNotFound", f"Handler '{attribute}' missing on module '{module_name}'")
    found: Callable[..., Any] = handler
    return found


def _parts(name: str) -> list[str]:
    return name.replace("/", ".").split(".")


def _file(path: list[str], code: Path) -> bool:
    place = code.joinpath(*path)
    return _below(code, place, f"{path[-1]}.py")


def _below(code: Path, package: Path, module: str) -> bool:
    """Whether the package or, beside it, the module exists below the folder, links followed."""
    candidates = [package, package.parent / module]
    return any(one.exists() and one.resolve().is_relative_to(code.resolve()) for one in candidates)


def _defined_in(handler: object, module: ModuleType, code: Path) -> bool:
    """Whether it is a function that the module itself defines: what it only imported is no handler."""
    if not callable(handler):
        return False
    inner = inspect.unwrap(handler)
    written = inspect.isfunction(inner) and inner.__module__ == module.__name__
    return written and Path(inner.__code__.co_filename).resolve().is_relative_to(code.resolve())
