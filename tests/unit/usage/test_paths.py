"""States that an execution enters, counted along a definition."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from golden_ami.usage.paths import shipped_graph, states_after, states_entered, tasks

HISTORIES = Path(__file__).parents[2] / "fixtures" / "history"
DEFINITION: dict[str, Any] = {
    "StartAt": "Load",
    "States": {
        "Load": {"Type": "Task", "Next": "Any?"},
        "Any?": {"Type": "Choice", "Choices": [{"Next": "Report"}], "Default": "Each"},
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "Prepare",
                "States": {"Prepare": {"Type": "Pass", "Next": "Work"}, "Work": {"Type": "Task", "End": True}},
            },
            "Next": "Over?",
        },
        "Over?": {"Type": "Choice", "Choices": [{"Next": "Report"}, {"Next": "Load"}], "Default": "Pause"},
        "Pause": {"Type": "Wait", "Next": "Over?"},
        "Report": {"Type": "Task", "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
}


@pytest.mark.parametrize(
    ("choices", "items", "expected"),
    [
        ({}, 5, {"Load": 1, "Any?": 1, "Report": 1, "Done": 1}),
        ({"Any?": ["Each"]}, 0, {"Load": 1, "Any?": 1, "Each": 1, "Over?": 1, "Report": 1, "Done": 1}),
        (
            {"Any?": ["Each"], "Over?": ["Pause", "Pause"]},
            3,
            {"Load": 1, "Any?": 1, "Each": 1, "Prepare": 3, "Work": 3, "Over?": 3, "Pause": 2, "Report": 1, "Done": 1},
        ),
        (
            {"Any?": ["Each", "Each"], "Over?": ["Load"]},
            3,
            {"Load": 2, "Any?": 2, "Each": 2, "Prepare": 3, "Work": 3, "Over?": 2, "Report": 1, "Done": 1},
        ),
    ],
    ids=["first rules", "no item", "choices and items", "a Map that is entered twice"],
)
def test_states_are_counted_along_the_definition(
    choices: dict[str, list[str]], items: int, expected: dict[str, int]
) -> None:
    assert +states_entered(DEFINITION, choices, items) == Counter(expected)


def test_states_after_one_are_counted_to_the_end() -> None:
    assert [states_after(DEFINITION, name) for name in ("Report", "Done", "Pause")] == [1, 0, 3]


def test_the_tasks_of_a_definition_are_also_those_in_maps() -> None:
    assert tasks(DEFINITION) == {"Load", "Work", "Report"}


@pytest.mark.parametrize(
    ("name", "polls", "looks"),
    [("happy", 1, 0), ("polled", 3, 1)],
)
def test_the_count_is_that_of_a_recorded_execution(name: str, polls: int, looks: int) -> None:
    recorded = json.loads((HISTORIES / f"{name}.json").read_text())
    entries = [event["stateEnteredEventDetails"] for event in recorded["events"] if "stateEnteredEventDetails" in event]
    choices = {
        "Anything To Assess?": ["Ensure Target Template"],
        "What Is Left?": ["Launch Instances", "Wait For Boot", "Terminate All"],
        "Agents Ready?": ["Wait For Agents"] * polls,
        "Over?": ["Await Completion"] * looks,
    }
    entered = states_entered(recorded["definition"], choices, items=3)
    assert entered == Counter(entry["name"] for entry in entries)


def test_every_state_of_the_shipped_graph_leads_on() -> None:
    for state in shipped_graph()["States"].values():
        assert state["Type"] in ("Succeed", "Fail") or {"Next", "Default", "End"} & state.keys()
