"""The states of the definition one by one, and the ways that lead out of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from scenarios import changes_nothing, definition

State = dict[str, Any]


def containers() -> Iterator[dict[str, State]]:
    """The states of the state machine, then those of each Map's processor."""
    top = looked_through(json.loads(definition())["States"])
    yield top
    for state in top.values():
        if state["Type"] == "Map":
            yield looked_through(state["ItemProcessor"]["States"])


def looked_through(states: dict[str, State]) -> dict[str, State]:
    """The states without those that change nothing; what leads to one of these leads to the state after it."""
    after = {name: state["Next"] for name, state in states.items() if changes_nothing(state)}

    def resolved(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: resolved(value) for key, value in part.items()} | {
                key: head(part[key]) for key in ("Next", "Default") if isinstance(part.get(key), str)
            }
        return [resolved(one) for one in part] if isinstance(part, list) else part

    def head(name: str) -> str:
        return head(after[name]) if name in after else name

    return {name: resolved(state) for name, state in states.items() if name not in after}


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
