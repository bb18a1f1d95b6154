"""A run that is read from a copy of the bucket, or that is not there: what is said, and the exit status."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from golden_ami.history.archive import DEFINITION, EVENTS, EXECUTION, INPUT, LEDGER, MANIFEST
from golden_ami.storage.objects import Missing
from golden_ami_cli.errors import TOOL_FAILED, USAGE, CommandError, UsageError
from golden_ami_cli.main import main
from golden_ami_cli.runs.stored import StoredRuns, report_of

HISTORY = "runs/run-1/history/"


def manifest_of(root: Path, key: str, *keys: str) -> None:
    digests = [{"key": one, "sha256": hashlib.sha256((root / one).read_bytes()).hexdigest()} for one in keys]
    (root / key).write_text(json.dumps({"objects": digests, "binding": {"parameter": "p"}}))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A run that was archived, then redriven and archived again, with its report."""
    keys = []
    for prefix in (HISTORY, f"{HISTORY}redrive-1/"):
        (tmp_path / prefix).mkdir(parents=True)
        keys = [prefix + name for name in (EVENTS, DEFINITION, INPUT, EXECUTION, LEDGER)]
        for key in keys:
            (tmp_path / key).write_text(key)
        manifest_of(tmp_path, prefix + MANIFEST, *keys)
    (tmp_path / "runs/run-1/report.json").write_text("{}")
    manifest_of(tmp_path, "runs/run-1/manifest.json", "runs/run-1/report.json")
    return tmp_path


def command(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["golden-ami", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


def verified(copy: Path, *options: str, run: str = "run-1") -> int:
    return command("history", run, "--verify", "--from", str(copy), *options)


def test_an_intact_copy_holds_and_nothing_is_said_to_vouch_for_it(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verified(copy) == 0
    said = capsys.readouterr().out
    for part in (
        "is whole",
        "So are report and findings",
        "earlier end holds",
        "Nothing vouches",
        "history run-1 --verify",
    ):
        assert part in said
    assert verified(copy, "-o", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verified"], told["intact"], len(told["archives"])) == (False, True, 2)


@pytest.mark.parametrize(
    "changed", [f"{HISTORY}{EVENTS}", f"{HISTORY}redrive-1/{LEDGER}", "runs/run-1/report.json", f"{HISTORY}{MANIFEST}"]
)
@pytest.mark.parametrize("gone", [True, False])
def test_a_copy_that_contradicts_itself_does_not_hold(copy: Path, changed: str, gone: bool) -> None:
    (copy / changed).unlink() if gone else (copy / changed).write_text("[]")
    removed_archive = gone and changed == f"{HISTORY}{MANIFEST}"  # which a copy alone cannot tell from one never made
    assert verified(copy) == (0 if removed_archive else TOOL_FAILED)


def test_a_copy_without_an_archive_does_not_hold(copy: Path) -> None:
    for manifest in (copy / HISTORY).rglob(MANIFEST):
        manifest.unlink()
    assert verified(copy) == TOOL_FAILED


@pytest.mark.parametrize("arguments", [["report"], ["history"], ["history", "--verify"], ["diff", "run-1"]])
def test_a_run_that_is_not_there_ends_alike_everywhere(
    copy: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    name, *rest = arguments
    assert command(name, "nobody", *rest, "--from", str(copy)) == USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "golden-ami runs" in captured.err


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [("RUNNING", CommandError, "is still going"), ("FAILED", UsageError, "its report has expired")],
)
def test_a_run_that_is_still_going_has_not_expired(status: str, error: type[Exception], said: str) -> None:
    def read(key: str) -> bytes:
        raise Missing(key)

    account: Any = SimpleNamespace(
        vouches_for=lambda _: True,
        describe=lambda _: {"name": "run-1", "status": status},
        refuse_duplicate=lambda _: None,
    )
    with pytest.raises(error, match=said):
        report_of(StoredRuns(SimpleNamespace(read=read), account), "run-1")
