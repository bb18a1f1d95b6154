"""Writes into docs/costs.md what a month costs in which nothing runs: each part, and by the parameters of the stack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from marked import with_part

from golden_ami.places import Place
from golden_ami.usage.bill import idle_month, month_of
from golden_ami.usage.estimate import Item
from golden_ami.usage.idle import ALARMS, DASHBOARD, ENDPOINTS, KEY, Stack, idle
from golden_ami.usage.lines import Total
from golden_ami.usage.prices import shipped

PAGE = Path(__file__).with_name("costs.md")
BEGIN = "<!-- Below: written by docs/generate_idle.py from the prices -->"
END = "<!-- Above: written by docs/generate_idle.py -->"
HOME = Place("", "us-east-1")
LEFT_OUT = {
    ENDPOINTS: "`Network=public`, `existing` or `none`",
    KEY: "`TopicEncryption=disk`; `rotated-key` costs $3.00 from the third year on",
    ALARMS: "`CreateAlarms=false`",
    DASHBOARD: "`CreateDashboard=false`",
}
PUBLIC = Stack(network="public")
CHOICES = {
    "all of it, the default": PUBLIC,
    "`CreateDashboard=false`": replace(PUBLIC, dashboard=False),
    "`CreateDashboard=false`, `CreateAlarms=false`": replace(PUBLIC, dashboard=False, alarms=False),
    "`CreateDashboard=false`, `TopicEncryption=disk`": replace(PUBLIC, dashboard=False, topics="disk"),
    "all three": replace(PUBLIC, dashboard=False, alarms=False, topics="disk"),
}


def parts() -> str:
    """What each part costs, and what leaves it out."""
    groups: dict[str, list[Item]] = {}
    for item in idle(Stack(), HOME):
        groups.setdefault(item.amount.what.partition(":")[0], []).append(item)
    lines = ["| Part | Within the free amounts | Without them | Left out by |", "| --- | ---: | ---: | --- |"]
    for name, items in groups.items():
        lines.append(f"| {name} | {_dollars(month_of(items, shipped()))} | {LEFT_OUT.get(name, 'none')} |")
    return "\n".join(lines)


def choices() -> str:
    """What all of it comes to with Network=public."""
    lines = ["| `Network=public`, with | Within the free amounts | Without them |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {_dollars(idle_month(stack, shipped(), HOME))} |" for name, stack in CHOICES.items()]
    return "\n".join(lines)


def _dollars(total: Total) -> str:
    return f"${total.least:,.2f} | ${total.most:,.2f}"


def page() -> str:
    """The page with its tables. Raises ValueError when it lacks the markers."""
    return with_part(PAGE, BEGIN, END, f"{parts()}\n\n{choices()}")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
