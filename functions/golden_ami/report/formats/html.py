"""One self-contained page: the summary is in its markup, the tables of AMIs and findings in its data.

Nothing is loaded from anywhere; a content security policy that names the hashes of the page's own script and style
holds that, and keeps whatever a tag or a CVE's text contains from running.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import IO, Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from golden_ami.evaluation.model import FindingStatus, Upgrade
from golden_ami.evaluation.packages import affected_by, fixed_version, is_fixable
from golden_ami.evaluation.upgrades import closed_alone, closed_with_others, upgraded_amis
from golden_ami.evaluation.versions import without_epoch
from golden_ami.lineage.rules import rule_in_words
from golden_ami.models import END_OF_SUPPORT, SEVERITIES, Finding, Package
from golden_ami.report.evidence import status_words
from golden_ami.report.findings import remedy_of
from golden_ami.report.formats.streaming import array
from golden_ami.report.links import finding_url
from golden_ami.report.model import AmiReport, Report
from golden_ami.report.order import urgency
from golden_ami.report.urgent import SHOWN, most_urgent, shown_of_each
from golden_ami.report.verdicts import is_report_only, last_words, why_it_fails, words_of_ami, words_of_run
from golden_ami.storage.objects import Store
from golden_ami.usage import lines

_FINDINGS = SHOWN
_TEXT = 600  # characters of a description
_BARS = 40  # AMIs in the chart
_DATA = "@@data@@"  # where the template leaves room for the data
_FLAGS = ("known_exploited", "exploit", "fixable", "fails", "accepted", "suppressed", "end_of_support", "closed")
_SEEN = ("COMPLETE", "NOT_APPLICABLE")

Texts = dict[str, list[Any]]


def write(report: Report, store: Store, out: IO[bytes]) -> None:
    """The page. Memory holds one AMI's findings at most, and what the page shows."""
    before, _, after = _page(report).rpartition(_DATA)  # the last one: a tag may hold the same text
    out.write(before.encode())
    _write_data(report, store, _Escaped(out))
    out.write(after.encode())


