"""`golden-ami report` and `golden-ami history`: any past run, from AWS or from a copy of its objects."""

from __future__ import annotations

import io
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

import typer

from golden_ami_cli import console
from golden_ami_cli.account import DEFAULT_STACK, ProfileOption, RegionOption, StackName
from golden_ami_cli.choice import LocalOption, WorkspaceOption
from golden_ami_cli.errors import UsageError
from golden_ami_cli.options import Debug, Form, OutputForm, exclude
from golden_ami_cli.runs.command import RunArgument
from golden_ami_cli.runs.stored import Copied, report_of, stored


class Format(StrEnum):
    """The formats of a report."""

    JSON = "json"
    HTML = "html"
    TEXT = "text"
    CSV = "csv"
    SARIF = "sarif"
    CYCLONEDX = "cyclonedx"
    JUNIT = "junit"
    ASFF = "asff"


def report(
    context: typer.Context,
    run: RunArgument,
    form: Annotated[Format, typer.Option("--format", "-f", help="The report's format.")] = Format.TEXT,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write here, not to stdout.", show_default=False)
    ] = None,
    copied: Copied = None,
    local: LocalOption = False,
    workspace: WorkspaceOption = None,
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Render a past run's report, in any format, from what is stored.

    Examples:

    - `golden-ami report 4a85e20b-d9bb-4282-a658-6cdebf7e7a9d`
    - `golden-ami report RUN --format sarif --out findings.sarif`
    - `golden-ami report RUN --local`
    """
    from golden_ami.report.formats import write

    source = stored(context, copied, stack, profile, region, local=local, workspace=workspace)
    found, store = report_of(source, run), source.store
    if out is None:
        content = io.BytesIO()
        write(found, store, form.value, content)
        console.write(content.getvalue())
        return
    with _opened(out) as file:
        write(found, store, form.value, file)


def history(
    context: typer.Context,
    run: RunArgument,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write one self-contained HTML file.", show_default=False),
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check the archive against its SHA-256 manifest.")] = False,
    copied: Copied = None,
    local: LocalOption = False,
    workspace: WorkspaceOption = None,
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    form: OutputForm = Form.TABLE,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Show what happened in a run, state by state; or verify its archive (exit status 1 when it does not hold).

    Examples:

    - `golden-ami history RUN --html run.html`
    - `golden-ami history RUN --verify`
    - `golden-ami history RUN --from copied-bucket`
    - `golden-ami history RUN --local`
    """
    from golden_ami_cli.history.command import history as show
    from golden_ami_cli.history.source import HistorySource

    exclude(context, "verify", ("html",), "--verify checks the archive and writes no page")
    found = stored(context, copied, stack, profile, region, local=local, workspace=workspace)
    source = found.account.source if found.account else HistorySource(found.store)
    show(run, source, console=console.stdout(), html=html, verify=verify, as_json=form is Form.JSON)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("wb")
    except OSError as error:
        raise UsageError(f"--out {path}: {error.strerror}; name a file in a directory you may write to") from error
