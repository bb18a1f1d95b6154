"""A short year has one of everything that a whole one has."""

from __future__ import annotations

import pytest
from tests.year.plan import year
from tests.year.truth import Conditions

SEEDS = range(1, 11)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_stands_for_one_year(seed: int) -> None:
    assert year(seed, 12, 4) == year(seed, 12, 4)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_happens_in_a_short_year(seed: int) -> None:
    drawn = year(seed, 12, 4)
    builds = [build for line in drawn.lines for build in line.builds]
    assert {line.engine(week) for line in drawn.lines for week in range(12)} >= {"instance", "ami"}
    assert any("auto" in line.engines for line in drawn.lines)
    assert len(builds) > len(drawn.lines)
    assert any(line.renamed for line in drawn.lines)
    assert any(one.events_lost for one in drawn.conditions.values())
    assert any(one.paused for one in drawn.conditions.values())
    assert len(set(drawn.levels)) > 1
    assert drawn.accepted


def test_what_happens_in_some_short_year() -> None:
    years = [year(seed, 12, 4) for seed in SEEDS]
    assert any(build.gone_from is not None for one in years for line in one.lines for build in line.builds)
    assert any(how.listing_lags for one in years for how in one.conditions.values())


def test_a_year_without_troubles_has_rebuilds_alone() -> None:
    drawn = year(1, 12, 4, frozenset())
    assert set(drawn.conditions.values()) <= {Conditions()}
    assert not any(line.renamed or len(set(line.engines)) > 1 for line in drawn.lines)
    assert any(len(line.builds) > 1 for line in drawn.lines)
