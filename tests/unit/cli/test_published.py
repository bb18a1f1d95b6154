"""What the documentation promises: the schema's copy, every exit status, every command, completion, no colour."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from patience import HANGS

from golden_ami_cli import errors
from golden_ami_cli.main import app

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def commands(group: object = None, before: str = "") -> dict[str, object]:
    """Every command by the words that call it."""
    found: dict[str, object] = {}
    for name, command in (group or typer.main.get_command(app)).commands.items():  # type: ignore[attr-defined]
        words = f"{before}{name}"
        found |= commands(command, f"{words} ") if hasattr(command, "commands") else {words: command}
    return found


COMMANDS = commands()


def test_the_published_schema_is_the_packages() -> None:
    assert (ROOT / "docs/configuration.schema.json").read_bytes() == (
        ROOT / "functions/golden_ami/schema/configuration.schema.json"
    ).read_bytes()


def test_every_exit_status_is_documented_and_no_other() -> None:
    used = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}
    documented = {int(status) for status in re.findall(r"^\| (\d+) \|", TEXT, flags=re.MULTILINE)}
    assert documented == used | {0}


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_documented_with_examples(words: str) -> None:
    assert f"golden-ami {words}" in TEXT
    command = COMMANDS[words]
    assert "Examples:" in str(getattr(command, "help", "")), words
    options = {option for parameter in command.params for option in parameter.opts}  # type: ignore[attr-defined]
    assert "--debug" in options or words.startswith("local ")


def golden_ami(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "golden_ami_cli", *arguments]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=HANGS, check=False
    )


@pytest.mark.parametrize(
    ("shell", "mark"),
    [("bash", "complete -o"), ("zsh", "#compdef golden-ami"), ("fish", "complete --command golden-ami")],
)
def test_completion_for_each_shell(shell: str, mark: str) -> None:
    script = subprocess.run(
        ["golden-ami"],
        executable=Path(sys.executable).parent / "golden-ami",
        env=os.environ | {"_GOLDEN_AMI_COMPLETE": f"source_{shell}"},
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert mark in script.stdout


def test_no_color_is_respected_even_where_colour_is_forced() -> None:
    plain = golden_ami("doctor", "--local", NO_COLOR="1", FORCE_COLOR="1")
    assert plain.returncode == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain.stdout)
