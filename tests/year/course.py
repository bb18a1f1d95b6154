"""The course of a year: assess, read, compare, week by week."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.year import answers
from tests.year.account import Account
from tests.year.books import Books, Page, Week
from tests.year.judge import Disagreement, Judge
from tests.year.truth import Year, day


@dataclass
class Judged:
    """One week."""

    books: Week
    status: str  # of the execution
    disagreements: list[Disagreement] = field(default_factory=list)

    def __str__(self) -> str:
        pages, findings = self.books.pages.values(), sum(len(page.since) for page in self.books.pages.values())
        verdicts = ", ".join(f"{_count(pages, word)} {word}" for word in ("PASS", "FAIL", "NOT_ASSESSED"))
        counts = f"{len(self.books.pages)} AMIs ({verdicts}), {findings} findings"
        week = f"week {self.books.week:2} {day(self.books.week)} {self.status}"
        return f"{week}: {counts}, {len(self.disagreements)} disagreements"


def course(year: Year) -> Iterator[Judged]:
    """Run every week and judge it; of the reports of past weeks, that they are as they were."""
    books, judge = Books(year), Judge()
    digests: dict[int, str] = {}
    with Account(year) as account:
        for week in range(year.weeks):
            judged = Judged(books.week(week), account.assess(week))
            if judged.status != "SUCCEEDED":
                judged.disagreements.append(Disagreement(week, "execution", "", "", judged.status, "SUCCEEDED"))
            judged.disagreements += judge.judge(answers.read(account, year, week), judged.books)
            judged.disagreements += _rewritten(account, week, digests)
            digests[week] = account.digest(week)
            yield judged


def _rewritten(account: Account, week: int, digests: dict[int, str]) -> Iterator[Disagreement]:
    for past, digest in digests.items():
        if account.digest(past) != digest:
            yield Disagreement(week, "report rewritten", "", f"report of week {past}", account.digest(past), digest)
            digests[past] = account.digest(past)


def _count(pages: Iterable[Page], word: str) -> int:
    return sum(page.verdicts == {word} for page in pages)
