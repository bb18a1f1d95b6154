"""The judge of a simulated year agrees with a product that is right, and sees each kind of wrong answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.year.account import OWNER, run_id
from tests.year.answers import Answers, Said, SaidOfAmi
from tests.year.books import Books, Compared, Page, Week
from tests.year.judge import Disagreement, Judge
from tests.year.plan import year

WEEKS = 12


@cache
def books() -> list[Week]:
    drawn = year(1, WEEKS, 12)
    kept = Books(drawn)
    return [kept.week(week) for week in range(WEEKS)]


# ---------------------------------------------------------------- a product that is right


def right(week: Week, trend: tuple[Mapping[str, Any], ...]) -> Answers:
    amis = {ami_id: _ami(page) for ami_id, page in week.pages.items()}
    return Answers(
        week=week.week,
        verdict=min(week.verdicts),
        amis=amis,
        trend=(*trend, _point(week))[-12:],
        exceptions=tuple((one.status, one.matches.most, "") for one in week.exceptions),
        messages=("",),
        owner_messages=tuple(page.ami_id for page in week.pages.values() if page.owner == OWNER),
    )


def _point(week: Week) -> Mapping[str, Any]:
    counts: dict[str, int] = {}
    for page in week.assessed:
        for severity, count in page.counts.items():
            counts[severity] = counts.get(severity, 0) + count
    failed = sum(page.verdicts == {"FAIL"} for page in week.assessed)
    return {"runId": run_id(week.week), "amis": len(week.assessed), "failed": failed, "counts": counts}


def _ami(page: Page) -> SaidOfAmi:
    findings = tuple(Said(key, key, since, min(page.change[key])) for key, since in page.since.items())
    return SaidOfAmi(
        ami_id=page.ami_id,
        verdict=min(page.verdicts),
        engine=page.engine,
        name=page.name,
        owner=page.owner,
        lineage=page.lineage,
        counts=page.counts,
        failing=len(page.failing),
        findings=findings,
        failures=tuple(one for one in findings if one.key in page.failing),
        last_run=_compared(page.last_run),
        previous=_compared(page.previous),
    )


def _compared(books: Compared | None) -> Mapping[str, Any] | None:
    if books is None:
        return None
    counts = {"new": books.new.least, "open": books.open.least, "fixed": books.fixed.least}
    return {"amiId": books.ami_id, "runId": run_id(books.week), **counts}


def answers() -> Iterator[tuple[Answers, Week]]:
    trend: tuple[Mapping[str, Any], ...] = ()
    for week in books():
        said = right(week, trend)
        trend = said.trend
        yield said, week


def judged(wrong: Callable[[Answers], Answers]) -> list[Disagreement]:
    judge = Judge()
    return [found for said, week in answers() for found in judge.judge(wrong(said), week)]


def test_a_right_product_is_not_contradicted() -> None:
    assert judged(lambda said: said) == []


# ---------------------------------------------------------------- wrong answers

Wrong = Callable[[SaidOfAmi], SaidOfAmi]


def _every_ami(wrong: Wrong) -> Callable[[Answers], Answers]:
    return lambda said: replace(said, amis={key: wrong(ami) for key, ami in said.amis.items()})


def _first_finding(**changes: str) -> Wrong:
    def wrong(ami: SaidOfAmi) -> SaidOfAmi:
        return replace(ami, findings=(*(replace(one, **changes) for one in ami.findings[:1]), *ami.findings[1:]))

    return wrong


def _flipped(ami: SaidOfAmi) -> SaidOfAmi:
    told = ami.last_run
    return replace(ami, last_run=told and {**told, "new": told["fixed"], "fixed": told["new"]})


def _one_more(member: str) -> Wrong:
    return lambda ami: replace(ami, previous=ami.previous and {**ami.previous, member: ami.previous[member] + 99})


def _of_another_run(ami: SaidOfAmi) -> SaidOfAmi:
    return replace(ami, last_run=ami.last_run and {**ami.last_run, "runId": "week-00"})


WRONG_OF_AMI: dict[str, tuple[Wrong, str]] = {
    "PASS instead of FAIL": (lambda ami: replace(ami, verdict="PASS"), "PASS that should not be"),
    "FAIL instead of PASS": (lambda ami: replace(ami, verdict="FAIL"), "verdict"),
    "a since of today": (_first_finding(since="2030-01-01"), "since"),
    "a since in the list alone": (
        lambda ami: replace(ami, failures=tuple(replace(one, since="") for one in ami.failures)),
        "since, in failures",
    ),
    "all are new": (_first_finding(change="NEW"), "change"),
    "a finding is dropped": (lambda ami: replace(ami, findings=ami.findings[2:]), "finding not there"),
    "a finding twice": (
        lambda ami: replace(ami, findings=(*ami.findings, *ami.findings[:1])),
        "finding unknown or twice",
    ),
    "an invented finding": (_first_finding(key=""), "finding unknown or twice"),
    "new and fixed flipped": (_flipped, "since the last run: fixed"),
    "more new": (_one_more("new"), "since the previous AMI: new"),
    "more open": (_one_more("open"), "since the previous AMI: open"),
    "more fixed": (_one_more("fixed"), "since the previous AMI: fixed"),
    "no comparison": (lambda ami: replace(ami, last_run=None), "since the last run: compared"),
    "an older run": (_of_another_run, "since the last run: compared"),
    "one more failing": (lambda ami: replace(ami, failing=ami.failing + 1), "failing"),
    "a count": (lambda ami: replace(ami, counts={**ami.counts, "LOW": 77}), "counts"),
    "the wrong engine": (lambda ami: replace(ami, engine="classic"), "engine"),
    "no owner": (lambda ami: replace(ami, owner=""), "owner of a vanished AMI"),
    "no lineage": (lambda ami: replace(ami, lineage=ami.ami_id), "lineage"),
    "no name": (lambda ami: replace(ami, name=""), "name"),
}


@pytest.mark.parametrize("case", WRONG_OF_AMI)
def test_a_wrong_answer_of_an_ami_is_seen(case: str) -> None:
    wrong, kind = WRONG_OF_AMI[case]
    assert kind in {one.kind for one in judged(_every_ami(wrong))}


WRONG_OF_RUN: dict[str, tuple[Callable[[Answers], Answers], str]] = {
    "an AMI is left out": (lambda said: replace(said, amis=dict([*said.amis.items()][1:])), "AMI not in the report"),
    "the run passes": (lambda said: replace(said, verdict="PASS"), "verdict of the run"),
    "no message": (lambda said: replace(said, messages=()), "messages"),
    "two messages": (lambda said: replace(said, messages=("", "")), "messages"),
    "no owner is told": (lambda said: replace(said, owner_messages=()), "owner not told"),
    "a past point is changed": (
        lambda said: replace(said, trend=({**said.trend[0], "amis": said.week}, *said.trend[1:])),
        "trend rewritten",
    ),
    "a past point is lost": (lambda said: replace(said, trend=said.trend[-1:]), "trend rewritten"),
    "its own point is wrong": (
        lambda said: replace(said, trend=(*said.trend[:-1], {**said.trend[-1], "failed": 99})),
        "trend",
    ),
    "an exception is unused": (
        lambda said: replace(said, exceptions=tuple(("UNUSED", 0, "remove it") for _ in said.exceptions)),
        "exception's status",
    ),
}


@pytest.mark.parametrize("case", WRONG_OF_RUN)
def test_a_wrong_answer_of_a_run_is_seen(case: str) -> None:
    wrong, kind = WRONG_OF_RUN[case]
    assert kind in {one.kind for one in judged(wrong)}


@pytest.mark.parametrize("module", ["truth", "plan", "books"])
def test_the_books_read_nothing_of_the_product(module: str) -> None:
    imports = re.findall(
        r"^\s*(?:from|import) (\S+)", Path(__file__).with_name(f"{module}.py").read_text(), re.MULTILINE
    )
    assert imports
    assert not [name for name in imports if name.startswith("golden_ami") or name == "handlers"]
