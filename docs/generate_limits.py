"""Writes the table of worst cases in docs/state-machine.md, from the definition (`make pages`)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "functions")]

from marked import with_part  # noqa: E402

from golden_ami.executions import EVENT_LIMIT, TIME_LIMIT  # noqa: E402
from golden_ami.models import BATCHES, Waits  # noqa: E402
from golden_ami.usage.budget import most_events, most_seconds, waited  # noqa: E402

PAGE = Path(__file__).with_name("state-machine.md")
BEGIN = "<!-- Below: written by docs/generate_limits.py from the definition -->"
END = "<!-- Above: written by docs/generate_limits.py -->"
AMIS = (1, 8, 9, BATCHES)
EXAMPLES = {
    "the defaults": Waits(),
    "`pollSeconds` 60": Waits(poll_seconds=60),
    "`agentPollSeconds` 10": Waits(agent_poll_seconds=10),
    "`completionDeadlineSeconds` 43,200": Waits(completion_deadline_seconds=43_200),
    "`findingsSeconds` 1,800": Waits(findings_seconds=1_800),
}


def table() -> str:
    """A row for each configuration and number of AMIs."""
    return "\n".join([
        "| Waits | AMIs | In waits (s) | Longest (s) | Most events |",
        "| --- | --- | --- | --- | --- |",
        *_rows(),
        "",
        f"The limits are {TIME_LIMIT:,} seconds and {EVENT_LIMIT:,} events. More AMIs are as {BATCHES}.",
    ])  # fmt: skip


def _rows() -> Iterator[str]:
    for name, waits in EXAMPLES.items():
        for amis in AMIS:
            seconds, events = most_seconds(waits, amis), most_events(waits, amis)
            told = f"{seconds:,}" if seconds <= TIME_LIMIT else f"{seconds:,}: refused"
            yield f"| {name} | {amis} | {waited(waits):,} | {told} | {events:,} |"


def page() -> str:
    """The page with its table. Raises ValueError when it lacks the markers."""
    return with_part(PAGE, BEGIN, END, table())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
