"""The command line itself: help, errors, exit status, and what its start may import."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from golden_ami import __version__
from golden_ami_cli.assessing import assessment
from golden_ami_cli.main import main

ROOT = Path(__file__).parents[3]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["golden-ami", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_help_names_the_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--help") == 0
    assert "assess" in capsys.readouterr().out


def test_version_is_the_project_s(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out.strip() == metadata.version("golden-ami-assessment") == __version__


@pytest.mark.parametrize("arguments", [["nonesuch"], ["assess", "--engine", "x"], ["assess"], ["assess", "--nonesuch"]])
def test_wrong_usage_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(monkeypatch, *arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_a_bad_file_is_one_message_without_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "amis.json"
    path.write_text(json.dumps({"engine": "x", "amis": [], "nonesuch": 1}))
    assert run(monkeypatch, "assess", "--local", "--config", str(path)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{path} has 3 problems:" in captured.err
    assert "Traceback" not in captured.err


def test_debug_shows_where_an_error_comes_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.json")
    monkeypatch.setattr(sys, "argv", ["golden-ami", "assess", "--local", "--debug", "--config", missing])
    with pytest.raises(Exception, match="not found"):
        main()


def test_the_first_line_waits_for_nothing_heavy() -> None:
    """A line within a second or so: before the packages are imported that take longer."""
    program = (
        "import sys; from golden_ami_cli import console, main\n"
        "def said(_, text): print(text, *sys.modules, sep='\\n'); sys.exit()\n"
        "console.Console.print = said; sys.argv = ['golden-ami', *sys.argv[1:]]; main.main()"
    )
    for arguments, line in ((["--local"], "Assessing in the embedded AWS"), (["--stack", "s"], "Assessing in stack s")):
        command = [sys.executable, "-c", program, "assess", *arguments]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        assert told[0] == line
        assert not {"boto3", "botocore", "moto", "jsonschema", "yaml"} & set(told)


def test_the_start_imports_nothing_heavy() -> None:
    program = "import sys, golden_ami_cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"boto3", "botocore", "moto", "jsonschema", "yaml"} & set(loaded)


def test_debug_stands_before_the_command_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.json")
    monkeypatch.setattr(sys, "argv", ["golden-ami", "--debug", "assess", "--local", "--config", missing])
    with pytest.raises(Exception, match="not found"):
        main()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["assess", "--local"], "Assessing in the embedded AWS"),
        (["--quiet", "assess", "--local"], ""),
        (["assess", "--local", "-q"], ""),
    ],
)
def test_quiet_leaves_out_progress_and_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], said: str
) -> None:
    assert run(monkeypatch, *arguments, "--config", str(tmp_path / "none.json")) == 2
    told = capsys.readouterr().err
    assert told.startswith(said or "golden-ami: ")
    assert "not found" in told


def test_an_interrupted_local_run_says_what_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(assessment, "assess_locally", interrupted)
    assert run(monkeypatch, "assess", "--local") == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "nothing is left running" in captured.err


def test_flags_have_no_type_in_the_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["assess"], ["local", "serve"], ["config"]):
        for option in ("--help", "-h"):
            assert run(monkeypatch, *arguments, option) == 0
            assert "bool" not in capsys.readouterr().out
