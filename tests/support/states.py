"""The states of the definition one by one, and the ways that lead out of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from scenarios import definition

State = dict[str, Any]


def containers() -> Iterator[dict[str, State]]:
    """The states of the state machine, then those of each Map's processor."""
    top: dict[str, State] = json.loads(definition())["States"]
    yield top
    for state in top.values():
        if state["Type"] == "Map":
            yield state["ItemProcessor"]["States"]


def all_states() -> dict[str, State]:
    """Every state by its name; names are unique across the Maps."""
    return {name: state for states in containers() for name, state in states.items()}


def neighbours(name: str) -> dict[str, State]:
    """The states of the state machine or of the Map's processor that the named state belongs to."""
    return next(states for states in containers() if name in states)


def ways_out(state: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """The ways out of a state ("Next", "End", "Default", "Choices 0", "Retry 0", "Catch 0"), and where each leads."""
    if "Next" in state:
        yield "Next", state["Next"]
    if state.get("End") or state["Type"] in ("Succeed", "Fail"):
        yield "End", None
    if "Default" in state:
        yield "Default", state["Default"]
    for index, choice in enumerate(state.get("Choices", ())):
        yield f"Choices {index}", choice["Next"]
    for index, _ in enumerate(state.get("Retry", ())):
        yield f"Retry {index}", None
    for index, catcher in enumerate(state.get("Catch", ())):
        yield f"Catch {index}", catcher["Next"]


def isolated(name: str, state: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A state machine that runs one state as it is, and then ends: every other state is a Succeed."""
    ends: dict[str, Any] = {other: {"Type": "Succeed"} for other in neighbours(name)}
    reached = {head for _, head in ways_out(all_states()[name]) if head}
    kept = {other: end for other, end in ends.items() if other in reached}
    return {"StartAt": name, "States": {**kept, name: state or all_states()[name]}}
