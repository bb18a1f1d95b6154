"""`golden-ami config …`: begins a configuration, checks it, shows its effect, pushes it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from golden_ami.characters import printable
from golden_ami_cli import console
from golden_ami_cli.account import DEFAULT_STACK, ProfileOption, RegionOption, StackName, connect
from golden_ami_cli.choice import LocalOption, WorkspaceOption, chosen
from golden_ami_cli.errors import USAGE, CommandError, UsageError
from golden_ami_cli.options import Debug, Form, OutputForm, exclude, first_given

if TYPE_CHECKING:
    from golden_ami.models import Ami, AmiEntry, Config, ConfiguredEngine
    from golden_ami.usage.lines import UsageLine
    from golden_ami.usage.prices import Prices
    from golden_ami_cli.configuration.found import FoundAmi
    from golden_ami_cli.configuration.rights import Rights

app = typer.Typer(name="config", help="Begin, check, show and push the configuration.", no_args_is_help=True)

ONE_SOURCE = "the configuration is read from a file or from a parameter"
STANDARD, ADVANCED = 4096, 8192  # bytes of a parameter (Systems Manager, PutParameter: Value)
File = Annotated[Path, typer.Argument(help="The configuration, JSON or YAML; - is standard input.", show_default=False)]
OptionalFile = Annotated[
    Path | None,
    typer.Argument(help="The configuration; - is standard input. Default: the stack's parameter.", show_default=False),
]
PricesFile = Annotated[
    Path | None, typer.Option("--prices", metavar="FILE", help="Your prices, as TOML.", show_default=False)
]
ParameterOption = Annotated[
    str | None, typer.Option("--parameter", help="The SSM parameter, if not the stack's.", show_default=False)
]

_SELECTING = ("owner", "tag", "name")


@app.command("init")
def init(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="A new file, .yaml; without it, stdout.", show_default=False),
    ] = None,
    from_account: Annotated[bool, typer.Option("--from-account", help="List the account's available AMIs.")] = False,
    owner: Annotated[
        str, typer.Option("--owner", metavar="self|ID", help="AMIs of this owner: the account itself, or another.")
    ] = "self",
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            metavar="KEY=VALUE",
            help="AMIs with this tag; * and ? stand for any text and character. May be repeated.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str, typer.Option("--name", metavar="PATTERN", help="AMIs of this name, with * and ?.", show_default=False)
    ] = "",
    pipeline: Annotated[
        str,
        typer.Option(
            "--pipeline",
            metavar="NAME|ARN",
            help="AMIs that this EC2 Image Builder pipeline has made.",
            show_default=False,
        ),
    ] = "",
    profile: ProfileOption = None,
    region: RegionOption = None,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Write a configuration to begin with, YAML with comments: for AMIs of an account, newest first, or for none.

    Examples:

    - `golden-ami config init --out amis.yaml`
    - `golden-ami config init --from-account --tag Golden=true --name 'base-*' --out amis.yaml`
    - `golden-ami config init --from-account --pipeline base-linux`
    """
    from golden_ami_cli.configuration import initial

    if out:
        initial.refuse_file(out)
    if not from_account and (flag := first_given(context, (*_SELECTING, "pipeline", "profile", "region"))):
        raise UsageError(f"{flag} needs --from-account: without it, no account is asked")
    exclude(context, "pipeline", _SELECTING, "a pipeline has made its AMIs itself")
    amis = _found(owner, tag or [], name, pipeline, profile, region) if from_account else []
    content = initial.text(amis)
    if out:
        initial.write(out, content + "\n")
        console.say(f"Written: {printable(str(out))}")
    else:
        console.say(content)
    if not amis:
        console.note(f"{initial.PLACEHOLDER.ami_id} stands for your AMI; replace it")


def _found(
    owner: str, tags: Sequence[str], name: str, pipeline: str, profile: str | None, region: str | None
) -> list[FoundAmi]:
    """The AMIs that the options select, at least one. Raises UsageError."""
    from golden_ami_cli import session
    from golden_ami_cli.configuration import found

    chosen = found.selection(owner, tags, name)
    client = session.clients(profile, region)
    asked = client("ec2").meta.region_name
    try:
        amis = found.by_pipeline(client, pipeline) if pipeline else found.by_selection(client, chosen)
    except session.no_endpoint() as error:
        if said := session.unknown_region(asked, region):
            raise UsageError(said) from error
        raise
    if not amis:
        options = "--pipeline" if pipeline else "--owner, --tag and --name"
        raise UsageError(f"no available AMI was found in {asked}; check {options}, and --region and --profile")
    return amis


