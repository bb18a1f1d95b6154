"""`golden-ami assess`: one assessment of all configured AMIs."""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from golden_ami.characters import printable
from golden_ami.executions import run_id_of
from golden_ami_cli import completion, console
from golden_ami_cli.account import STACK_VARIABLE, Account, OptionalStack, ProfileOption, RegionOption, connect
from golden_ami_cli.assessing import output
from golden_ami_cli.choice import WorkspaceOption
from golden_ami_cli.delivery import Delivery, FormatsOption, OutOption, ReportDirOption, delivery
from golden_ami_cli.errors import INTERRUPTED, CommandError, UsageError
from golden_ami_cli.gate import FailOn, FailOnOption, GateOption, status_of
from golden_ami_cli.options import Debug, Form, OutputForm, Quiet, exclude, given

if TYPE_CHECKING:
    from golden_ami_cli.assessing.result import Result
    from golden_ami_cli.workspaces import Workspace


class EngineName(StrEnum):
    """How AMIs are scanned."""

    CLASSIC = "classic"
    INSTANCE = "instance"
    AMI = "ami"
    AUTO = "auto"


_OF_A_STACK = ("stack", "profile", "region", "parameter", "detach")
_OF_THE_EMBEDDED = ("config", "engine", "images", "findings", "archive_dir", "fault", "workspace")
_OF_A_RESULT = ("formats", "out", "report_dir", "gate", "fail_on")
_INTERRUPTED = "interrupted; nothing is left running: the embedded AWS has ended with this command"
_PAGES = ("report.html", "history.html")  # of a folder for a report, those that a browser shows
_FILE = {"metavar": "FILE", "show_default": False}
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        help="The configuration, JSON or YAML, in either form; - is standard input. Default: the sample.", **_FILE
    ),
]
ImagesOption = Annotated[
    Path | None,
    typer.Option(
        help="The AMIs that the embedded account holds. Default: those that the configuration names, made up.", **_FILE
    ),
]
FindingsOption = Annotated[
    Path | None,
    typer.Option(
        help="What Inspector finds on each AMI, as `aws inspector2 list-findings` answers. Default: the sample.",
        **_FILE,
    ),
]


