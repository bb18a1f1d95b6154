"""`golden-ami doctor`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from golden_ami.characters import printable
from golden_ami_cli import console
from golden_ami_cli.account import DEFAULT_STACK, Account, ProfileOption, RegionOption, StackName
from golden_ami_cli.choice import LocalOption, WorkspaceOption, chosen
from golden_ami_cli.configuration.command import ParameterOption
from golden_ami_cli.errors import NOT_READY
from golden_ami_cli.options import Debug, Form, OutputForm, exclude

if TYPE_CHECKING:
    from golden_ami_cli.doctor.model import Diagnosis


def doctor(
    context: typer.Context,
    local: LocalOption = False,
    workspace: WorkspaceOption = None,
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    parameter: ParameterOption = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Also send an event of our own through each rule, and see it arrive.")
    ] = False,
    form: OutputForm = Form.TABLE,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Look for everything that would make a run fail, before it costs anything. Exit status 6 when there is an error.

    Before the first deployment it says whether --stack is a name with which the stack can be deployed. Nothing is
    changed in the account; with --probe each rule gets an event, which leaves a row in the ledger for a day.

    Examples:

    - `golden-ami doctor --stack golden-ami-assessment`
    - `golden-ami doctor --stack golden-ami-assessment --probe`
    - `golden-ami doctor --local`
    """
    from golden_ami_cli.doctor.stack_name import examine_name

    named = examine_name(stack)

    exclude(context, "local", ("parameter",), "--local looks at the embedded AWS")
    if not local and named.status == "error":  # there is no such stack, nor can there be
        found = [named]
    else:
        account = chosen(context, stack, profile, region, local=local, workspace=workspace)
        found = [*([] if local else [named]), *_examined(account, parameter, probe)]
    if form is Form.JSON:
        rows = [{"check": d.check, "status": d.status, "cause": d.cause, "remedy": d.remedy} for d in found]
        console.say_json(json.dumps(rows))
    else:
        _print(found)
    raise typer.Exit(NOT_READY if any(diagnosis.status == "error" for diagnosis in found) else 0)


def _examined(account: Account, parameter: str | None, probed: bool) -> list[Diagnosis]:
    from golden_ami_cli.doctor.examination import examine
    from golden_ami_cli.doctor.probing import probe

    return [*examine(account, parameter), *(probe(account) if probed else [])]


def _print(found: list[Diagnosis]) -> None:
    from rich.text import Text

    from golden_ami_cli.tables import table

    def _text(said: str) -> Text:
        return Text(printable(said, lines=True))

    styles = {"ok": "green", "warning": "yellow", "error": "bold red"}
    made = table("Check", "Status", "Cause", "Remedy")
    for one in found:
        made.add_row(Text(one.check), Text(one.status, style=styles[one.status]), *map(_text, (one.cause, one.remedy)))
    console.stdout().print(made)
