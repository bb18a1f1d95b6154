"""Writes the graph of the state machine to stdout: what functions/golden_ami/usage/paths.py counts (`make pages`)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

DEFINITION = Path(__file__).parents[1] / "statemachine" / "assessment.asl.json"
MEMBERS = ("StartAt", "Type", "Next", "Default", "End")  # and those of the states, rules and processors within


def graph(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the definition with the members that lead from state to state."""
    kept = {name: part[name] for name in MEMBERS if name in part}
    if "Choices" in part:
        kept["Choices"] = [graph(rule) for rule in part["Choices"]]
    if "ItemProcessor" in part:
        kept["ItemProcessor"] = graph(part["ItemProcessor"])
    if "States" in part:
        kept["States"] = {name: graph(state) for name, state in part["States"].items()}
    return kept


def page() -> str:
    """The graph that ships as `golden_ami/usage/states.json`."""
    return json.dumps(graph(json.loads(DEFINITION.read_text())), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