def assess(
    context: typer.Context,
    local: Annotated[
        bool, typer.Option("--local", help="Run in the embedded AWS, on this machine, without an account.")
    ] = False,
    ami: Annotated[
        list[str] | None,
        typer.Option(
            help="Assess this AMI, whatever is configured; may be repeated. Of a stack, with the settings that the "
            "stack's parameter has beside its AMIs.",
            metavar="AMI",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    engine: Annotated[
        EngineName | None,
        typer.Option(help="The engine for all AMIs, whatever the configuration says.", show_default=False),
    ] = None,
    stack: OptionalStack = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
    parameter: Annotated[
        str | None,
        typer.Option(help="Of a stack, the SSM parameter to assess, if not the stack's.", show_default=False),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Of a stack, print the ARN and do not wait.")] = False,
    images: ImagesOption = None,
    findings: FindingsOption = None,
    form: OutputForm = Form.TABLE,
    formats: FormatsOption = None,
    out: OutOption = None,
    report_dir: ReportDirOption = None,
    archive_dir: Annotated[
        Path | None,
        typer.Option(
            help="With --local, leave a copy of the report bucket here, for `report` and `history --from DIR`.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="With --local, what goes wrong meanwhile; may be repeated. `golden-ami local faults` lists it.",
            metavar="NAME[,NAME]",
            autocompletion=completion.faults,
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    gate: GateOption = False,
    fail_on: FailOnOption = None,
    quiet: Quiet = False,  # noqa: ARG001 - its callback has it
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Assess golden AMIs: PASS, FAIL or NOT ASSESSED for each.

    Progress goes to stderr, the result to stdout. Exit status: 0 when the run ended, whatever its verdict (see
    --gate); 1 when the tool failed; 2 when the command or a file cannot be used.

    Examples:

    - `golden-ami assess --local`
    - `golden-ami assess --local --config amis.yaml --engine ami --output json --gate`
    - `golden-ami assess --local --format sarif,csv --report-dir reports --fail-on high`

    - `golden-ami assess --stack golden-ami-assessment --profile security --gate`
    - `golden-ami assess --stack golden-ami-assessment --ami ami-0123456789abcdef0`
    """
    exclude(
        context, "local", _OF_A_STACK, "--local runs in the embedded AWS, the others choose a deployed stack or its run"
    )
    exclude(context, "ami", ("config", "parameter"), "--ami says what is assessed")
    wanted = delivery(formats, out, report_dir, placed=True)
    stack = None if local else stack or os.environ.get(STACK_VARIABLE)
    if stack:
        _refuse_local_options(context)
        exclude(
            context,
            "detach",
            ("formats", "out", "report_dir", "gate", "fail_on"),
            "--detach does not wait for a result",
        )
        started = _Remote(stack, profile, region, parameter, tuple(ami or ()))
        if detach:
            started.detached(form)
            raise typer.Exit
        show_and_exit(started.followed(wanted, fail_on), form, wanted, gate=gate)
    if not local:
        raise UsageError(
            f"nothing says where; give either --local (the embedded AWS), or --stack NAME or {STACK_VARIABLE} "
            "(a deployed one)"
        )
    console.progress().print("Assessing in the embedded AWS")  # at once: what is imported from here on takes seconds
    from golden_ami_cli.assessing.inputs import Inputs

    inputs = Inputs.read(config, images, findings, engine=engine.value if engine else None, amis=ami or ())
    from golden_ami_cli.assessing.assessment import (
        assess_locally,  # loads the embedded AWS: after the inputs were found usable
    )
    from golden_ami_cli.workspaces import NONE, opened

    faults = [name.strip() for text in fault or () for name in text.split(",") if name.strip()]
    for text in inputs.warnings:
        console.stderr().print(f"Warning: {text}", soft_wrap=True)
    try:
        with opened(workspace, console.stderr()) if workspace or not faults else nullcontext(NONE) as kept:
            result = assess_locally(inputs, console.progress(), wanted, archive_dir, faults, kept, fail_on)
    except KeyboardInterrupt:
        raise CommandError(_INTERRUPTED, status=INTERRUPTED) from None
    place = "" if out or report_dir else _where(result.run_id, kept, workspace)
    show_and_exit(result, form, wanted, gate=gate, report=place)


@dataclass(frozen=True)
class _Remote:
    """An assessment of a deployed stack."""

    stack: str
    profile: str | None
    region: str | None
    parameter: str | None
    amis: tuple[str, ...]

    def detached(self, form: Form) -> None:
        """Start it and print its ARN."""

        _, arn = self._start()
        said = json.dumps({"executionArn": arn, "runId": run_id_of(arn)}) if form is Form.JSON else arn
        console.say(said)

    def followed(self, wanted: Delivery, fail_on: FailOn | None) -> Result:
        """Start it and follow it until its end."""
        from golden_ami_cli.assessing import following

        wanted.prepare()
        console.progress().print(f"Assessing in stack {printable(self.stack)}")
        account, arn = self._start()
        return following.result_of(account, arn, console.progress(), wanted, fail_on)

    def _start(self) -> tuple[Account, str]:
        from golden_ami_cli.assessing import following

        account = connect(self.stack, self.profile, self.region)
        if self.amis:
            from golden_ami_cli.assessing.named import put

            return account, following.start(account, put(account, self.amis))
        return account, following.start(account, self.parameter or account.outputs["ParameterName"])


def _where(run_id: str, kept: Workspace, workspace: Path | None) -> str:
    """Where the report of a local run is, when no folder was named for it."""
    if kept.folder is None:
        return "gone with the embedded account; --report-dir DIR keeps it"
    given = f" --workspace {workspace}" if workspace else ""
    return f"golden-ami report {run_id} --local{given}"


def _refuse_local_options(context: typer.Context) -> None:
    why = "a stack assesses what its parameter says, which `golden-ami config push` writes"
    exclude(context, "stack", _OF_THE_EMBEDDED, why)
    if wrong := [name for name in _OF_THE_EMBEDDED if given(context, name)]:
        option = "--" + wrong[0].replace("_", "-")
        raise UsageError(f"{option} needs --local, and {STACK_VARIABLE} names a stack: {why}")


def show_and_exit(result: Result, form: Form, wanted: Delivery, *, gate: bool, report: str = "") -> NoReturn:
    """Print the result to stdout and end with its exit status.

    `report` stands in the table in place of the report's addresses. Of a folder that got the report, the pages in it
    are named. Raises CommandError where the run left no report in the formats that were asked for.
    """
    if form is Form.JSON:
        console.say_json(output.to_json(result))
    else:
        pages = [wanted.directory / name for name in _PAGES] if wanted.directory else []
        console.stdout().print(output.show(result, report, [page for page in pages if page.is_file()]))
    if wanted.wanted and not result.reports:
        raise CommandError(f"run {result.run_id} left no report, so nothing was written in any format")
    raise typer.Exit(gate_status(result) if gate or result.fail_on else 0)


def gate_status(result: Result) -> int:
    """The exit status that --gate and --fail-on make of a result."""
    beyond = result.fail_on.findings if result.fail_on else 0
    return status_of(result.verdict, succeeded=result.execution_status == "SUCCEEDED", beyond=beyond)
