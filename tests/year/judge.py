"""Holds what the product says of a week against the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.year.account import OWNER, run_id
from tests.year.answers import Answers, Said, SaidOfAmi
from tests.year.books import Bounds, Compared, ExpectedException, Page, Week

_POINTS = 12  # runs that the trend shows at most


class Disagreement(NamedTuple):
    """Where product and books differ. `kind` groups them in the summary."""

    week: int
    kind: str
    ami: str
    finding: str
    said: str
    books: str


class Judge:
    """Call `judge` for each week in turn: the trend of past weeks is remembered."""

    def __init__(self) -> None:
        self._points: dict[str, Mapping[str, Any]] = {}

    def judge(self, said: Answers, books: Week) -> list[Disagreement]:
        """Every disagreement of a week."""
        return [
            *_run(said, books),
            *self._trend(said, books),
            *_exceptions(said, books),
            *_messages(said, books),
            *(found for ami_id, page in books.pages.items() for found in _ami(said, ami_id, page)),
        ]

    def _trend(self, said: Answers, books: Week) -> Iterator[Disagreement]:
        """A week's own point is as the books have it, and never changes again."""
        told = {point["runId"]: point for point in said.trend}
        if books.whole and (own := told.get(run_id(said.week))) is not None:
            yield from _own_point(said.week, own, books)
        for name, point in self._points.items():
            if told.get(name) != point:
                yield Disagreement(said.week, "trend rewritten", "", "", str(told.get(name)), str(point))
        self._points = {name: told.get(name, point) for name, point in self._points.items()}
        if run_id(said.week) in told:
            self._points[run_id(said.week)] = told[run_id(said.week)]
        self._points = dict(list(self._points.items())[-_POINTS + 1 :])


def _own_point(week: int, own: Mapping[str, Any], books: Week) -> Iterator[Disagreement]:
    counts: Counter[str] = Counter()
    for page in books.assessed:
        counts.update(page.counts)
    failed = sum(page.verdicts == {"FAIL"} for page in books.assessed)
    expected = {"amis": len(books.assessed), "failed": failed, "counts": dict(+counts)}
    told = {"amis": own.get("amis", 0), "failed": own.get("failed", 0), "counts": own.get("counts", {})}
    if told != expected:
        yield Disagreement(week, "trend", "", "", str(told), str(expected))


def _run(said: Answers, books: Week) -> Iterator[Disagreement]:
    if said.verdict not in books.verdicts:
        yield Disagreement(said.week, "verdict of the run", "", "", said.verdict, _words(books.verdicts))
    for ami_id in said.amis.keys() - books.pages.keys():
        yield Disagreement(said.week, "unknown AMI", ami_id, "", "in the report", "not in the configuration")


def _exceptions(said: Answers, books: Week) -> Iterator[Disagreement]:
    for number, (told, page) in enumerate(zip(said.exceptions, books.exceptions, strict=True)):
        for kind, said_so, expected in _exception(*told, page):
            yield Disagreement(said.week, kind, "", f"exception {number}", said_so, expected)


def _exception(status: str, matches: int, message: str, page: ExpectedException) -> Iterator[tuple[str, str, str]]:
    """One that matches nothing while an AMI in its scope could not be assessed is not to be removed."""
    if not _within(matches, page.matches):
        yield "exception's matches", str(matches), _range(page.matches)
    if page.hidden:
        if "remove it" in message:
            yield "exception of a vanished AMI", f"{status}: {message}", "keep it"
    elif status != page.status and page.matches.least == page.matches.most:
        yield "exception's status", status, page.status


def _messages(said: Answers, books: Week) -> Iterator[Disagreement]:
    if len(said.messages) != 1:
        yield Disagreement(said.week, "messages", "", "", str(len(said.messages)), "1")
    text = "\n".join(said.owner_messages)
    for ami_id, page in books.pages.items():
        if page.owner == OWNER and "PASS" not in page.verdicts and ami_id not in text:
            yield Disagreement(said.week, "owner not told", ami_id, "", "no message names it", _words(page.verdicts))


# ---------------------------------------------------------------- an AMI


