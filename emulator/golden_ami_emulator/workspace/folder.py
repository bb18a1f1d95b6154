"""A workspace on the disk.

    version      "1"; raised when a release cannot read what an earlier one wrote
    state.jsonl  rows, parameter and the keys of objects (see `content`)
    objects/     the contents of objects, each named by its SHA-256
    lock         held by the command whose account is kept here, until it ends
    guard        held while the state is read, or replaced
    aside-<n>/   a state that could not be read, as it was

A state is written beside the one before it, flushed to the disk and renamed over it: whatever ends the command, the
last complete one stands.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

from golden_ami_emulator.workspace.content import Content, NoState, digest, from_lines, to_lines

VERSION = "1"
_VERSION, _STATE, _OBJECTS, _LOCK, _GUARD, _ASIDE = "version", "state.jsonl", "objects", "lock", "guard", "aside-"
_NEW = ".new"  # behind the name of what is being written
_CONTENT = (_VERSION, _STATE, _OBJECTS)


class Unusable(Exception):
    """A workspace whose content this release cannot read. The message says why."""


class NoWorkspace(Exception):
    """A folder that holds something else."""


class InUse(Exception):
    """Another command keeps its account in this workspace."""


class Folder:
    """A workspace. All methods raise OSError where the disk refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Make the folder where there is none, readable by its owner only. Raises NoWorkspace."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._is_ours():
            raise NoWorkspace

    @contextmanager
    def held(self) -> Iterator[None]:
        """No other command keeps its account here meanwhile. Raises InUse."""
        with _locked(self.path / _LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB):
            yield

    def read(self) -> Content:
        """What was saved last; nothing where nothing was. Raises Unusable."""
        if not self.path.is_dir():
            return Content()
        with _locked(self.path / _GUARD, fcntl.LOCK_SH):
            return self._read()

    def write(self, content: Content) -> None:
        """Save what the account keeps, in place of what was saved before."""
        objects = self.path / _OBJECTS
        objects.mkdir(exist_ok=True, mode=0o700)
        for name in {kept.sha256 for kept in content.objects}:
            if not (objects / name).exists():
                _replace(objects / name, [content.contents[name]])
        with _locked(self.path / _GUARD, fcntl.LOCK_EX):
            _replace(self.path / _STATE, to_lines(content))
            _replace(self.path / _VERSION, [f"{VERSION}\n".encode()])
            self._remove_objects(but={kept.sha256 for kept in content.objects})

    def set_aside(self) -> Path:
        """Move what is here into a folder of its own within this one, and say which."""
        with _locked(self.path / _GUARD, fcntl.LOCK_EX):
            aside = next(one for n in count(1) if not (one := self.path / f"{_ASIDE}{n}").exists())
            aside.mkdir(mode=0o700)
            for name in filter(lambda name: (self.path / name).exists(), reversed(_CONTENT)):
                (self.path / name).rename(aside / name)
        return aside

    def empty(self) -> None:
        """Remove what was saved and what was set aside. Raises NoWorkspace, InUse."""
        if not self._is_ours():
            raise NoWorkspace
        with self.held(), _locked(self.path / _GUARD, fcntl.LOCK_EX):
            for path in (*self.path.glob(f"{_ASIDE}*"), *(self.path / name for name in reversed(_CONTENT))):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def _is_ours(self) -> bool:
        """Whether the folder is a workspace, or holds at most what a first write that was interrupted leaves."""
        names = {path.name.removesuffix(_NEW) for path in self.path.iterdir()}
        ours = {*_CONTENT, _LOCK, _GUARD}
        return _VERSION in names or all(name in ours or name.startswith(_ASIDE) for name in names)

    def _read(self) -> Content:
        version, state = self.path / _VERSION, self.path / _STATE
        if not version.exists():
            return Content()
        if (found := version.read_text(encoding="utf-8", errors="replace").strip()) != VERSION:
            raise Unusable(f"it is of version {found[:20]!r}, and this release reads version {VERSION}")
        try:
            content = from_lines(state.read_bytes())
        except (NoState, FileNotFoundError) as error:
            raise Unusable(f"its {_STATE} is damaged: {error}") from error
        return replace(content, contents=dict(map(self._content, {kept.sha256 for kept in content.objects})))

    def _content(self, name: str) -> tuple[str, bytes]:
        try:
            content = (self.path / _OBJECTS / name).read_bytes()
        except FileNotFoundError as error:
            raise Unusable(f"it lacks the object {name}") from error
        if digest(content) != name:
            raise Unusable(f"its object {name} is damaged")
        return name, content

    def _remove_objects(self, but: set[str]) -> None:
        for path in (self.path / _OBJECTS).iterdir():
            if path.name not in but:
                path.unlink()


@contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    with path.open("ab") as file:
        try:
            fcntl.flock(file, how)
        except BlockingIOError as error:
            raise InUse from error
        yield


def _replace(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file so that it stands whole, or as it stood before."""
    written = path.with_name(path.name + _NEW)
    with written.open("wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)  # the new name is on the disk, too
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
