"""Every `golden-ami`, `make` and `aws` command of the pages, of the help and of the remedies is one that can be typed.

`tests/sam` gives those of the pages for `sam` and `aws` to these tools themselves.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import typer.main
from botocore import xform_name
from documented import PAGES, ROOT, commands, words

from golden_ami_cli.main import app
from golden_ami_emulator.faults import catalogue

SOURCES = [path for folder in ("cli", "emulator", "functions") for path in sorted((ROOT / folder).rglob("*.py"))]
_ALONE = {"--install-completion"}  # would install it


def leaves(command: Any) -> Iterator[Any]:
    for one in command.commands.values():
        yield from leaves(one) if hasattr(one, "commands") else (one,)


def parser() -> Any:
    """The command line whose commands do nothing."""
    root = typer.main.get_command(app)
    for command in leaves(root):
        command.callback = lambda **_: None
    return root


def refusal(line: str) -> str:
    """Why the real parser does not take a command line of golden-ami, or ""."""
    given = words(line.rstrip("& ").replace("COMMAND", "runs"))[1:]
    if set(given) <= _ALONE:
        return ""
    try:
        parser().main(given, standalone_mode=False)
    except Exception as error:  # noqa: BLE001 -- typer's own kinds are private
        only_named = all(re.fullmatch(r"[a-z]+", word) for word in given) and "Missing" in str(error)
        return "" if only_named else str(error) or type(error).__name__
    return ""


def texts(path: Path) -> Iterator[str]:
    """The texts of a module; a value that is put in reads x."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield re.sub(r"\{\w*\}", "x", node.value)


# ---------------------------------------------------------------- golden-ami, make


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_of_a_page_can_be_typed(page: Path) -> None:
    found = commands(page.read_text(), "golden-ami")
    assert {line: refusal(line) for line in found if refusal(line)} == {}
    laid = [name for line in found for name in re.findall(r"--fault (\S+)", line)]
    assert {name for names in laid for name in names.split(",")} <= set(catalogue())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_targets_of_a_page_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    variables = set(re.findall(r"\$\(([A-Z]+)\)", makefile))
    for line in commands(page.read_text(), "make"):
        given = words(line.replace("…", ""))[1:]
        assert {word for word in given if "=" not in word} <= targets, line
        assert {word.partition("=")[0] for word in given if "=" in word} <= variables, line


def test_no_command_of_a_page_is_left_out() -> None:
    """In a block or within a sentence, wherever a page shows something to type."""
    shown = re.compile(r"(?:`|^\s*\$ |&& )(?:\.venv/bin/)?((?:sam|aws|golden-ami|make) [^`\s])", flags=re.MULTILINE)
    for page in PAGES:
        text = page.read_text()
        found = commands(text, "sam", "aws", "golden-ami", "make")
        assert len(found) >= len(shown.findall(text)), page


@pytest.mark.parametrize("command", list(leaves(parser())), ids=lambda command: command.name)
def test_examples_of_the_help_can_be_typed(command: Any) -> None:
    examples = re.findall(r"^- `(golden-ami [^`]+)`", command.help, flags=re.MULTILINE)
    assert examples
    assert {line: refusal(line) for line in examples if refusal(line)} == {}


def test_remedies_name_commands_that_exist() -> None:
    pattern = re.compile(r"golden-ami ((?:(?:config|local) )?[a-z]+)((?: --[a-z-]+)*)")
    options = {name: {opt for one in leaf.params for opt in one.opts} for name, leaf in named(parser())}
    found = [match for path in SOURCES for text in texts(path) for match in pattern.findall(text)]
    assert len(found) > 40
    for name, given in found:
        if name in ("local", "config", "command"):
            continue  # a group, or the program itself
        assert set(given.split()) <= options[name], (name, given)


def named(command: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, one in command.commands.items():
        yield from named(one, f"{name} ") if hasattr(one, "commands") else [(f"{before}{name}", one)]


def test_a_command_that_cannot_be_typed_is_found() -> None:
    assert refusal("golden-ami asses")
    assert refusal("golden-ami assess --loca")
    assert refusal("golden-ami history RUN the states as a tree")
    assert refusal("golden-ami rollback --to seven")
    assert refusal("golden-ami report --format sarif"), "the run is missing"
    assert refusal("golden-ami config validate amis.json") == ""


# ---------------------------------------------------------------- aws, in remedies


def call_problem(service: str, operation: str, given: set[str]) -> str:
    """What botocore's model says against a call of the AWS CLI, or ""."""
    session = botocore.session.get_session()
    if service not in session.get_available_services():
        return f"no service {service}"
    model = session.get_service_model(service)
    name = next((one for one in model.operation_names if xform_name(one, "-") == operation), "")
    if not name:
        return f"no operation {operation}"
    shape = model.operation_model(name).input_shape
    members = {xform_name(one, "-"): one for one in shape.members} if shape else {}
    needed = {option for option, member in members.items() if shape and member in shape.required_members}
    options = {one if one in members else one.removeprefix("no-") for one in given} - {"region", "profile"}
    return " ".join(sorted((options - members.keys()) | (needed - given)))


# Not of s3 and configure, which are commands of the AWS CLI itself.
_CALL = re.compile(
    r"\baws (?!s3 |configure )([a-z][a-z0-9-]+) ([a-z][a-z0-9-]+-[a-z0-9-]+|enable)"
    r"((?: +--[a-z-]+(?: +(?!--)[^\s;,]+)*)*)"
)


def test_calls_of_the_aws_cli_in_remedies_have_what_they_need() -> None:
    found = [match for path in SOURCES for text in texts(path) for match in _CALL.findall(" ".join(text.split()))]
    assert len(found) > 10
    wrong = {}
    for service, operation, rest in found:
        problem = call_problem(service, operation, set(re.findall(r"--([a-z-]+)", rest)))
        if problem:
            wrong[f"aws {service} {operation}{rest}"] = problem
    assert wrong == {}


def test_a_call_that_lacks_an_option_is_found() -> None:
    assert call_problem("inspector2", "enable", set()) == "resource-types"
    assert call_problem("inspector2", "enable", {"resource-types", "regoin"}) == "regoin"
    assert call_problem("inspector2", "enabel", set()) == "no operation enabel"