@app.command("validate")
def validate(
    file: File,
    form: OutputForm = Form.TABLE,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Check a file against the schema: every problem with its line and its remedy. Exit status 2 when there is one.

    Examples:

    - `golden-ami config validate amis.yaml`
    - `golden-ami config validate -`
    """
    from golden_ami_cli.configuration.check import check, listed

    config, found = check(file)
    if config is not None:
        remark(config, [entry.engine or config.engine for entry in config.amis])
    if form is Form.JSON:
        rows = [{"line": line, **problem._asdict()} for line, problem in found]
        counts = {"amis": len(config.amis), "assessed": len(_assessed(config))} if config else {"amis": None}
        answer = {"valid": not found, **counts, "problems": rows}
        console.say_json(json.dumps(answer, indent=2))
        raise typer.Exit(USAGE if found else 0)
    if found:
        said = listed(file, found)
        raise UsageError(f"{len(found)} problem{'' if len(found) == 1 else 's'}\n{said}")
    assert config is not None
    console.say(f"{printable(str(file))} is valid: {_to_assess(config)}")


@app.command("show")
def show(
    context: typer.Context,
    file: OptionalFile = None,
    local: LocalOption = False,
    workspace: WorkspaceOption = None,
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    parameter: ParameterOption = None,
    prices: PricesFile = None,
    form: OutputForm = Form.TABLE,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Show what a configuration would do: AMIs resolved, the engine chosen for each, what it would use and cost.

    Examples:

    - `golden-ami config show amis.yaml --stack golden-ami-assessment`
    - `golden-ami config show --output json`
    - `golden-ami config show amis.yaml --local`
    """
    from golden_ami_cli.configuration import view
    from golden_ami_cli.configuration.check import checked
    from golden_ami_cli.configuration.rights import Rights
    from golden_ami_cli.prices import prices as table

    exclude(context, "file", ("parameter",), ONE_SOURCE)
    given = checked(file)[1] if local and file else None
    account = chosen(context, stack, profile, region, local=local, workspace=workspace, config=given)
    rights = Rights(account)
    config, amis, lines = effect(rights, file, parameter, table(prices))
    remark(config, [ami.engine for ami in amis])
    for said in view.renamed_lineages(config, amis):
        console.note(said)
    if form is Form.JSON:
        console.say_json(view.to_json(config, amis, lines, rights.said))
    else:
        console.progress().print(rights.said[0].upper() + rights.said[1:], markup=False, soft_wrap=True)
        console.stdout().print(view.amis_table(amis), view.policy_table(config, amis), view.estimate_table(lines))


@app.command("push")
def push(
    file: File,
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    parameter: ParameterOption = None,
    advanced: Annotated[
        bool, typer.Option("--advanced", help="Allow the advanced tier (8 KB), which is charged for.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written, and where.")] = False,
    form: OutputForm = Form.TABLE,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Check a file and put it into the stack's parameter; what is too large for that goes to the stack's bucket.

    Examples:

    - `golden-ami config push amis.yaml --stack golden-ami-assessment`
    """
    from golden_ami.configuration.loading import unreadable
    from golden_ami_cli.configuration.check import checked
    from golden_ami_cli.configuration.pushing import plan, write
    from golden_ami_cli.configuration.rights import Rights

    text, _ = checked(file)
    account = connect(stack, profile, region)
    name = parameter or account.outputs["ParameterName"]
    if not Rights(account).may_configure(name):
        raise UsageError(f"--parameter {name}: {unreadable(name, account.settings)}")
    planned = plan(account, name, text, STANDARD, ADVANCED if advanced else 0)
    if not dry_run:
        write(account, planned)
    if form is Form.JSON:
        console.say_json(json.dumps({**planned.as_json(), "written": not dry_run}, indent=2))
    else:
        console.say(f"{'Would write' if dry_run else 'Written'}: {planned}")


def _assessed(config: Config) -> list[AmiEntry]:
    """The entries that are assessed: of those that name one AMI, the first."""
    from golden_ami.configuration.config import fold_duplicates

    return [folded.entry for folded in fold_duplicates(config.amis)]


def _to_assess(config: Config) -> str:
    """How many AMIs a run would assess, as far as no account is asked, and by which engines."""
    entries = _assessed(config)
    engines = Counter(entry.engine or config.engine for entry in entries)
    by = ", ".join(f"{count} with engine {engine}" for engine, count in sorted(engines.items()))
    again = len(config.amis) - len(entries)
    twice = f"; {again} named again {'is' if again == 1 else 'are'} not counted" if again else ""
    return f"{len(entries)} AMI{'' if len(entries) == 1 else 's'} to assess: {by}{twice}"


def remark(config: Config, engines: Sequence[ConfiguredEngine]) -> None:
    """Say, beside the output, what the configuration asks for and does not get."""
    from golden_ami_cli.configuration.view import without_benchmark

    if said := without_benchmark(config, engines):
        console.note(said)


def effect(
    rights: Rights, file: Path | None, parameter: str | None, table: Prices
) -> tuple[Config, list[Ami], list[UsageLine]]:
    """A configuration, its AMIs as they are looked up, and what a run of it uses. Raises CommandError."""
    from golden_ami.places import home
    from golden_ami.usage.estimate import estimate as estimated

    config, amis = looked_up(rights, file, parameter)
    return config, amis, estimated(config, amis, table, home(rights.account.settings))


def looked_up(rights: Rights, file: Path | None, parameter: str | None) -> tuple[Config, list[Ami]]:
    """A configuration, of a file or the stack's parameter, and its AMIs as they are looked up. Raises CommandError."""
    from golden_ami.configuration.catalog import look_up
    from golden_ami.errors import AssessmentError
    from golden_ami.subnets import with_addresses
    from golden_ami_cli.configuration.check import checked

    account = rights.account
    try:
        named = parameter or account.outputs["ParameterName"]
        config = with_addresses(checked(file)[1], account.settings) if file else _pushed(rights, named)
        amis = look_up(config, account.settings, account.clients, "preview", rights.refused(config))
    except AssessmentError as error:
        raise CommandError(str(error), status=USAGE) from error
    return config, amis


def _pushed(rights: Rights, name: str) -> Config:
    """The configuration in a parameter, if load-config may read it. Raises AssessmentError."""
    from golden_ami.configuration.loading import read_configuration, unreadable
    from golden_ami.errors import AccessDenied

    if not rights.may_configure(name):
        raise AccessDenied(unreadable(name, rights.account.settings))
    return read_configuration(name, rights.account.settings, rights.account.clients)
