"""The report as an e-mail: short, plain text, the verdict first. Always far below SNS's 256 KiB."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from golden_ami.characters import printable
from golden_ami.evaluation.model import Comparison, Upgrade
from golden_ami.evaluation.upgrades import describe_upgrade, upgraded_amis
from golden_ami.evidence.requirements import gaps
from golden_ami.models import SEVERITIES
from golden_ami.parallel import chunks
from golden_ami.report.evidence import line
from golden_ami.report.model import AmiReport, Report, Totals
from golden_ami.report.verdicts import last_words, why_it_fails, words_of_ami, words_of_run
from golden_ami.usage import lines as usage

_SUBJECT = 100  # characters, ASCII, no line breaks or control characters (SNS Publish)
_OWNER = 40  # characters of an owner in a subject, which the verdict follows
_LINE = 300
_AMIS = 25
_CAUSES = 10
_OTHERS = 1000  # AMIs of which the id alone is told
_INLINE = 3  # AMIs that are named in the line of their cause; more have a line each
_SHARE = 10  # AMIs that are named with what they have in common


def subject(report: Report, owner: str = "") -> str:
    """The subject of the message."""
    if report.run.faults:
        return _ascii(f"Golden AMI assessment could not complete: {report.run.faults[0].error}")
    totals = report.totals
    counts = [
        f"{count} {word}"
        for count, word in (
            (totals.failed, "fail"),
            (totals.not_assessed, "not assessed"),
            (totals.passed, f"pass{_report_only(totals)}"),
        )
        if count
    ]
    whose = f" ({owner if len(owner) <= _OWNER else owner[: _OWNER - 3] + '...'})" if owner else ""
    return _ascii(f"Golden AMIs{whose}: {words_of_run(report)} - {', '.join(counts) or 'no AMI'}")


def _ascii(text: str) -> str:
    plain = re.sub(r"[^\x20-\x7e]+", "?", re.sub(r"\s+", " ", text)).strip()
    return plain if len(plain) <= _SUBJECT else plain[: _SUBJECT - 3] + "..."


def body(report: Report, links: Sequence[str], owner: str = "") -> str:
    """The text of the message; `links` are lines that say where the whole report is."""
    lines = [
        *_headline(report, owner),
        *_section("THE RUN DID NOT COMPLETE", (fault.cause for fault in report.run.faults)),
        *_section("PARTS OF THE REPORT THAT COULD NOT BE MADE", (part.cause for part in report.run.incomplete)),
        *_section("CRITICAL AND KNOWN TO BE EXPLOITED", _exploited(report.amis)),
        *_section("WHAT CHANGED", _changes(report.totals)),
        *_upgrades(report.upgrades[:5]),
        *_section("AMIS", _amis(report.amis)),
        *_section("NOT ASSESSED", _causes(report.amis)),
        *_section("WHAT THE SCANS DID NOT SEE", _unseen(report.amis)),
        *_section("EXCEPTIONS", _exceptions(report)),
        *_section("WHAT WAS DONE", _done(report.amis)),
        *_section("WHAT THE RUN USED", _usage(report.usage)),
        *_section("THE WHOLE REPORT", links),
    ]
    return "\n".join(lines) + "\n"


def _section(title: str, lines: Iterator[str] | Sequence[str]) -> list[str]:
    found = [_clean(line) for line in lines]
    return ["", title, *(f"  {line}" for line in found)] if found else []


def _upgrades(upgrades: Sequence[Upgrade]) -> list[str]:
    """Each upgrade with the AMIs that it is for, and its command on a line of its own, to be copied."""
    lines = []
    for number, upgrade in enumerate(upgrades, 1):
        told = ["for", upgraded_amis(upgrade)] if upgrade.images else []
        lines += [
            f"  {number}. {_clean(describe_upgrade(upgrade))}",
            *([f"     {_clean(' '.join(told), _LINE * 2)}"] if told else []),
            *([f"     {upgrade.command}"] if upgrade.command else []),
        ]
    return ["", "TOP UPGRADES", *lines] if lines else []


def _clean(text: str, most: int = _LINE * 4) -> str:
    """One line of text in which nothing is hidden, cut."""
    plain = printable(re.sub(r"[\t-\r\x1c-\x1e\x85\u2028\u2029]+", " ", text).strip())
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def _headline(report: Report, owner: str) -> list[str]:
    totals, run = report.totals, report.run
    whose = f" of {_clean(owner, 100)}" if owner else ""
    return [
        f"{words_of_run(report)}: {_count(totals.amis, 'golden AMI')}{whose} - "
        f"{totals.failed} fail, {totals.not_assessed} not assessed, {totals.passed} pass" + _report_only(totals),
        f"{_count(totals.findings, 'finding')}: {_severities(totals.counts)}"
        + f"; {totals.known_exploited} known exploited, {totals.fixable} fixable, {totals.excepted} accepted"
        + (f"; {totals.suppressed} suppressed in Inspector" if totals.suppressed else "")
        + (f"; {totals.closed} closed after boot" if totals.closed else ""),
        f"Run {run.run_id}, completed {run.completed_at}",
        *([] if owner else [f"Started by: {_clean(run.starter, _LINE)}"]),
    ]


def _report_only(totals: Totals) -> str:
    return f" ({totals.report_only} report only)" if totals.report_only else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _severities(counts: dict[str, int] | object) -> str:
    found = counts if isinstance(counts, dict) else {}
    return ", ".join(f"{found[name]} {name.lower()}" for name in SEVERITIES if found.get(name)) or "none"


def _changes(totals: Totals) -> list[str]:
    if not totals.compared:
        assessed = totals.passed + totals.failed
        return ["First assessment of these AMIs: there is nothing to compare with."] if assessed else []
    text = f"{totals.new} new, {totals.fixed} fixed, {totals.open} still open"
    return [f"{text} (in {_count(totals.compared, 'AMI')} assessed before)"]


def _exploited(amis: Sequence[AmiReport]) -> Iterator[str]:
    """Every AMI with a critical finding that CISA lists as exploited: the first with its findings, the others by id."""
    found = [ami for ami in amis if ami.known_exploited_critical]
    for ami in found[:_AMIS]:
        ids = dict.fromkeys(
            one.vulnerability for one in ami.failures if one.known_exploited and one.severity == "CRITICAL"
        )
        told = _together([*ids], _INLINE) or "none fails the AMI"
        yield _clean(f"{words_of_ami(ami)}  {_named_only(ami)}: {ami.known_exploited_critical} ({told})", _LINE)
    yield from _others(found[_AMIS:])


def _others(amis: Sequence[AmiReport]) -> Iterator[str]:
    """The ids of those that have no line of their own."""
    for some in chunks(amis[:_OTHERS], _SHARE):
        yield f"- {', '.join(ami.key for ami in some)}"
    if len(amis) > _OTHERS:
        yield f"... and {len(amis) - _OTHERS} more in the whole report"


def _amis(amis: Sequence[AmiReport]) -> Iterator[str]:
    assessed = [ami for ami in amis if ami.verdict != "NOT_ASSESSED"]
    for ami in assessed[:_AMIS]:
        named = f"{words_of_ami(ami)}  {_clean(ami.name or ami.ami_id, 80)} ({ami.key})"
        yield _clean(f"{named}  {_short_counts(ami)}{_why(ami)}{_change(ami)}", 2 * _LINE)
    if len(assessed) > _AMIS:
        yield f"... and {len(assessed) - _AMIS} more in the whole report"


def _short_counts(ami: AmiReport) -> str:
    """Findings by severity, the worst first, for example "C1 H6 M4 L1 I1 U1"."""
    return " ".join(f"{name[0]}{ami.counts.get(name, 0)}" for name in SEVERITIES)


def _why(ami: AmiReport) -> str:
    """What fails an AMI, and what does not fail it for the time being."""
    parts = [fails] if (fails := why_it_fails(ami)) else []
    parts += [f"{ami.grace} in grace, the first until {ami.grace_until}"] if ami.grace else []
    parts += [f"{ami.excepted} under an exception"] if ami.excepted else []
    parts += [f"{ami.suppressed} suppressed in Inspector"] if ami.suppressed else []
    others = ami.tolerated - ami.grace - ami.excepted - ami.suppressed
    parts += [f"{others} tolerated by the policy"] if others > 0 else []
    return f": {'; '.join(parts)}" if parts else ""


def _named(ami: AmiReport) -> str:
    """Its name, its key (with account and region where they are not the stack's), and what is known all the same."""
    told = [f"{_count(ami.total, 'finding')} all the same: {_severities(ami.counts)}"] if _is_judged(ami) else []
    told += [last] if (last := last_words(ami)) else []
    return _named_only(ami) + (f" ({'; '.join(told)})" if told else "")


def _named_only(ami: AmiReport) -> str:
    return f"{_clean(ami.name, 80)} ({ami.key})" if ami.name not in ("", ami.ami_id) else ami.key


def _together(names: Sequence[str], most: int = _SHARE) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _is_judged(ami: AmiReport) -> bool:
    """Whether an AMI is NOT ASSESSED though findings of it are known."""
    return ami.verdict == "NOT_ASSESSED" and bool(ami.total)


def _change(ami: AmiReport) -> str:
    change: Comparison | None = ami.since_last_run or ami.since_previous_ami
    if not change or not (change.new or change.fixed):
        return ""
    return f" [{change.new} new, {change.fixed} fixed since {change.ami_id if not ami.since_last_run else 'last time'}]"


def _causes(amis: Sequence[AmiReport]) -> Iterator[str]:
    """Causes with the AMIs that share them, the most common first."""
    causes: dict[tuple[str, str], list[AmiReport]] = {}
    for ami in amis:
        if ami.reason:
            causes.setdefault((ami.reason.message, ami.reason.remedy), []).append(ami)
    ordered = sorted(causes.items(), key=lambda cause: -len(cause[1]))
    for (message, remedy), some in ordered[:_CAUSES]:
        few, names = len(some) <= _INLINE, [_named(ami) for ami in some[:_AMIS]]
        whose = ", ".join(names) if few else f"{len(some)} AMIs"
        yield f"{whose}: {_clean(message, _LINE)}. {_clean(remedy, _LINE * 2)}".replace("..", ".")
        yield from () if few else (f"- {name}" for name in names)
        yield from _others(some[_AMIS:])
    if len(ordered) > _CAUSES:
        yield f"{len(ordered) - _CAUSES} more causes, which the whole report tells:"
        yield from _others([ami for _, some in ordered[_CAUSES:] for ami in some])


def _unseen(amis: Sequence[AmiReport]) -> Iterator[str]:
    """What is missing of AMIs that fail all the same; of those that are not assessed, the causes tell it."""
    missing: dict[str, list[str]] = {}
    for ami in amis:
        lines = [_clean(line(one), _LINE) for one in gaps(ami.evidence)] if ami.verdict == "FAIL" else []
        if lines:
            missing.setdefault("; ".join(lines), []).append(_named(ami))
    ordered = sorted(missing.items(), key=lambda one: -len(one[1]))
    for text, names in ordered[:_CAUSES]:
        yield f"{_together(names)}, which may have more findings: {text}"
    if len(ordered) > _CAUSES:
        yield f"... and {len(ordered) - _CAUSES} more in the whole report"


def _exceptions(report: Report) -> Iterator[str]:
    telling = [one for one in report.exceptions if one.status != "ACTIVE"]
    for one in telling[:_CAUSES]:
        yield f"{one.status}: {one.exception.vulnerability} of {one.exception.owner} {one.message}"
    if len(telling) > _CAUSES:
        yield f"... and {len(telling) - _CAUSES} more in the whole report"
    if accepted := sum(one.status == "ACTIVE" for one in report.exceptions):
        yield f"{_count(accepted, 'exception')} hold{'s' if accepted == 1 else ''}"


def _done(amis: Sequence[AmiReport]) -> Iterator[str]:
    """What was done with the verdicts, the AMIs with which the same was done together."""
    groups: dict[str, list[str]] = {}
    for ami in amis:
        for one in ami.actions:
            words = {
                "DONE": one.detail,
                "WOULD": f"dry run: {one.detail}",
                "KEPT": f"left as it was: {one.detail}",
                "REFUSED": f"{one.action} refused: {one.detail}",
            }
            groups.setdefault(_clean(words[one.outcome], _LINE), []).append(_named(ami))
    for text, names in islice(groups.items(), _AMIS):
        yield f"{text} ({len(names)}): {_together(names, _AMIS)}"
    if len(groups) > _AMIS:
        yield f"... and {len(groups) - _AMIS} more in the whole report"


def _usage(lines: Sequence[usage.UsageLine]) -> Iterator[str]:
    yield from map(usage.sentence, lines[:_CAUSES])
    if len(lines) > _CAUSES:
        yield f"... and {len(lines) - _CAUSES} more in the whole report"
    if lines:
        yield usage.total_sentence(lines)
    if places := usage.places_sentence(lines):
        yield places
