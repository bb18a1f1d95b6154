"""Writes the table of bills into docs/costs.md, from the prices and the estimate."""

from __future__ import annotations

from pathlib import Path

from marked import with_part

from golden_ami.models import AmiEntry, Config
from golden_ami.usage.idle import Stack
from golden_ami.usage.lines import Total
from golden_ami.usage.prices import shipped
from golden_ami_cli.estimate.choices import compared

PAGE = Path(__file__).with_name("costs.md")
BEGIN = "<!-- Below: written by docs/generate_bills.py from the prices and the estimate -->"
END = "<!-- Above: written by docs/generate_bills.py -->"
SIZES = (5, 50, 500)
WEEKLY = 52 / 12  # runs a month
TYPES = ("t3.medium", "t3.micro")  # Load Config's choice for x86_64, and the cheapest with enough memory of its family


def table() -> str:
    """A month's bill by engine, network, type and number of AMIs."""
    heads = " | ".join(f"{size} AMIs" for size in SIZES)
    lines = [
        f"| Engine | `Network` | Type | Without runs | {heads} |",
        f"| --- | --- | --- |{' ---: |' * (1 + len(SIZES))}",
    ]
    rows: dict[tuple[str, str, str], list[str]] = {}
    for kind in TYPES:
        for size in SIZES:
            amis = [AmiEntry(ami_id=f"ami-{number:017x}", instance_type=kind) for number in range(size)]
            for one in compared(Config(amis=amis), WEEKLY, shipped(), "us-east-1", Stack()):
                key = one.engine, one.network, kind if one.engine == "instance" else ""
                cells = rows.setdefault(key, [_between(one.idle)])
                if len(cells) <= SIZES.index(size) + 1:
                    cells.append(_between(one.bill.month))
    ordered = sorted(rows.items(), key=lambda row: (row[0][0] != "instance", row[0][2]))
    lines += [f"| {engine} | {network} | {kind} | {' | '.join(cells)} |" for (engine, network, kind), cells in ordered]
    return "\n".join(lines)


def _between(total: Total) -> str:
    plus = " and the scans" if total.without else ""
    return f"${total.least:,.2f} to ${total.most:,.2f}{plus}"


def page() -> str:
    """The page with its table. Raises ValueError when it lacks the markers."""
    return with_part(PAGE, BEGIN, END, table())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
