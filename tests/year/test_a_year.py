"""Twelve weeks, held against the books; `.ci/run` runs them. `make year` runs a whole year."""

from __future__ import annotations

import os

import pytest
from tests.year.course import course
from tests.year.judge import Disagreement
from tests.year.plan import year
from tests.year.truth import TROUBLES, Trouble

pytestmark = [
    pytest.mark.year,
    pytest.mark.skipif(not os.environ.get("GOLDEN_AMI_YEAR"), reason="set GOLDEN_AMI_YEAR to run weeks of assessments"),
]
WEEKS, SEED = 12, 1


def disagreements(lineages: int, troubles: frozenset[Trouble]) -> list[Disagreement]:
    weeks = course(year(SEED, WEEKS, lineages, troubles))
    return [found for week in weeks for found in week.disagreements]


@pytest.mark.parametrize(
    ("lineages", "troubles"), [(4, frozenset()), (12, TROUBLES)], ids=["calm", "with-all-troubles"]
)
def test_reports_agree_with_the_books(lineages: int, troubles: frozenset[Trouble]) -> None:
    assert disagreements(lineages, troubles) == []
