"""`Handler` strings: found in the functions' folder as the Lambda runtime finds them, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden_ami_emulator.handlers import Unusable, find, refusal

MODULE = """
from functools import wraps
from subprocess import run
from os import system
import os
def decorate(function):
    @wraps(function)
    def wrapper(event, context):
        return function(event, context)
    return wrapper
@decorate
def handler(event, context):
    return event
class Thing:
    pass
imported = os.getcwd
from handlers_probe.other import helper
"""


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of functions with a module, a package, and links that lead out of it."""
    folder, outside = tmp_path / "functions", tmp_path / "outside"
    for path in (folder / "handlers_probe", outside):
        path.mkdir(parents=True)
        (path / "__init__.py").touch()
        (path / "app.py").write_text(MODULE)
    (folder / "handlers_probe" / "other.py").write_text("def helper(event, context):\n    return 1\n")
    (folder / "handlers_probe" / "broken.py").write_text("import no_such_module\n")
    (folder / "handlers_linked").symlink_to(outside)
    (folder / "handlers_probe" / "linked.py").symlink_to(outside / "app.py")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [name for name in sys.modules if name.startswith("handlers_")]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["handlers_probe.app.handler", "handlers_probe/app.handler"])
def test_a_handler_of_the_folder_is_found(code: Path, name: str) -> None:
    assert refusal(name, code) == ""
    assert find(name, code)({"a": 1}, None) == {"a": 1}


@pytest.mark.parametrize(
    "name",
    ["os.system", "subprocess.run", "builtins.eval", "../outside/app.handler", "handlers_probe/../../o.x",
     "/etc/passwd.x", "handlers_linked.app.handler", "outside.app.handler", "handler", "", ".", "..handler"],
)  # fmt: skip
def test_a_handler_elsewhere_is_refused_and_not_imported(code: Path, name: str) -> None:
    before = set(sys.modules)
    assert "functions' folder" in refusal(name, code)
    with pytest.raises(Unusable):
        find(name, code)
    assert set(sys.modules) == before


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("handlers_probe.app.helper", "Runtime.HandlerNotFound"),
        ("handlers_probe.app.system", "Runtime.HandlerNotFound"),
        ("handlers_probe.app.run", "Runtime.HandlerNotFound"),
        ("handlers_probe.app.imported", "Runtime.HandlerNotFound"),
        ("handlers_probe.app.wraps", "Runtime.HandlerNotFound"),
        ("handlers_probe.app.Thing", "Runtime.HandlerNotFound"),
        ("handlers_probe.app.os.system", "Runtime.ImportModuleError"),
        ("handlers_probe.app.nothing", "Runtime.HandlerNotFound"),
        ("handlers_probe.nothing.handler", "Runtime.ImportModuleError"),
        ("handlers_probe.broken.handler", "Runtime.ImportModuleError"),
        ("handlers_probe.linked.handler", "Runtime.ImportModuleError"),
    ],
)
def test_what_a_module_only_imported_is_no_handler(code: Path, name: str, kind: str) -> None:
    with pytest.raises(Unusable) as raised:
        find(name, code)
    assert raised.value.kind == kind
