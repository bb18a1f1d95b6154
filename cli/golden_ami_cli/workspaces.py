"""Which workspace a local command uses, and what is said where it cannot be used.

The default one is the folder golden-ami/local of the person's state, where the XDG Base Directory Specification has it.
It never keeps a command from running: where it cannot be used, the account is a new one and a line says so. One that
`--workspace` names is used, or the command is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from golden_ami_cli.errors import UsageError
from golden_ami_emulator.workspace.content import Content
from golden_ami_emulator.workspace.folder import Folder, InUse, NoWorkspace, Unusable

if TYPE_CHECKING:
    from golden_ami_cli.console import Console
    from golden_ami_emulator.embedded import Embedded

_RESET = "`golden-ami local reset --workspace DIR` empties it, or name another folder"


def default() -> Path:
    """The person's own workspace. XDG_STATE_HOME counts where it is absolute (XDG Base Directory Specification).

    Raises OSError where neither it nor a home directory is known.
    """
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    try:
        return (state if state.is_absolute() else Path("~/.local/state").expanduser()) / "golden-ami" / "local"
    except RuntimeError as error:  # of expanduser
        raise OSError("nobody knows your home directory") from error


def start_of(content: Content) -> datetime | None:
    """The instant at which an account with this content opens: none of its runs is in its future. None: now."""
    saved = content.saved_at
    return saved if saved and saved > datetime.now(UTC) else None


@dataclass(frozen=True)
class Workspace:
    """What an embedded account begins with, and where its state is kept; by itself, nothing and nowhere."""

    content: Content = field(default_factory=Content)
    folder: Folder | None = None

    def keep(self, aws: Embedded, console: Console) -> bool:
        """Save what the account keeps now; False, and a line on the console, where the disk refuses."""
        from golden_ami_emulator.workspace.account import taken

        if self.folder is None:
            return False
        try:
            self.folder.write(taken(aws))
        except OSError as error:
            console.print(f"Not kept in {self.folder.path}: {error.strerror or error}", soft_wrap=True)
            return False
        return True


NONE = Workspace()


@contextmanager
def opened(given: Path | None, console: Console) -> Iterator[Workspace]:
    """The workspace for an account that will be kept, which no other command keeps one in meanwhile.

    Raises UsageError where the given one cannot be used.
    """
    with ExitStack() as held:
        yield _held(given, held, console)


def _held(given: Path | None, held: ExitStack, console: Console) -> Workspace:
    try:
        folder = Folder(given or default())
        folder.make()
        held.enter_context(folder.held())
        try:
            return Workspace(folder.read(), folder)
        except Unusable as error:
            _refuse(given, error)
            console.print(f"Set aside {folder.set_aside()}, for {error}", soft_wrap=True)
            return Workspace(Content(), folder)
    except (OSError, InUse, NoWorkspace) as error:
        cause, remedy = _explained(error)
        if given:
            raise UsageError(f"--workspace {given}: {cause}; {remedy}") from error
        console.print(f"Nothing of this run is kept: the default workspace: {cause}", soft_wrap=True)
        return NONE


def read(given: Path | None, console: Console) -> Content:
    """What a workspace keeps, for a command that changes nothing in it. Raises UsageError."""
    if given and not given.is_dir():
        raise UsageError(f"--workspace {given}: there is no such folder; `golden-ami assess --local` makes one")
    try:
        folder = Folder(given or default())
        return folder.read()
    except Unusable as error:
        _refuse(given, error)
        console.print(f"Not read: {folder.path}, for {error}; the next run sets it aside", soft_wrap=True)
        return Content()
    except OSError as error:
        cause, remedy = _explained(error)
        raise UsageError(f"the workspace: {cause}; {remedy}") from error


def reset(given: Path | None) -> Path:
    """Empty a workspace, and say which. Raises UsageError."""
    try:
        folder = Folder(given or default())
        if folder.path.is_dir():
            folder.empty()
    except (OSError, InUse, NoWorkspace) as error:
        cause, remedy = _explained(error)
        raise UsageError(f"the workspace: {cause}; {remedy}") from error
    return folder.path


def _refuse(given: Path | None, error: Unusable) -> None:
    """Raise UsageError if the workspace that cannot be read is one that was named."""
    if given:
        raise UsageError(f"--workspace {given}: {error}; {_RESET}") from error


def _explained(error: Exception) -> tuple[str, str]:
    """The cause and the remedy."""
    if isinstance(error, InUse):
        return "another command keeps its account there", "wait for its end, or name another folder"
    if isinstance(error, NoWorkspace):
        return "the folder holds something else", "name an empty folder, or a workspace"
    return str(error), "name a folder that you may write to"
