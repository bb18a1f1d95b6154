"""Writes docs/codes.md: every reason why an AMI is NOT ASSESSED, every error by which a run fails."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FUNCTIONS = Path(__file__).parents[1] / "functions"
sys.path.insert(0, str(FUNCTIONS))

from golden_ami import errors  # noqa: E402
from golden_ami.engines.ami import coverage as on_demand  # noqa: E402
from golden_ami.engines.instance import coverage  # noqa: E402
from golden_ami.instances import refusals  # noqa: E402
from golden_ami.reasons import incomplete, inspector, launching, loading, reporting, scanning, tagging  # noqa: E402
from golden_ami.reasons.cause import Cause  # noqa: E402

HEAD = """# Reasons and errors

<!-- Written by docs/generate_codes.py from the code; a test holds the two together. -->

An AMI that is NOT ASSESSED carries a reason: a code, what happened, and what to do. The report says all three with the
names of the case. In the table, {…} stands for such a name, and a part in square brackets is left out where it is not
known. A code has one row for each of its causes. A run that fails carries an error's name and a cause.
"""
# Amazon Inspector's names, which the codes of `inspector` are made from.
INSPECTOR_NAMES = [*(coverage.GRACE_THEN_FAIL | coverage.FAIL).items(), *on_demand.ON_DEMAND.items()]


class Row(NamedTuple):
    """One cause as the page shows it."""

    code: str
    when: str
    what: str
    remedy: str


def causes() -> list[Cause]:
    """The whole catalogue."""
    subjects = (loading, launching, scanning, inspector, incomplete, reporting, tagging)
    return [one for subject in subjects for one in vars(subject).values() if isinstance(one, Cause)]


def rows() -> list[Row]:
    """Every cause by its code: refused launches with EC2's error codes, `inspector` by Inspector's names."""
    found = []
    for cause in causes():
        refused = [error for error, one in (refusals.TABLE | refusals.LATER).items() if one == cause]
        when = f"{cause.when} ({', '.join(refused)})" if refused else cause.when
        for name in [name for name, one in INSPECTOR_NAMES if one == cause] or ["{name}"]:
            texts = (cause.code, when, cause.message, cause.remedy)
            found.append(Row(*(text.replace("{name}", name) for text in texts)))
    return sorted(found)


def faults(base: type[Exception] = errors.AssessmentError) -> Iterator[type[Exception]]:
    """The errors that a function may end with."""
    for kind in base.__subclasses__():
        if kind is not errors.Retriable:
            yield kind
        yield from faults(kind)


def cell(words: str) -> str:
    """A text as a cell of a table; one that is a field as a whole says nothing without the case."""
    words = re.sub(r"\{(\w+)!r\}", r"'{\1}'", " ".join(words.split()))
    if re.fullmatch(r"\{\w+\}", words):
        return "as the report says"
    return words.replace("|", "\\|").replace("<", "&lt;")


def page() -> str:
    """The page's Markdown."""
    lines = [HEAD, "## Reasons", "", "| Code | When | What happened | What to do |", "| --- | --- | --- | --- |"]
    lines += [f"| `{row.code}` | {cell(row.when)} | {cell(row.what)} | {cell(row.remedy)} |" for row in rows()]
    lines += ["", "## Errors", "", "| Error | Meaning | Tried again |", "| --- | --- | --- |"]
    for kind in sorted(faults(), key=lambda kind: kind.__name__):
        again = "yes" if issubclass(kind, errors.Retriable) else "no"
        lines.append(f"| `{kind.__name__}` | {cell(inspect.getdoc(kind) or '')} | {again} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(page())
