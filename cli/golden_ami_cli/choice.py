"""The stack that a command looks at: a deployed one, or with --local that of the embedded account."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from golden_ami_cli import console
from golden_ami_cli.account import Account, connect
from golden_ami_cli.errors import UsageError
from golden_ami_cli.options import exclude

if TYPE_CHECKING:
    from golden_ami.models import Config

LocalOption = Annotated[
    bool, typer.Option("--local", help="Look at the embedded AWS, as `golden-ami assess --local` left it.")
]
WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        metavar="DIR",
        help="With --local, the folder in which the embedded account is kept. Default: the one in your state folder.",
        show_default=False,
    ),
]

_DEPLOYED = ("stack", "profile", "region")
_WHY = "--local looks at the embedded AWS, the others choose a deployed stack"


def chosen(
    context: typer.Context,
    stack: str,
    profile: str | None,
    region: str | None,
    *,
    local: bool,
    workspace: Path | None,
    config: Config | None = None,
) -> Account:
    """The stack that the command line chooses. Raises UsageError.

    An embedded account stays open until the command ends, and has images for what `config` names.
    """
    exclude(context, "local", _DEPLOYED, _WHY)
    if not local:
        refuse_workspace(workspace)
        return connect(stack, profile, region)
    from golden_ami_cli import workspaces
    from golden_ami_cli.embedded import account_with

    return account_with(context, workspaces.read(workspace, console.stderr()), config)


def refuse_workspace(workspace: Path | None) -> None:
    """Refuse --workspace of a command without --local. Raises UsageError."""
    if workspace:
        raise UsageError("--workspace needs --local: a deployed stack keeps its own state")
