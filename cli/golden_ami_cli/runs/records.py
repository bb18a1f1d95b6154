"""`golden-ami report` and `golden-ami history`: any past run, from AWS or from a copy of its objects."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from golden_ami.characters import printable
from golden_ami_cli import console
from golden_ami_cli.account import DEFAULT_STACK, ProfileOption, RegionOption, StackName
from golden_ami_cli.choice import LocalOption, WorkspaceOption
from golden_ami_cli.delivery import Delivery, Format, FormatsOption, OutOption, ReportDirOption, delivery
from golden_ami_cli.errors import UsageError
from golden_ami_cli.gate import FailOnOption, GateOption, beyond, status_of
from golden_ami_cli.options import Debug, Form, OutputForm, exclude
from golden_ami_cli.runs.command import RunArgument
from golden_ami_cli.runs.stored import Copied, report_of, stored

if TYPE_CHECKING:
    from golden_ami.report.model import Report


def report(
    context: typer.Context,
    run: RunArgument,
    formats: FormatsOption = None,
    out: OutOption = None,
    report_dir: ReportDirOption = None,
    copied: Copied = None,
    local: LocalOption = False,
    workspace: WorkspaceOption = None,
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    form: OutputForm = Form.TABLE,
    gate: GateOption = False,
    fail_on: FailOnOption = None,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Render a past run's report, in any format, from what is stored: as text to stdout, unless options say otherwise.

    Examples:

    - `golden-ami report 4a85e20b-d9bb-4282-a658-6cdebf7e7a9d`
    - `golden-ami report RUN --format sarif --out findings.sarif`
    - `golden-ami report RUN --format sarif,csv --report-dir reports --fail-on critical`
    - `golden-ami report RUN --local`
    """
    wanted = _wanted(delivery(formats, out, report_dir, placed=False), form)
    wanted.prepare()
    source = stored(context, copied, stack, profile, region, local=local, workspace=workspace)
    found, store = report_of(source, run), source.store
    if wanted.out or wanted.directory:
        _say_files(found, wanted.leave(found, store), form)
    else:
        from golden_ami.report.formats import write

        content = io.BytesIO()
        write(found, store, wanted.formats[0].value, content)
        console.write(content.getvalue())
    if gate or fail_on:
        over = beyond(found, store, fail_on.value) if fail_on else 0
        raise typer.Exit(status_of(found.verdict, succeeded=found.run.succeeded, beyond=over))


def _wanted(given: Delivery, form: Form) -> Delivery:
    """With the formats where none is named: all in a folder, text elsewhere, but JSON on stdout with --output json."""
    placed = given.out or given.directory
    if given.formats and form is Form.JSON and not placed:
        raise UsageError("--output json prints the report as JSON; with --format, give --out FILE or --report-dir DIR")
    if given.formats:
        return given
    default = (Format.TEXT,) if placed or form is Form.TABLE else (Format.JSON,)
    return replace(given, formats=tuple(Format) if given.directory else default)


def _say_files(found: Report, left: Mapping[Format, Path], form: Form) -> None:
    if form is Form.JSON:
        files = {form.value: str(path) for form, path in left.items()}
        console.say_json(json.dumps({"runId": found.run.run_id, "verdict": found.verdict, "reports": files}, indent=2))
        return
    for path in left.values():
        console.say(printable(str(path)))


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
