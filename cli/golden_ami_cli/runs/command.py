"""`golden-ami runs`, `watch`, `cancel`, `reap` and `rollback`: the runs of a deployed stack, what they may
leave behind, and which version the next ones use.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from golden_ami.characters import printable
from golden_ami_cli import completion, console
from golden_ami_cli.account import DEFAULT_STACK, ProfileOption, RegionOption, StackName, connect
from golden_ami_cli.assessing.command import show_and_exit
from golden_ami_cli.choice import LocalOption, WorkspaceOption, chosen
from golden_ami_cli.delivery import FormatsOption, OutOption, ReportDirOption, delivery
from golden_ami_cli.errors import STILL_RUNNING, CommandError
from golden_ami_cli.gate import FailOnOption, GateOption
from golden_ami_cli.options import Debug, Form, OutputForm, Quiet
from golden_ami_cli.runs.status import Status

RunArgument = Annotated[
    str,
    typer.Argument(
        help="The run's id, as `golden-ami runs` lists it, or its execution's ARN.", autocompletion=completion.run_ids
    ),
]


def runs(
    context: typer.Context,
    local: LocalOption = False,
    workspace: WorkspaceOption = None,
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    status: Annotated[
        Status | None,
        typer.Option(help="Only runs whose execution has this status.", case_sensitive=False, show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many runs, the newest first.")] = 20,
    form: OutputForm = Form.TABLE,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """List a stack's runs, the newest first: status, verdict, duration, counts.

    Examples:

    - `golden-ami runs --stack golden-ami-assessment`
    - `golden-ami runs --limit 100 --output json`
    - `golden-ami runs --status running`
    - `golden-ami runs --local`
    """
    from golden_ami_cli.runs import listing

    account = chosen(context, stack, profile, region, local=local, workspace=workspace)
    found = listing.runs(account, limit, status)
    if form is Form.JSON:
        console.say_json(listing.to_json(found))
    elif not found:
        console.say(printable(listing.none(account.stack, status)))
    else:
        console.stdout().print(*listing.lines(found), sep="\n", soft_wrap=True)


def watch(
    context: typer.Context,
    run: RunArgument,
    local: LocalOption = False,
    workspace: WorkspaceOption = None,
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    form: OutputForm = Form.TABLE,
    formats: FormatsOption = None,
    out: OutOption = None,
    report_dir: ReportDirOption = None,
    gate: GateOption = False,
    fail_on: FailOnOption = None,
    quiet: Quiet = False,  # noqa: ARG001 - its callback has it
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Follow a run until its end, then show its result. A run that is over is told from its beginning.

    Examples:

    - `golden-ami watch 4a85e20b-d9bb-4282-a658-6cdebf7e7a9d`
    - `golden-ami watch RUN --format sarif --out findings.sarif --fail-on critical`
    """
    from golden_ami_cli.assessing import following

    wanted = delivery(formats, out, report_dir, placed=True)
    wanted.prepare()
    account = chosen(context, stack, profile, region, local=local, workspace=workspace)
    arn = account.describe(run)["executionArn"]
    result = following.result_of(account, arn, console.progress(), wanted, fail_on)
    show_and_exit(result, form, wanted, gate=gate)


def cancel(
    run: RunArgument,
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    timeout: Annotated[int, typer.Option(min=1, help="Seconds to wait until nothing runs.")] = 600,
    form: OutputForm = Form.TABLE,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """End a run, then prove by EC2 that none of its instances runs. Exit status 5 when one does, or nobody can say.

    Examples:

    - `golden-ami cancel 4a85e20b-d9bb-4282-a658-6cdebf7e7a9d`
    """
    from golden_ami_cli.runs import cancelling

    account = connect(stack, profile, region)
    outcome = cancelling.cancel(account, run, timeout)
    if form is Form.JSON:
        console.say_json(json.dumps(outcome.as_json(), indent=2))
    else:
        console.stdout().print(printable(outcome.text()), soft_wrap=True)
    if problem := outcome.problem():
        raise CommandError(problem, status=STILL_RUNNING)


def reap(
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be terminated.")] = False,
    form: OutputForm = Form.TABLE,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Terminate the stack's instances that outlived their run, now instead of at the next half hour.

    Examples:

    - `golden-ami reap --dry-run`
    """
    from golden_ami_cli.runs import orphans

    account = connect(stack, profile, region)
    found = orphans.find(account)
    terminated = 0 if dry_run or not found else orphans.terminate(account)
    if form is Form.JSON:
        rows = [orphan._asdict() for orphan in found]
        console.say_json(json.dumps({"found": len(found), "terminated": terminated, "instances": rows}, indent=2))
        return
    for orphan in found:
        console.say(printable(str(orphan)))
    console.say(
        f"{len(found)} outlived their run; {'a dry run, nothing was done' if dry_run else f'{terminated} terminated'}"
    )


def rollback(
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    to: Annotated[
        int | None, typer.Option(min=1, help="The version of the state machine; by default the one before.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be moved.")] = False,
    form: OutputForm = Form.TABLE,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Go back to the version of state machine and functions before the last deployment. Runs under way go on.

    Examples:

    - `golden-ami rollback --dry-run`
    - `golden-ami rollback --to 7`
    """
    from golden_ami_cli.runs import rollback as versions

    account = connect(stack, profile, region)
    planned = versions.plan(account, to)
    if not dry_run:
        versions.carry_out(account, planned)
    if form is Form.JSON:
        console.say_json(json.dumps(planned.as_json(not dry_run), indent=2))
        return
    for line in planned.text(not dry_run):
        console.say(printable(line))