def _ami(said: Answers, ami_id: str, page: Page) -> Iterator[Disagreement]:
    ami = said.amis.get(ami_id)
    if ami is None:
        yield Disagreement(said.week, "AMI not in the report", ami_id, "", "nothing", _words(page.verdicts))
        return
    for kind, told, expected in _described(ami, page):
        yield Disagreement(said.week, kind, ami_id, "", told, expected)
    if page.listed:
        yield from _findings(said.week, ami, page)
        yield from _compared(said.week, ami_id, "since the last run", ami.last_run, page.last_run)
        yield from _compared(said.week, ami_id, "since the previous AMI", ami.previous, page.previous)


def _described(ami: SaidOfAmi, page: Page) -> Iterator[tuple[str, str, str]]:
    gone = "" if page.listed else " of a vanished AMI"
    if ami.verdict not in page.verdicts:
        kind = "PASS that should not be" if ami.verdict == "PASS" else "verdict"
        yield kind, ami.verdict, _words(page.verdicts)
    for member in ("name", "owner", "lineage"):
        told, expected = getattr(ami, member), getattr(page, member)
        if told != expected:
            yield f"{member}{gone}", told or "nothing", expected
    if page.listed and ami.engine != page.engine:
        yield "engine", ami.engine, page.engine
    if page.listed and page.complete and dict(ami.counts) != dict(page.counts):
        yield "counts", str(dict(ami.counts)), str(dict(page.counts))
    failing = Bounds(len(page.failing) - (not page.complete), len(page.failing))
    if page.listed and not _within(ami.failing, failing):
        yield "failing", str(ami.failing), str(len(page.failing))


def _findings(week: int, ami: SaidOfAmi, page: Page) -> Iterator[Disagreement]:
    """Each finding is one of the books', once; with its date and its change."""
    told = Counter(one.key for one in ami.findings)
    lacking = [key for key in page.since if not told[key]]
    if len(lacking) > (0 if page.complete else 1):
        for key in lacking:
            yield Disagreement(week, "finding not there", ami.ami_id, key, "nothing", page.since[key])
    for one in ami.findings:
        if told[one.key] > 1 or one.key not in page.since:
            yield Disagreement(week, "finding unknown or twice", ami.ami_id, one.what, str(told[one.key]), "")
        else:
            yield from _finding(week, ami.ami_id, one, page)
    for one in ami.failures:
        expected = page.since.get(one.key, "not there")
        if one.since != expected:
            yield Disagreement(week, "since, in failures", ami.ami_id, one.what, one.since, expected)


def _finding(week: int, ami_id: str, one: Said, page: Page) -> Iterator[Disagreement]:
    since, change = page.since[one.key], page.change[one.key]
    if one.since != since:
        yield Disagreement(week, "since", ami_id, one.key, one.since, since)
    if one.change not in change:
        yield Disagreement(week, "change", ami_id, one.key, one.change or "nothing", _words(change))


def _compared(
    week: int, ami_id: str, when: str, told: Mapping[str, Any] | None, books: Compared | None
) -> Iterator[Disagreement]:
    """The comparison is with the same AMI and week as in the books, and counts the same."""
    if told is None or books is None:
        if (told or books) and not (books and books.optional):
            yield Disagreement(week, f"{when}: compared", ami_id, "", _other(told), _expected(books))
        return
    if (told["amiId"], told["runId"]) != (books.ami_id, run_id(books.week)):
        if not books.optional:
            yield Disagreement(week, f"{when}: compared", ami_id, "", _other(told), _expected(books))
        return
    for member, bounds in (("new", books.new), ("open", books.open), ("fixed", books.fixed)):
        if not _within(told.get(member, 0), bounds):
            yield Disagreement(week, f"{when}: {member}", ami_id, "", str(told.get(member, 0)), _range(bounds))


def _other(told: Mapping[str, Any] | None) -> str:
    return f"{told['amiId']} of {told['runId']}" if told else "nothing"


def _expected(books: Compared | None) -> str:
    return f"{books.ami_id} of {run_id(books.week)}" if books else "nothing"


def _within(value: int, bounds: Bounds) -> bool:
    return bounds.least <= value <= bounds.most


def _range(bounds: Bounds) -> str:
    return str(bounds.least) if bounds.least == bounds.most else f"{bounds.least} to {bounds.most}"


def _words(values: frozenset[str]) -> str:
    return " or ".join(sorted(value or "nothing" for value in values))
