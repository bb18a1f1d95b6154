"""`golden-ami estimate`: what a run and a month use and cost, before anything is deployed and after."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from golden_ami_cli import console
from golden_ami_cli.account import DEFAULT_STACK, Account, ProfileOption, RegionOption, StackName
from golden_ami_cli.choice import LocalOption, WorkspaceOption, chosen
from golden_ami_cli.configuration.command import (
    ONE_SOURCE,
    OptionalFile,
    ParameterOption,
    PricesFile,
    looked_up,
    remark,
)
from golden_ami_cli.errors import UsageError
from golden_ami_cli.options import Debug, Form, OutputForm, exclude, given

if TYPE_CHECKING:
    from golden_ami.models import Config
    from golden_ami.usage.estimate import Item
    from golden_ami.usage.lines import UsageLine
    from golden_ami.usage.prices import Prices

_ACCOUNT = ("file", "parameter", "run", "local", "workspace", "stack", "profile", "live")
RUNS = 4.0  # a month, where no schedule says otherwise
MOST_RUNS = 1_000_000.0  # more than any schedule starts: a month has 44,640 minutes at most
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Ask no account: compare engines and networks.", show_default=False),
]
Runs = Annotated[
    float | None,
    typer.Option(
        "--runs", min=0, max=MOST_RUNS, help="Runs a month. Default: the schedule's, else 4.", show_default=False
    ),
]


def estimate(
    context: typer.Context,
    file: OptionalFile = None,
    offline: ConfigFile = None,
    local: LocalOption = False,
    workspace: WorkspaceOption = None,
    stack: StackName = DEFAULT_STACK,
    profile: ProfileOption = None,
    region: RegionOption = None,
    parameter: ParameterOption = None,
    run: Annotated[
        str | None, typer.Option("--run", help="Show what this run really used beside it.", show_default=False)
    ] = None,
    runs: Runs = None,
    prices: PricesFile = None,
    live: Annotated[
        bool, typer.Option("--live-prices", help="Ask the Price List, and Inspector what it has cost the account.")
    ] = False,
    form: OutputForm = Form.TABLE,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Say what a run and a month use and cost, from the least to the most.

    With --config no account is asked, and engines and networks are compared; so it works before anything is deployed.
    A FILE is looked up in the account; where there is none, or no stack, it is estimated as it is. Prices without a
    source are unknown, and said to be.

    Examples:

    - `golden-ami estimate --config amis.yaml --runs 30`
    - `golden-ami estimate amis.yaml --live-prices`
    - `golden-ami estimate amis.yaml --local`
    - `golden-ami estimate --run 4a85e20b-d9bb-4282-a658-6cdebf7e7a9d --prices our-prices.toml`
    """
    from golden_ami_cli.configuration.check import checked
    from golden_ami_cli.prices import own
    from golden_ami_cli.prices import prices as table

    exclude(context, "file", ("parameter",), ONE_SOURCE)
    exclude(context, "run", ("file", "parameter"), "a run's configuration is its own")
    exclude(context, "offline", _ACCOUNT, "--config asks no account")
    exclude(context, "runs", ("run",), "a run is one")
    exclude(context, "local", ("live",), "the embedded AWS has no prices of its own")
    named = table(prices)
    _refuse_no_region(region)
    if offline:
        _compare(offline, region or "", RUNS if runs is None else runs, named, form)
        return
    try:
        config = checked(file)[1] if local and file else None
        account = chosen(context, stack, profile, region, local=local, workspace=workspace, config=config)
    except _no_account() as error:
        if file is None or local or any(given(context, name) for name in ("stack", "profile", "runs", "live")):
            raise
        _say(form, *_alone(file, region or "", named, error))
        return
    yours = frozenset(own(prices).rows) if prices else frozenset[str]()

    def known(items: Sequence[Item]) -> Prices:
        asked = [item for item in items if item.amount.price not in yours]
        return _live(account, asked, named) if live else named

    if run:
        from golden_ami.usage.lines import total_sentence
        from golden_ami_cli.estimate.usage import of_run

        lines = of_run(account, run, known)
        _say(form, lines, total_sentence(lines))
    else:
        _say(form, *_looked_up(account, file, parameter, runs, known))


