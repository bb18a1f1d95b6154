"""What the shell completes, as its script asks: by the environment variables that typer's scripts set."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from golden_ami_cli.main import main
from golden_ami_cli.workspaces import default
from golden_ami_emulator.workspace.content import Content, KeptObject, digest
from golden_ami_emulator.workspace.folder import Folder


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    def complete(line: str) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("_GOLDEN_AMI_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        monkeypatch.setattr(sys, "argv", ["golden-ami"])
        with pytest.raises(SystemExit):
            main()
        captured = capsys.readouterr()
        assert captured.err == ""
        return captured.out.split()

    return complete


def test_runs_of_the_workspace_are_completed(shell: object) -> None:
    assert callable(shell)
    for command in ("report", "history", "watch", "diff"):
        assert shell(f"golden-ami {command} ") == [], "no workspace"
    folder = Folder(default())
    folder.make()
    objects = [KeptObject(f"runs/{run}/report.json", "", digest(b"")) for run in ("a-1", "a-2", "b-1")]
    folder.write(Content(datetime.now(UTC), objects=objects, contents={digest(b""): b""}))
    assert shell("golden-ami report ") == ["b-1", "a-2", "a-1"]
    assert shell("golden-ami diff b-1 a") == ["a-2", "a-1"]


def test_runs_of_a_copy_are_completed(shell: object, tmp_path: Path) -> None:
    assert callable(shell)
    (tmp_path / "runs" / "run-1").mkdir(parents=True)
    assert shell(f"golden-ami report --from {tmp_path} ") == ["run-1"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("assess --engine in", ["instance"]),
        ("assess --fault message.completion-lost,ec2.one-bad", ["message.completion-lost,ec2.one-bad-ami"]),
        ("report RUN --format sarif,cy", ["sarif,cyclonedx"]),
        ("report RUN --fail-on cr", ["CRITICAL"]),
        ("runs --status run", ["RUNNING"]),
    ],
)
def test_choices_are_completed(shell: object, line: str, found: list[str]) -> None:
    assert callable(shell)
    assert [one.upper() for one in shell(f"golden-ami {line}")] == [one.upper() for one in found]
