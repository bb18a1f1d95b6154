"""Writes the graph of the state machine to stdout, which golden_ami.usage counts and adds up (`make pages`)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

DEFINITION = Path(__file__).parents[1] / "statemachine" / "assessment.asl.json"
# Members that lead from state to state, or that bound what a state takes; and those of the parts within.
MEMBERS = ("StartAt", "Type", "Next", "Default", "End", "Resource", "TimeoutSeconds", "MaxConcurrency")
RETRIER = ("ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds")


def graph(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the definition with those members."""
    kept = {name: part[name] for name in MEMBERS if name in part}
    for several in ("Choices", "Catch"):
        if several in part:
            kept[several] = [graph(one) for one in part[several]]
    if "Retry" in part:
        kept["Retry"] = [{name: one[name] for name in RETRIER if name in one} for one in part["Retry"]]
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
