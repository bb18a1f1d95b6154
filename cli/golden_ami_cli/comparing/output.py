"""Two compared runs, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from golden_ami.characters import printable
from golden_ami.evaluation.model import Item
from golden_ami_cli.assessing.output import verdict_text
from golden_ami_cli.comparing.model import AmiChanges, AmiSide, Diff, RunSide
from golden_ami_cli.tables import Name, table

LISTED = 20  # findings of an AMI that are new, and as many that are fixed; all stand in --output json


def to_json(diff: Diff) -> str:
    """The comparison as one JSON object."""
    return msgspec.json.format(msgspec.json.encode(diff), indent=2).decode()


def show(diff: Diff) -> RenderableType:
    """The runs, a table of the AMIs, and of each what is new and fixed."""
    details = (line for ami in diff.amis for line in _details(ami))
    totals = diff.totals
    counts = f"{totals.new} new, {totals.fixed} fixed, {totals.open} still open"
    summed = f"{counts} (in {totals.compared} of {len(diff.amis)} AMIs)"
    runs = [_run("Before", diff.before), _run("After", diff.after), Text(f"{'Changes':<9}{summed}"), Text()]
    return Group(*runs, *([_amis(diff.amis)] if diff.amis else [Text("No AMI in either run")]), *details)


def _run(label: str, run: RunSide) -> Text:
    return Text.assemble(f"{label:<9}{printable(run.run_id)}  ", verdict_text(run.verdict), f"  {run.completed_at}")


def _amis(amis: Sequence[AmiChanges]) -> Table:
    made = table("Name")
    made.add_column("AMI", no_wrap=True)
    for name in ("Before", "After"):
        made.add_column(name, overflow="fold")
    for name in ("New", "Fixed", "Open"):
        made.add_column(name, justify="right", no_wrap=True)
    for ami in amis:
        sides = [side for side in (ami.before, ami.after) if side]
        ids = dict.fromkeys(printable(side.ami_id) for side in sides)
        counts = [str(len(found)) if ami.compared else "-" for found in (ami.new, ami.fixed, ami.open)]
        made.add_row(Name(_name(ami)), Text("\n".join(ids)), _verdict(ami.before), _verdict(ami.after), *counts)
    return made


def _name(ami: AmiChanges) -> str:
    side = ami.after or ami.before
    return printable(side.name or ami.lineage or side.ami_id) if side else ""


def _verdict(side: AmiSide | None) -> Text:
    return verdict_text(side.verdict, side.report_only) if side else Text("-", style="dim")


def _details(ami: AmiChanges) -> Iterator[Text]:
    if not (ami.new or ami.fixed or ami.note):
        return
    yield Text()
    yield Text(_name(ami), style="bold")
    if ami.note:
        yield Text(f"  {printable(ami.note)}", style="yellow")
    for label, items in (("new", ami.new), ("fixed", ami.fixed)):
        yield from (Text(f"  {label:<6}{_item(item)}") for item in items[:LISTED])
        if len(items) > LISTED:
            yield Text(f"  {label:<6}and {len(items) - LISTED} more: --output json has all", style="dim")


def _item(item: Item) -> str:
    known = ["known exploited"] if item.known_exploited else []
    upgrade = [f"fixed in {item.fixed_in}"] if item.fixed_in else []
    told = [f"{item.severity:<13}", item.vulnerability, item.package, ", ".join([*known, *upgrade])]
    return printable("  ".join(filter(None, told)))