def _refuse_no_region(region: str | None) -> None:
    """Refuse what is no Region's name, as no AWS is asked that would. Raises UsageError."""
    from golden_ami.configuration.config import schema

    pattern = schema()["$defs"]["region"]["pattern"]
    if region and not re.fullmatch(pattern, region):
        raise UsageError(f"--region {region}: this is not how a region is written; give one like eu-west-1")


def _no_account() -> tuple[type[Exception], ...]:
    """What is raised where there are no credentials, no region or no stack."""
    from botocore.exceptions import NoCredentialsError, PartialCredentialsError

    return UsageError, NoCredentialsError, PartialCredentialsError


def _say(form: Form, lines: list[UsageLine], *totals: str) -> None:
    from golden_ami_cli.configuration import view

    if form is Form.JSON:
        console.say_json(view.lines_json(lines))
        return
    console.stdout().print(view.estimate_table(lines))
    for said in totals:
        console.say(said)


def _looked_up(
    account: Account,
    file: Path | None,
    parameter: str | None,
    runs: float | None,
    prices: Callable[[Sequence[Item]], Prices],
) -> tuple[list[UsageLine], str, str]:
    """The lines of a run, its total, and a month's with the stack as it is deployed."""
    from golden_ami.places import home
    from golden_ami.usage.bill import bill, billed
    from golden_ami.usage.estimate import estimate as estimated
    from golden_ami.usage.idle import Stack
    from golden_ami_cli.configuration.rights import Rights

    config, amis = looked_up(Rights(account), file, parameter)
    remark(config, [ami.engine for ami in amis])
    stack, here = Stack.of(account.parameters), home(account.settings)
    table = prices(billed(config, amis, stack, here))
    lines = estimated(config, amis, table, here)
    told = bill(config, amis, stack, _runs(account) if runs is None else runs, table, here)
    month = f"A month of {told.runs:g} runs with Network={stack.network}: {told.month}"
    return lines, f"A run: {told.run}", month


def _live(account: Account, items: Sequence[Item], known: Prices) -> Prices:
    from golden_ami_cli.estimate.live import live_prices

    def tell(said: str) -> None:
        console.note(said)

    return live_prices(items, known, account.client, account.settings.account, tell)


def _runs(account: Account) -> float:
    """How often the stack's schedule starts a run in a month; 4 where it is disabled."""
    from golden_ami.usage.schedule import runs_a_month

    expression = account.parameters.get("ScheduleExpression", "")
    enabled = account.parameters.get("ScheduleState") == "ENABLED"
    return (runs_a_month(expression) if enabled else None) or RUNS


def _alone(file: Path, region: str, prices: Prices, why: Exception) -> tuple[list[UsageLine], str]:
    """The lines and the total of a run, of a file that no account was asked about."""
    from golden_ami.usage.lines import estimated_total
    from golden_ami_cli.session import explained

    _, lines, assumed = _assumed(file, region, prices)
    for said in (f"no account is asked: {explained(why) or why}", *(f"assumed: {one}" for one in assumed)):
        console.note(said)
    return lines, f"A run: {estimated_total(lines)}"


def _assumed(file: Path, region: str, prices: Prices) -> tuple[Config, list[UsageLine], list[str]]:
    """A configuration, what a run of it uses as far as that can be told without an account, and what is assumed."""
    from golden_ami.places import Place
    from golden_ami.usage.estimate import estimate as estimated
    from golden_ami_cli.configuration.check import checked
    from golden_ami_cli.estimate.assumed import amis_of, assumptions

    config = checked(file)[1]
    remark(config, [entry.engine or config.engine for entry in config.amis])
    amis = amis_of(config, region)
    return config, estimated(config, amis, prices, Place("", region)), assumptions(config, amis, region)


def _compare(file: Path, region: str, runs: float, prices: Prices, form: Form) -> None:
    from golden_ami.usage.idle import Stack
    from golden_ami_cli.configuration import view
    from golden_ami_cli.estimate.choices import choices_json, choices_table, compared

    config, lines, assumed = _assumed(file, region, prices)
    choices = compared(config, runs, prices, region, Stack(cis=config.cis is not None))
    if form is Form.JSON:
        console.say_json(choices_json(lines, assumed, choices, runs))
        return
    for said in assumed:
        console.say(f"Assumed: {said}.")
    console.stdout().print(view.estimate_table(lines), "", choices_table(choices, runs))
