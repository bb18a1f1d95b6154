"""Twelve weeks of four lineages, held against the books. `make year` runs a whole year."""

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
WEEKS, LINEAGES, SEED = 12, 4, 1


def disagreements(troubles: frozenset[Trouble]) -> list[Disagreement]:
    weeks = course(year(SEED, WEEKS, LINEAGES, troubles))
    return [found for week in weeks for found in week.disagreements]


@pytest.mark.parametrize("troubles", [frozenset(), TROUBLES], ids=["calm", "with all troubles"])
def test_reports_agree_with_the_books(troubles: frozenset[Trouble]) -> None:
    assert disagreements(troubles) == []
