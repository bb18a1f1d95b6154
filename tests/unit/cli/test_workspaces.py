"""Which workspace a command uses, and what it says where it cannot."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from golden_ami_cli import workspaces
from golden_ami_cli.assessing import assessment
from golden_ami_cli.console import Console
from golden_ami_cli.errors import UsageError
from golden_ami_cli.main import main
from golden_ami_emulator.workspace.content import Content, KeptObject, KeptRow, digest
from golden_ami_emulator.workspace.folder import Folder, Unusable

SAVED = datetime(2026, 11, 28, 10, tzinfo=UTC)


def content(*texts: str, at: datetime = SAVED) -> Content:
    contents = {digest(text.encode()): text.encode() for text in texts}
    objects = [KeptObject(f"runs/{text}", "text/plain", digest(text.encode())) for text in texts]
    return Content(at, '{"version": 1}', [KeptRow({"pk": {"S": "a"}, "sk": {"S": "b"}})], objects, contents)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "workspace")
    made.make()
    return made


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    with io.StringIO() as text:
        yield text


def console(said: io.StringIO) -> Console:
    return Console(file=said, width=500)


# ---------------------------------------------------------------- the folder


def test_what_is_written_is_read(folder: Folder) -> None:
    assert folder.read() == Content()
    for kept in (content("one", "two"), content("two", "three", at=SAVED + timedelta(hours=1))):
        folder.write(kept)
        assert folder.read() == kept
    assert {path.name for path in (folder.path / "objects").iterdir()} == {digest(b"two"), digest(b"three")}


def test_a_write_that_is_interrupted_leaves_the_state_before(folder: Folder) -> None:
    folder.write(content("one"))
    later = content("two", at=SAVED + timedelta(hours=1))
    for stop in ("fsync", "replace"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(*_interrupting(stop))
            with pytest.raises(KeyboardInterrupt):
                folder.write(later)
        assert folder.read() == content("one")


@pytest.mark.parametrize("stop", ["fsync", "replace"])
def test_a_first_write_that_is_interrupted_leaves_a_workspace(folder: Folder, stop: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*_interrupting(stop))
        with pytest.raises(KeyboardInterrupt):
            folder.write(content("one"))
    folder.make()
    assert folder.read() == Content()
    folder.write(content("two"))
    assert folder.read() == content("two")


def _interrupting(stop: str) -> tuple[Any, str, Any]:
    """Where a write can be interrupted: before the state is on the disk, or before it takes the place of the other."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    if stop == "fsync":
        return os, "fsync", interrupt
    replace = Path.replace
    return Path, "replace", lambda path, to: interrupt() if to.name == "state.jsonl" else replace(path, to)


@pytest.mark.parametrize("wrong", ["version", "state", "lines", "path", "object", "bytes"])
def test_a_state_that_is_not_ours_or_not_whole_is_told(folder: Folder, wrong: str) -> None:
    folder.write(content("one"))
    state, kept = folder.path / "state.jsonl", folder.path / "objects" / digest(b"one")
    lines = state.read_text()
    change: dict[str, Callable[[], object]] = {
        "version": lambda: (folder.path / "version").write_text("2\n"),
        "state": state.unlink,
        "lines": lambda: state.write_text("".join(lines.splitlines(keepends=True)[:-1])),
        "path": lambda: state.write_text(lines.replace(digest(b"one"), "../" + "0" * 61)),
        "object": kept.unlink,
        "bytes": lambda: kept.write_text("other"),
    }
    change[wrong]()
    with pytest.raises(Unusable, match=r"version|damaged|lacks"):
        folder.read()


def test_only_its_owner_reads_it(folder: Folder) -> None:
    folder.write(content("one"))
    assert folder.path.stat().st_mode & 0o077 == 0


# ---------------------------------------------------------------- the default one


def test_the_default_is_below_the_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert workspaces.default().is_relative_to(Path(os.environ["XDG_STATE_HOME"]))
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", value)
        assert workspaces.default() == tmp_path / ".local/state/golden-ami/local"


