"""The states that an execution enters, counted along the definition of the state machine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

Definition = Mapping[str, Any]


@cache
def shipped_graph() -> Definition:
    """The state machine's graph: of statemachine/assessment.asl.json what leads from state to state, and its bounds."""
    graph: Definition = json.loads(files("golden_ami.usage").joinpath("states.json").read_text(encoding="utf-8"))
    return graph


def states_entered(definition: Definition, choices: Mapping[str, Sequence[str]], items: int) -> Counter[str]:
    """How often an execution enters each state when no task fails.

    `choices` says to which states a Choice leads, entry by entry; afterwards, and where it lacks the Choice, its first
    rule applies. Each Map has `items` items in all; the states in it are entered once per item.
    """
    entered: Counter[str] = Counter()
    states, name = definition["States"], definition["StartAt"]
    while name:
        entered[name] += 1
        state = states[name]
        if state["Type"] == "Map" and entered[name] == 1:
            within = states_entered(state["ItemProcessor"], choices, items)
            entered.update({each: times * items for each, times in within.items()})
        if state["Type"] == "Choice":
            name = next(iter(choices.get(name, ())[entered[name] - 1 :]), state["Choices"][0]["Next"])
        else:
            name = state.get("Next")
    return entered


def states_after(definition: Definition, name: str) -> int:
    """How many states follow a state of the top level until the end when no task fails and first rules apply."""
    return states_entered({**definition, "StartAt": name}, {}, items=0).total() - 1


def tasks(definition: Definition) -> frozenset[str]:
    """The names of the Task states, those within Maps included."""
    found: set[str] = set()
    for name, state in definition["States"].items():
        if state["Type"] == "Task":
            found.add(name)
        elif state["Type"] == "Map":
            found |= tasks(state["ItemProcessor"])
    return frozenset(found)
