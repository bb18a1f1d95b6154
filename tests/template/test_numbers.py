"""Numbers in sentences that come from definition, template, schema or code are those that stand there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from documented import PAGES, ROOT

from golden_ami import deadlines, executions
from golden_ami.configuration.config import schema
from golden_ami.evaluation.exceptions import EXPIRY_WARNING_DAYS
from golden_ami.instances import budget, pacing
from golden_ami.report import urgent

WAITS = {name: one["default"] for name, one in schema()["$defs"]["waits"]["properties"].items()}


def text(page: str) -> str:
    """A page's text as one line."""
    return " ".join((ROOT / page).read_text().split())


def number(found: str) -> float:
    return float(found.replace(",", ""))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_defaults_in_brackets_are_the_defaults(page: Any, source: dict[str, Any]) -> None:
    """`waits.findingsSeconds` (900), `LogRetentionDays` (90)."""
    defaults = {f"waits.{name}": value for name, value in WAITS.items()} | {
        name: one["Default"] for name, one in source["Parameters"].items()
    }
    for name, value in re.findall(r"`([\w.]+)` \(([\d,]+)\)", page.read_text()):
        assert str(defaults[name]) == value.replace(",", ""), name


# Page, a sentence with a number, and what it is.
SAID: list[tuple[str, str, float]] = [
    ("docs/architecture.md", r"Wait For Boot +\[Wait\] +([\d,]+) s by default", WAITS["bootSeconds"]),
    ("docs/walkthrough.md", r"Wait For Boot\*\*, ([\d,]+) seconds by default", WAITS["bootSeconds"]),
    ("docs/history.md", r"by default ([\d,]+) seconds; with Classic", WAITS["pollSeconds"]),
    ("docs/state-machine.md", r"An execution ends after ([\d,]+) seconds", executions.TIME_LIMIT),
    ("docs/state-machine.md", r"fails at ([\d,]+) events", executions.EVENT_LIMIT),
    ("docs/state-machine.md", r"The limits are ([\d,]+) seconds", executions.TIME_LIMIT),
    ("docs/state-machine.md", r"\| the execution \| (\d+) hours", executions.TIME_LIMIT / 3600),
    ("docs/state-machine.md", r"([\d,]+) seconds before the execution's end", deadlines.RESERVE),
    ("docs/state-machine.md", r"from ([\d,]+) on, findings are collected when no scan", budget.PARTIAL_UNTIL),
    ("docs/operations.md", r"began more than (\d+) hours ago", (executions.TIME_LIMIT - deadlines.RESERVE) / 3600),
    ("docs/operations.md", r"or has ([\d,]+) events \|", executions.EVENT_LIMIT - 1),
    ("docs/operations.md", r"keeps to ([\d.]+) a second", pacing.BATCHES_AT_ONCE / pacing.interval(1_000, 40)),
    ("docs/report.md", r"Above ([\d,]+) findings only the first three", urgent.SHOWN),
    ("docs/report.md", r"the same, with (\d+) days or fewer to go", EXPIRY_WARNING_DAYS),
    ("docs/upgrading.md", r"a `completionDeadlineSeconds` above ([\d,]+)",
     schema()["$defs"]["waits"]["properties"]["completionDeadlineSeconds"]["maximum"]),
]  # fmt: skip


@pytest.mark.parametrize(("page", "sentence", "value"), SAID, ids=[sentence for _, sentence, _ in SAID])
def test_a_number_is_that_of_the_code(page: str, sentence: str, value: float) -> None:
    found = re.findall(sentence, text(page))
    assert found, "the sentence is gone: leave it out here"
    assert [number(one) for one in found] == [value] * len(found)


def test_the_number_of_functions_and_what_the_queue_keeps(source: dict[str, Any]) -> None:
    every = source["Resources"]
    functions = [name for name, one in every.items() if one["Type"] == "AWS::Serverless::Function"]
    assert len(functions) == 15
    for page in ("README.md", "docs/operations.md", "docs/adr/0012-the-code-of-a-run-is-pinned.md"):
        assert "fifteen" in text(page), page
    days = every["DeadLetters"]["Properties"]["MessageRetentionPeriod"] / 86_400
    assert f"keeps them for {days:.0f} days" in text("docs/operations.md")
    days = every["FindingsQueue"]["Properties"]["MessageRetentionPeriod"] / 86_400
    assert f"SQS deletes them after {days:.0f} days" in text("docs/operations.md")
    assert every["FindingsWaitAlarm"]["Properties"]["Threshold"] == 20 * 60
    assert "for 20 minutes" in text("docs/operations.md")
    assert every["ReapSchedule"]["Properties"]["ScheduleExpression"] == "rate(30 minutes)"


# ---------------------------------------------------------------- the table of retries


def retriers(definition: dict[str, Any]) -> dict[frozenset[str], set[tuple[int, int, int | None]]]:
    """Of each set of errors: attempts, first interval and longest one, s."""
    found: dict[frozenset[str], set[tuple[int, int, int | None]]] = {}

    def look(states: dict[str, Any]) -> None:
        for state in states.values():
            for one in state.get("Retry", ()):
                errors = frozenset(one["ErrorEquals"]) - {"States.Timeout"}
                bounds = (one["MaxAttempts"], one["IntervalSeconds"], one.get("MaxDelaySeconds"))
                found.setdefault(errors, set()).add(bounds)
            look(state.get("ItemProcessor", {}).get("States", {}))

    look(definition["States"])
    return found


def test_the_table_of_retries_is_that_of_the_definition(definition: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "state-machine.md").read_text()
    [table] = re.findall(
        r"\| Errors \| Tries again \| Why \|\n\| --- \| --- \| --- \|\n(.+?)\n\n", page, flags=re.DOTALL
    )
    told = {}
    for row in table.splitlines():
        errors, bounds = row.split(" | ")[:2]
        names = set(re.findall(r"`([\w.]+)`", errors)) - {"States.Timeout"}
        told[next(iter(sorted(names)))] = [int(one) for one in re.findall(r"\d+", bounds)]
    found = retriers(definition)
    assert len(told) == len(found)
    for errors_, [bounds_] in ((errors, list(values)) for errors, values in found.items()):
        [said] = [numbers for name, numbers in told.items() if name in errors_]
        assert said == [one for one in bounds_ if one is not None], errors_
