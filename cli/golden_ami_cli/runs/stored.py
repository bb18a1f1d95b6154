"""What is stored of past runs: in a stack's bucket, or in a copy of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from golden_ami_cli import console
from golden_ami_cli.choice import chosen
from golden_ami_cli.errors import CommandError, UsageError
from golden_ami_cli.options import exclude

if TYPE_CHECKING:
    from golden_ami.report.model import Report
    from golden_ami.storage.objects import Store
    from golden_ami_cli.account import Account

Copied = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="DIR",
        help="A copy of the report bucket, in place of a stack: what `aws s3 cp --recursive s3://BUCKET DIR` or "
        "`golden-ami assess --local --archive-dir DIR` leaves.",
        show_default=False,
    ),
]
_OF_A_STACK = ("stack", "profile", "region", "local", "workspace")


class StoredRuns(NamedTuple):
    """Where the objects of past runs are read."""

    store: Store
    account: Account | None  # None: the store is a copy, for which no ledger vouches


def stored(
    context: typer.Context,
    copied: Path | None,
    stack: str,
    profile: str | None,
    region: str | None,
    *,
    local: bool,
    workspace: Path | None,
) -> StoredRuns:
    """The past runs that the command line chooses. Raises UsageError."""
    exclude(context, "copied", _OF_A_STACK, "a run is read from a copy or from a stack")
    if copied:
        return StoredRuns(_copy(copied), None)
    account = chosen(context, stack, profile, region, local=local, workspace=workspace)
    return StoredRuns(account.store, account)


def report_of(source: StoredRuns, run: str) -> Report:
    """The report of a past run, named by its id or by its execution's ARN; a line on stderr where nothing vouches.

    Raises UsageError when there is none, CommandError where it was changed since it was written.
    """
    from golden_ami.executions import run_id_of
    from golden_ami.report.formats import load
    from golden_ami.storage.objects import Missing

    run_id, account = run_id_of(run), source.account
    if not (account and account.vouches_for(run_id)):
        console.stderr().print(f"golden-ami: the ledger has no digest of run {run_id}: nothing vouches for its report")
    try:
        return load(source.store, run_id)
    except Missing as error:
        if account:
            with suppress(UsageError):  # Step Functions has forgotten it
                execution = account.describe(run)
                account.refuse_duplicate(execution)
                _refuse_running(execution)
        raise UsageError(
            f"there is no report {error}: the run was never reported or its report has expired; "
            "`golden-ami runs` lists the runs"
        ) from error


def _refuse_running(execution: Mapping[str, Any]) -> None:
    """Raise CommandError for a run that is still going, which has no report yet."""
    if execution["status"] == "RUNNING":
        run = execution["name"]
        raise CommandError(f"run {run} is still going and has no report yet; `golden-ami watch {run}` follows it")


def _copy(directory: Path) -> Store:
    from golden_ami.storage.keys import RUNS
    from golden_ami.storage.objects import DirectoryStore

    if not (directory / RUNS).is_dir():
        raise UsageError(f"--from {directory}: it has no folder runs; give a copy of the report bucket")
    return DirectoryStore(directory)
