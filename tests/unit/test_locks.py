"""The locks: every requirement is pinned with its hashes, and no file says where packages come from."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT_LOCK = ROOT / "requirements.lock"
LAMBDA_LOCK = ROOT / "functions" / "requirements.txt"
TOOL_LOCKS = {name: ROOT / f"requirements-{name}.lock" for name in ("docs", "audit", "sam", "localstack", "bench")}
LOCAL_LOCK = ROOT / "requirements-local.lock"  # what `make run` installs
_LOCKS = [PROJECT_LOCK, LOCAL_LOCK, LAMBDA_LOCK, *TOOL_LOCKS.values()]


def pins(path: Path) -> dict[str, str]:
    """Pinned versions by name. A package may be pinned twice, for different Pythons: then the last is taken."""
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ]+)", path.read_text(), flags=re.MULTILINE))


def names(requirements: list[str]) -> set[str]:
    found = [re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements]
    return {re.sub(r"[._-]+", "-", match[0]).lower() for match in found if match}


@pytest.mark.parametrize("path", _LOCKS, ids=lambda path: path.name)
def test_every_pin_has_a_hash_and_nothing_else_stands_in_the_lock(path: Path) -> None:
    requirements = path.read_text().replace("\\\n", "").strip().splitlines()
    assert requirements
    for requirement in requirements:
        assert re.fullmatch(r"[a-z0-9._-]+==[^ ;]+( ; [^:]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", requirement)


@pytest.mark.parametrize(("path", "extra"), [(PROJECT_LOCK, "dev"), (LOCAL_LOCK, "local")])
def test_the_lock_has_what_the_project_declares(path: Path, extra: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = (
        project["dependencies"] + project["optional-dependencies"]["local"] + project["optional-dependencies"][extra]
    )
    assert names(declared) - {project["name"]} <= pins(path).keys()
    assert pins(path).items() <= pins(PROJECT_LOCK).items()


def test_the_tools_are_locked_as_declared() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    assert groups.keys() == TOOL_LOCKS.keys() | {"build"}
    assert names(groups["build"]) <= pins(LOCAL_LOCK).keys()
    for name, path in TOOL_LOCKS.items():
        assert names(groups[name]) <= pins(path).keys()


@pytest.mark.parametrize("folder", [ROOT, ROOT / "tests" / "interpreters"], ids=["audit", "interpreters"])
def test_the_lock_of_node_packages_has_hashes_and_no_addresses(folder: Path) -> None:
    lock = json.loads((folder / "package-lock.json").read_text())
    wanted = json.loads((folder / "package.json").read_text())["devDependencies"]
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert all(one["integrity"].startswith("sha512-") and "resolved" not in one for one in packages.values())
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_the_functions_use_what_the_project_tests() -> None:
    lambda_pins, project_pins = pins(LAMBDA_LOCK), pins(PROJECT_LOCK)
    assert lambda_pins == {name: project_pins[name] for name in lambda_pins}
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    wanted = [line for line in (ROOT / "functions/requirements.in").read_text().splitlines() if line[:1].isalpha()]
    assert set(wanted) <= set(declared)
