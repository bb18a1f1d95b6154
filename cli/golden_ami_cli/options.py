"""Options that commands share, and options that exclude each other."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from golden_ami_cli import console
from golden_ami_cli.errors import UsageError


class Form(StrEnum):
    """How the result is printed."""

    TABLE = "table"
    JSON = "json"


Debug = Annotated[bool, typer.Option("--debug", help="On an error, show where in the program it comes from.")]


def _be_quiet(wanted: bool) -> None:
    if wanted:
        console.be_quiet(wanted)


Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", callback=_be_quiet, help="Leave out progress and notes; errors and warnings stay."),
]
OutputForm = Annotated[Form, typer.Option("--output", "-o", help="How the result is printed on stdout.")]


def exclude(context: typer.Context, first: str, others: tuple[str, ...], why: str) -> None:
    """Refuse a command line that gives a parameter and one of others, all by their names in Python.

    What an environment variable or a default says does not count. Raises UsageError with the reason.
    """
    if not given(context, first):
        return
    for other in others:
        if given(context, other):
            raise UsageError(f"{_flag(context, first)} and {_flag(context, other)} exclude each other: {why}")


def given(context: typer.Context, name: str) -> bool:
    """Whether the command line itself has a parameter."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def first_given(context: typer.Context, names: Iterable[str]) -> str:
    """The option of the first of these parameters that the command line itself has; "" where it has none."""
    return next((_flag(context, name) for name in names if given(context, name)), "")


def _flag(context: typer.Context, name: str) -> str:
    parameter = next(one for one in context.command.params if one.name == name)
    return next((option for option in parameter.opts if option.startswith("--")), name.upper())
