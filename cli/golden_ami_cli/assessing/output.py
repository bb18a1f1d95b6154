"""The result of an assessment, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from golden_ami.characters import printable
from golden_ami.models import SEVERITIES, Severity, Verdict
from golden_ami.report.verdicts import words
from golden_ami.usage.lines import sentence, total_sentence
from golden_ami_cli.assessing.result import AmiResult, Changes, FailOn, Result
from golden_ami_cli.history.readable import cut, readable
from golden_ami_cli.tables import Name, table

VERDICT_STYLES: dict[Verdict, str] = {"PASS": "bold green", "FAIL": "bold red", "NOT_ASSESSED": "bold yellow"}
_COLUMNS: dict[Severity, str] = {
    "CRITICAL": "Crit",
    "HIGH": "High",
    "MEDIUM": "Med",
    "LOW": "Low",
    "INFORMATIONAL": "Info",
    "UNTRIAGED": "Untr",
}
_CAUSE = 1500  # characters of a cause; the whole of it stands in the execution and in --output json
_ID = 21  # characters of an AMI id, which is best copied whole
_WIDE = 110  # columns from which names of their own column and whole headings fit
_SEVERITY_STYLES: dict[Severity, str] = {"CRITICAL": "bold red", "HIGH": "red", "MEDIUM": "yellow"}


def to_json(result: Result) -> str:
    """The result as one JSON object on lines of its own, without a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(result), indent=2).decode()


def show(result: Result, report: str = "", pages: Sequence[Path] = ()) -> RenderableType:
    """The result as a table, with what matters about the run below it, and last the pages that a browser shows.

    `report` stands in place of the report's addresses.
    """
    lines = _lines(result, [report] if report else [*result.reports.values()])
    lines += [_line(f"{'' if number else 'To open':<15}{path}") for number, path in enumerate(pages)]
    return Group(_Amis(result), *lines) if result.amis else Group(*lines)


def verdict_text(verdict: Verdict, report_only: bool = False) -> Text:
    """A verdict in words and colour."""
    style = VERDICT_STYLES["NOT_ASSESSED" if report_only and verdict == "PASS" else verdict]
    return Text(words(verdict, report_only), style=style)


@dataclass(frozen=True)
class _Amis:
    """The table of the AMIs; on a narrow console with names and ids in one column, and initials of what is counted."""

    result: Result

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield _table(self.result, narrow=options.max_width < _WIDE)


def _table(result: Result, narrow: bool) -> Table:
    made = table()
    whole = all(len(ami.ami_id) <= _ID for ami in result.amis)
    if narrow:
        made.add_column("Name, AMI", overflow="fold", width=_ID if whole else None)
    else:
        made.add_column("AMI", overflow="fold", no_wrap=whole)
        made.add_column("Name", overflow="fold")
    made.add_column("Verdict", no_wrap=True)
    made.add_column("E" if narrow else "Expl", justify="right", no_wrap=True)
    for severity in SEVERITIES:
        made.add_column(_COLUMNS[severity][:1] if narrow else _COLUMNS[severity], justify="right", no_wrap=True)
    made.add_column("Reason", overflow="fold")
    for ami in result.amis:
        verdict, counts = verdict_text(ami.verdict, ami.report_only), _counts(ami)
        made.add_row(*_names(ami, narrow), verdict, *counts, _line(_why(ami)))
    return made


def _names(ami: AmiResult, narrow: bool) -> list[RenderableType]:
    """Id and name; in one cell, the name first, on a narrow console."""
    if not narrow:
        return [_line(ami.ami_id), Name(ami.name)]
    return [Group(Name(ami.name), _line(ami.ami_id)) if ami.name else _line(ami.ami_id)]


def _line(text: str) -> Text:
    """Text from outside, on one line."""
    return Text(printable(text))


def _counts(ami: AmiResult) -> list[Text]:
    """Known exploited findings, then all by severity.

    An AMI that is not assessed shows what was found and no zero: absence of a scan never reads as clean.
    """
    none = Text("-" if ami.verdict == "NOT_ASSESSED" else "0", style="dim")
    found = [(ami.known_exploited, "bold red")]
    found += [(ami.findings[severity], _SEVERITY_STYLES.get(severity, "")) for severity in SEVERITIES]
    return [Text(str(count), style=style) if count else none for count, style in found]


def _why(ami: AmiResult) -> str:
    return "; ".join(filter(None, [ami.reason, ami.remedy]))


def _changes(changes: Changes | None) -> list[Text]:
    if changes is None:
        return []
    assessed = f"{changes.compared} AMI{'' if changes.compared == 1 else 's'} assessed before"
    return [Text(f"Changes        {changes.new} new, {changes.fixed} fixed, {changes.open} still open (in {assessed})")]


def _fail_on(told: FailOn | None) -> list[Text]:
    if told is None:
        return []
    worse = "" if told.severity == "CRITICAL" else " or worse"
    said = f"{told.findings} finding{'' if told.findings == 1 else 's'} {told.severity}{worse}, accepted by nobody"
    return [Text(f"Fail on        {said}", style="bold red" if told.findings else "")]


def _lines(result: Result, reports: list[str]) -> list[Text]:
    passed = [ami for ami in result.amis if ami.verdict == "PASS"]
    reported = sum(ami.report_only for ami in passed)
    verdicts = ", ".join(f"{count} {words(verdict)}" for verdict, count in result.verdicts.items() if count)
    verdicts += f", {reported} report only" if reported else ""
    instances, messages = result.instances, result.notifications
    lines = [
        Text(),
        Text.assemble(
            "Run verdict    ", verdict_text(result.verdict, reported == len(passed)), f"  ({verdicts or 'no AMI'})"
        ),
        *_changes(result.changes),
        *_fail_on(result.fail_on),
        Text(f"Execution      {result.execution_status}, {result.transitions} state transitions, run {result.run_id}"),
        Text(
            f"Instances      {instances.launched} launched, {instances.terminated} terminated, "
            f"{instances.running} running",
            style="bold red" if instances.running else "",
        ),
        _line("Notifications  " + ("; ".join(f"{m.topic}: {m.subject}" for m in messages) or "none")),
    ]
    lines += [_line(f"{'' if number else 'Report':<15}{place}") for number, place in enumerate(reports)]
    used = [*map(sentence, result.usage), *([total_sentence(result.usage)] if result.usage else [])]
    lines += [_line(f"{'' if number else 'Used':<15}{said}") for number, said in enumerate(used)]
    if result.error:
        failed = Text(printable(f"The execution failed: {result.error}"), style="bold red")
        lines += [Text(), failed, *map(_line, cut(readable(result.cause or ""), _CAUSE).split("\n"))]
    return lines
