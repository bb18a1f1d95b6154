"""What the documentation names exists: commands, options, targets, alarms, metrics, files, outputs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
from documented import PAGES, ROOT, commands

from golden_ami import metrics
from golden_ami_cli.main import app


def problem(words: list[str]) -> str:
    """What is wrong with a command line of golden-ami, or ""."""
    command: Any = typer.main.get_command(app)
    for word in words:
        if word.startswith("-"):
            name = word.partition("=")[0]
            known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
            if name not in known:
                return f"{command.name} has no option {name}"
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"{command.name} has no command {word}"
            command = command.commands[word]
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for line in commands(page.read_text(), "golden-ami", "make"):
        program, *words = shlex.split(line.rstrip("&").replace("…", ""), comments=True)
        if program == "make":
            assert {word for word in words if "=" not in word} <= targets, line
        if program == "golden-ami":
            known = [word for word in words if not word.isupper()]  # placeholders
            assert problem(known) == "", line


def test_a_command_that_does_not_exist_is_found() -> None:
    assert problem(["asses"])
    assert problem(["assess", "--loca"])
    assert problem(["config", "validate", "amis.json"]) == ""


def test_operations_names_every_alarm_and_metric(full: Any) -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    alarms = {one["Properties"]["AlarmName"] for one in full.of_type("AWS::CloudWatch::Alarm").values()}
    assert {f"gold-{name}" for name in re.findall(r"`<stack>-([a-z-]+)`", text)} == alarms
    assert {name for name in metrics.NAMES if f"`{name}`" in text} == metrics.NAMES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_outputs_that_are_named_exist(page: Path, source: dict[str, Any]) -> None:
    assert set(re.findall(r"outputs? `(\w+)`", page.read_text())) <= set(source["Outputs"])


def test_files_that_the_page_on_security_names_exist() -> None:
    named = set(re.findall(r"`([\w/-]+(?:\.py|\.yaml|/))`", (ROOT / "docs" / "security.md").read_text()))
    assert named
    places = (
        ROOT,
        ROOT / "functions" / "golden_ami",
        ROOT / "cli" / "golden_ami_cli",
        ROOT / "emulator" / "golden_ami_emulator",
    )
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_every_parameter_that_an_upper_case_name_stands_for_exists(source: dict[str, Any]) -> None:
    for page in ("start", "troubleshooting", "operations", "upgrading", "costs"):
        text = (ROOT / "docs" / f"{page}.md").read_text()
        named = set(re.findall(r"`?\b([A-Z][A-Za-z]+)=(?:[a-zA-Z'(])", text))
        assert named - {"Name", "Values", "Key"} <= set(source["Parameters"]), page
