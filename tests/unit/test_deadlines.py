"""How long a run waits for an AMI."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from report_world import ami, run_of

from golden_ami import deadlines
from golden_ami.executions import TIME_LIMIT
from golden_ami.models import Config, Waits

RUN = run_of(config=Config(waits=Waits(boot_seconds=60, agent_deadline_seconds=120, completion_deadline_seconds=600)))
ROOT = Path(__file__).parents[2]


def test_an_agents_deadline_counts_from_the_launch() -> None:
    launched = ami("ami-0a", launched_at="2026-03-01T15:00:00Z")
    assert deadlines.of_agent(RUN, launched) == "2026-03-01T15:03:00Z"


@pytest.mark.parametrize(
    ("fields", "deadline"),
    [
        ({"assessment_started_at": "2026-03-01T15:00:00Z"}, "2026-03-01T15:10:00Z"),
        ({"launched_at": "2026-03-01T15:00:00Z"}, "2026-03-01T15:13:00Z"),
        ({}, "2026-03-01T12:13:00Z"),
    ],
    ids=["its start", "of a scan whose start was not noted", "without an instance"],
)
def test_a_completions_deadline_counts_from_the_amis_own_start(fields: dict[str, str], deadline: str) -> None:
    assert deadlines.of_completion(RUN, ami("ami-0a", **fields)) == deadline


def test_no_deadline_is_later_than_the_last_collection() -> None:
    late = ami("ami-0a", launched_at="2026-03-02T09:59:00Z", assessment_started_at="2026-03-02T09:59:00Z")
    last = "2026-03-02T10:00:00Z"
    assert deadlines.last_collection(RUN) == deadlines.of_agent(RUN, late) == deadlines.of_completion(RUN, late) == last


def test_the_execution_lasts_as_long_as_its_definition_says() -> None:
    definition = json.loads((ROOT / "statemachine" / "assessment.asl.json").read_text())
    assert definition["TimeoutSeconds"] == TIME_LIMIT