@cache
def _template() -> Template:
    """Compiled once in a process, which takes longer than to fill it in."""
    environment = Environment(
        loader=PackageLoader("golden_ami.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")


def _page(report: Report) -> str:
    page = files("golden_ami.report").joinpath("page")
    style, script = (page.joinpath(name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    total = sum(ami.total for ami in report.amis)
    return _template().render(
        report=report,
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        data=_DATA,
        severities=SEVERITIES,
        words=words_of_run(report),
        report_only=is_report_only(report),
        bars=_bars(report),
        charted=len(_charted(report)),
        trend=_trend(report),
        causes=_causes(report),
        last_words=last_words,
        found_unassessed=any(ami.total for ami in report.amis if ami.reason),
        amount=lines.amount,
        estimated=lines.estimated,
        cost=lines.cost,
        total=lines.total_sentence(report.usage),
        closed_alone=closed_alone,
        closed_with_others=closed_with_others,
        upgraded_amis=upgraded_amis,
        places=lines.places_sentence(report.usage),
        cut=total > _FINDINGS,
        limit=_FINDINGS,
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _segments(counts: dict[Any, int], scale: int) -> list[tuple[str, float, float, int]]:
    """(severity, start, width, count) of a stacked bar of 100 units for `scale` findings."""
    found, start = [], 0.0
    for severity in SEVERITIES:
        if count := counts.get(severity, 0):
            width = 100 * count / scale
            found.append((severity.lower(), round(start, 3), round(width, 3), count))
            start += width
    return found


def _bars(report: Report) -> list[tuple[AmiReport, list[tuple[str, float, float, int]]]]:
    charted = _charted(report)
    scale = max((ami.total for ami in charted), default=0) or 1
    return [(ami, _segments(ami.counts, scale)) for ami in charted[:_BARS]]


def _charted(report: Report) -> list[AmiReport]:
    """The AMIs that were assessed or of which findings are known."""
    return [ami for ami in report.amis if ami.verdict != "NOT_ASSESSED" or ami.total]


def _trend(report: Report) -> list[tuple[Any, list[tuple[str, float, float, int]]]]:
    scale = max((sum(point.counts.values()) for point in report.trend), default=0) or 1
    return [(point, _segments(point.counts, scale)) for point in report.trend]


def _causes(report: Report) -> list[tuple[Any, list[AmiReport]]]:
    """AMIs that were not assessed by what to do about them, the most common cause first."""
    causes: dict[tuple[str, str, str], list[AmiReport]] = {}
    for ami in report.amis:
        if ami.reason:
            causes.setdefault((ami.reason.code, ami.reason.message, ami.reason.remedy), []).append(ami)
    return sorted(causes.items(), key=lambda cause: -len(cause[1]))


class _Escaped:
    """Makes JSON safe within a script element: no `<` can end it, no separator breaks a line."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def write(self, piece: bytes) -> int:
        for raw, escaped in _ESCAPES:
            piece = piece.replace(raw, escaped)
        return self._out.write(piece)


_ESCAPES = [(char.encode(), f"\\u{ord(char):04x}".encode()) for char in "<>&\u2028\u2029"]


def _write_data(report: Report, store: Store, out: Any) -> None:
    texts: Texts = {}
    out.write(b'{"severities":' + msgspec.json.encode(SEVERITIES) + b',"flags":' + msgspec.json.encode(_FLAGS))
    out.write(b',"amis":')
    array(out, (_ami(ami) for ami in report.amis))
    out.write(b',"findings":')
    array(out, _rows(report, store, texts))
    out.write(b',"texts":' + msgspec.json.encode(texts) + b"}")


def _ami(ami: AmiReport) -> dict[str, Any]:
    change = ami.since_last_run or ami.since_previous_ami
    return {
        "id": ami.ami_id,
        "name": ami.name,
        "verdict": ami.verdict,
        "verdictWords": words_of_ami(ami),
        "reportOnly": ami.report_only,
        "owner": ami.owner,
        "lineage": ami.lineage,
        "lineageRule": rule_in_words(ami.lineage_rule),
        "place": f"{ami.account} / {ami.region}",
        "engine": ami.engine,
        "counts": [ami.counts.get(severity, 0) for severity in SEVERITIES],
        "total": ami.total,
        "failing": ami.failing,
        "exploited": ami.known_exploited,
        "change": None if change is None else [change.new, change.fixed, change.open, change.oldest_days],
        "against": "" if change is None else f"{change.ami_id}, {change.completed_at}",
        "note": "" if change is None else change.note,
        "fixed": [] if change is None else [f"{item.vulnerability} {item.package}" for item in change.fixed_items],
        "suppressed": ami.suppressed,
        "closed": ami.closed,
        "grace": [ami.grace, ami.grace_until] if ami.grace else None,
        "last": last_words(ami),
        "done": [f"{one.action}, {one.outcome.lower()}: {one.detail}" for one in ami.actions],
        "evidence": [
            [one.kind, one.status, status_words(one), one.detail, one.at, "" if one.status in _SEEN else one.remedy]
            for one in ami.evidence
        ],
        "why": why_it_fails(ami),
        "upgrades": [_upgrade(one) for one in ami.upgrades[:5]],
        "reason": [ami.reason.message, ami.reason.remedy] if ami.reason else None,
        "tags": list(ami.tags.items()),
        "notes": ami.notes,
        "instance": ami.instance_id,
        "scanned": ami.scanned_at,
    }


def _upgrade(one: Upgrade) -> list[Any]:
    also = "".join(f", {name}" for name in one.also)
    installed = ", ".join(one.installed)
    return [
        one.package + also,
        installed,
        one.to,
        closed_alone(one),
        one.known_exploited,
        closed_with_others(one),
        one.command,
    ]


def _rows(report: Report, store: Store, texts: Texts) -> Iterator[msgspec.Raw]:
    """The findings that the page shows, the worst of all AMIs first."""
    assessed = sum(bool(ami.standings_key) for ami in report.amis)
    total = sum(ami.total for ami in report.amis)
    most = shown_of_each(total, assessed, _FINDINGS)
    encode = msgspec.json.Encoder().encode
    rows = [
        (urgency(finding, status), encode(_row(report, index, finding, status, texts)))
        for index, ami in enumerate(report.amis)
        for finding, status in most_urgent(store, report.run.run_id, ami, most)
    ]
    rows.sort(key=lambda row: row[0], reverse=True)
    return (msgspec.Raw(row) for _, row in rows)


def _package(package: Package) -> list[str]:
    fixed = without_epoch(fixed_version(package.fixed_in))
    return [package.name, without_epoch(package.version), fixed, package.architecture, package.path]


def _row(report: Report, ami: int, finding: Finding, status: FindingStatus, texts: Texts) -> list[Any]:
    text = finding.vulnerability_id or finding.title
    if text not in texts:
        texts[text] = [finding.description[:_TEXT], finding_url(finding), remedy_of(finding)[:_TEXT], finding.cwes[:5]]
    flags = (
        bool(finding.known_exploited_since),
        finding.exploit_available,
        bool(is_fixable(finding, affected_by(finding))),
        status.fails,
        report.accepted_by(status) is not None or report.tolerates_suppressed(report.amis[ami], finding),
        finding.suppressed,
        finding.type == END_OF_SUPPORT,
        finding.closed,
    )
    return [
        ami,
        SEVERITIES.index(finding.severity),
        finding.vulnerability_id,
        finding.title,
        [_package(one) for one in finding.packages],
        finding.score,
        finding.epss,
        sum(flag << bit for bit, flag in enumerate(flags)),
        status.since,
        status.change,
        status.rule,
        status.tolerated,
    ]