@pytest.mark.parametrize("version", ["2", "0", ""])
def test_one_of_another_version_is_set_aside_or_refused_where_it_was_named(said: io.StringIO, version: str) -> None:
    folder = Folder(workspaces.default())
    folder.make()
    folder.write(content("one"))
    (folder.path / "version").write_text(version)
    with pytest.raises(UsageError, match="golden-ami local reset --workspace"):
        workspaces.read(folder.path, console(said))
    assert workspaces.read(None, console(said)) == Content()
    assert (folder.path / "state.jsonl").is_file(), "who only looks moves nothing: another command may keep it here"
    with workspaces.opened(None, console(said)) as kept:
        assert kept.content == Content()
        assert kept.folder
    first, line = said.getvalue().splitlines()
    assert first.startswith(f"Not read: {folder.path}, for it is of version ")
    assert line.startswith(f"Set aside {folder.path / 'aside-1'}, for it is of version ")
    assert (folder.path / "aside-1" / "state.jsonl").is_file()


def test_one_in_use_is_left_alone(said: io.StringIO) -> None:
    """The second of two commands keeps nothing, and says so; it is refused where it named the folder."""
    with ExitStack() as commands:
        first = commands.enter_context(workspaces.opened(None, console(said)))
        assert first.folder
        first.folder.write(content("one"))
        second = commands.enter_context(workspaces.opened(None, console(said)))
        assert second.folder is None
        (line,) = said.getvalue().splitlines()
        assert "Nothing of this run is kept" in line
        with pytest.raises(UsageError, match="wait for its end"):
            commands.enter_context(workspaces.opened(first.folder.path, console(said)))
        with pytest.raises(UsageError, match="wait for its end"):
            workspaces.reset(None)
        assert workspaces.read(None, console(said)) == content("one"), "a reader does not wait"
    with workspaces.opened(None, console(said)) as third:
        assert third.content == content("one")


def test_where_nothing_can_be_written_nothing_is_kept(
    said: io.StringIO, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with workspaces.opened(None, console(said)) as kept:
        assert kept == workspaces.NONE
    assert len(said.getvalue().splitlines()) == 1
    with pytest.raises(UsageError, match="may write to"), workspaces.opened(tmp_path / "file", console(said)):
        pass


# ---------------------------------------------------------------- one that is named


def test_a_folder_with_something_else_is_neither_used_nor_emptied(said: io.StringIO, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match="something else"), workspaces.opened(tmp_path, console(said)):
        pass
    with pytest.raises(UsageError, match="something else"):
        workspaces.reset(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_reset_removes_what_is_ours(folder: Folder) -> None:
    folder.write(content("one"))
    folder.set_aside()
    folder.write(content("two"))
    (folder.path / "notes.txt").touch()
    workspaces.reset(folder.path)
    assert {path.name for path in folder.path.iterdir()} == {"lock", "guard", "notes.txt"}


def test_an_account_opens_after_what_was_saved_and_never_in_the_past() -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    assert workspaces.start_of(content(at=later)) == later
    assert workspaces.start_of(content(at=datetime.now(UTC) - timedelta(days=1))) is None
    assert workspaces.start_of(Content()) is None


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ([], workspaces.default),
        (["--fault", "ec2.flood"], lambda: None),
        (["--fault", "ec2.flood", "--workspace", "given"], lambda: Path("given")),
    ],
)
def test_a_run_with_a_fault_is_kept_only_where_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], where: Any
) -> None:
    used: list[Path | None] = []

    def assess_locally(*given: Any) -> None:
        (kept,) = (one for one in given if isinstance(one, workspaces.Workspace))
        used.append(kept.folder.path if kept.folder else None)
        raise UsageError("seen enough")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(assessment, "assess_locally", assess_locally)
    monkeypatch.setattr(sys, "argv", ["golden-ami", "assess", "--local", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert used == [where()]
