"""`golden-ami open`: where a run's page is, for a browser."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated

import typer

from golden_ami_cli import console
from golden_ami_cli.account import DEFAULT_STACK, ProfileOption, RegionOption, StackName
from golden_ami_cli.choice import LocalOption, WorkspaceOption
from golden_ami_cli.delivery import Delivery, Format
from golden_ami_cli.options import Debug, Form, OutputForm
from golden_ami_cli.runs.command import RunArgument
from golden_ami_cli.runs.stored import Copied, StoredRuns, report_of, stored

if TYPE_CHECKING:
    from golden_ami.report.model import Report

_SECONDS = 900  # that a link is valid


def open_page(
    context: typer.Context,
    run: RunArgument,
    show: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Whether the page is opened, or its address only printed.")
    ] = True,
    copied: Copied = None,
    local: LocalOption = False,
    workspace: WorkspaceOption = None,
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    form: OutputForm = Form.TABLE,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Open a run's report in the browser, and print its address: a presigned link, or of a local or copied run a file.

    Whoever has the link reads the report, for 15 minutes or as long as your credentials are valid.

    Examples:

    - `golden-ami open 4a85e20b-d9bb-4282-a658-6cdebf7e7a9d`
    - `golden-ami open RUN --local --no-browser`
    """
    source = stored(context, copied, stack, profile, region, local=local, workspace=workspace)
    found = report_of(source, run)
    address = _file(found, source) if local or copied else _link(found, source)
    if form is Form.JSON:
        console.say_json(json.dumps({"runId": found.run.run_id, "address": address}))
    else:
        console.say(address)
    if show:
        typer.launch(address)


def _file(found: Report, source: StoredRuns) -> str:
    """The page in a folder of its own, which only its owner reads and the system clears."""
    folder = Path(mkdtemp(prefix="golden-ami-"))
    left = Delivery((Format.HTML,), directory=folder).leave(found, source.store)
    return left[Format.HTML].as_uri()


def _link(found: Report, source: StoredRuns) -> str:
    """A presigned link to the page as the run wrote it (S3 User Guide, "Download and upload objects with presigned
    URLs": it is valid no longer than the credentials that signed it)."""
    from golden_ami.storage.keys import report_key

    assert source.account is not None
    key = report_key(found.run.run_id, "report.html")
    given = {"Bucket": source.account.bucket, "Key": key}
    client = source.account.client("s3")
    return str(client.generate_presigned_url("get_object", Params=given, ExpiresIn=_SECONDS))
