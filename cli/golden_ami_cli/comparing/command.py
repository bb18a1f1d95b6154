"""`golden-ami diff`."""

from __future__ import annotations

from typing import Annotated

import typer

from golden_ami_cli import completion, console
from golden_ami_cli.account import DEFAULT_STACK, ProfileOption, RegionOption, StackName
from golden_ami_cli.choice import LocalOption, WorkspaceOption
from golden_ami_cli.errors import UsageError
from golden_ami_cli.options import Debug, Form, OutputForm
from golden_ami_cli.runs.stored import Copied, report_of, stored


def diff(
    context: typer.Context,
    run1: Annotated[
        str,
        typer.Argument(
            help="The run that is compared with: its id, or its execution's ARN.", autocompletion=completion.run_ids
        ),
    ],
    run2: Annotated[str, typer.Argument(help="The run that is compared.", autocompletion=completion.run_ids)],
    copied: Copied = None,
    local: LocalOption = False,
    workspace: WorkspaceOption = None,
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    form: OutputForm = Form.TABLE,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Compare two runs: which findings are new, fixed and still open in the second one, AMI by AMI.

    An AMI that the first run has not is compared with the newest one of its lineage there.

    Examples:

    - `golden-ami diff RUN1 RUN2`
    - `golden-ami diff RUN1 RUN2 --local --output json`
    """
    from golden_ami.executions import run_id_of
    from golden_ami_cli.comparing import output
    from golden_ami_cli.comparing.comparison import compare

    if run_id_of(run1) == run_id_of(run2):
        raise UsageError(f"run {run_id_of(run1)} is compared with itself; name two runs")
    source = stored(context, copied, stack, profile, region, local=local, workspace=workspace)
    before, after = report_of(source, run1), report_of(source, run2)
    if before.run.completed_at > after.run.completed_at:
        console.note("the first run is the later one, so what was fixed reads as new")
    found = compare(before, after, source.store)
    if form is Form.JSON:
        console.say_json(output.to_json(found))
    else:
        console.stdout().print(output.show(found))
