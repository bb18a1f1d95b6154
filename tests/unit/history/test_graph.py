"""The state graph: what is reached, how often, along which transitions; its drawing; where the time went."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami_cli.history import phases
from golden_ami_cli.history.gantt import rows, ticks
from golden_ami_cli.history.graph import END, START, Graph, Node, graph_of
from golden_ami_cli.history.layout import Box, Drawing, lay_out
from golden_ami_cli.history.model import ExecutionHistory
from golden_ami_cli.history.svg import svg

Parsed = Callable[[str], ExecutionHistory]
DEFINITION = json.loads((Path(__file__).parents[3] / "statemachine/assessment.asl.json").read_text(encoding="utf-8"))


def nodes(history: ExecutionHistory) -> dict[str, Node]:
    return {node.name: node for node in graph_of(history).walk()}


def states(definition: dict[str, Any]) -> set[str]:
    inner = [states(state["ItemProcessor"]) for state in definition["States"].values() if "ItemProcessor" in state]
    return set(definition["States"]).union(*inner)


def test_every_state_of_the_definition_is_in_the_graph(history: Parsed) -> None:
    happy = history("happy")
    assert set(nodes(happy)) == states(happy.definition)


def test_states_are_marked_by_what_happened(history: Parsed) -> None:
    good, bad, again = nodes(history("happy")), nodes(history("failed")), nodes(history("retries"))
    assert good["Launch Failed"].status == "not-reached"
    assert good["Launch Batch"].visits == 3
    assert bad["Ensure Target Template"].status == "caught"
    assert bad["Assessment Failed"].status == "failed"
    assert bad["Launch Batch"].status == "not-reached"
    assert (again["Launch Batch"].status, again["Launch Batch"].retries) == ("retried", 2)
    assert again["Launch Instances"].status == "retried"  # something inside was
    assert again["Launch Batch"].note.startswith("3× · 2 retries")  # noqa: RUF001


def test_transitions_taken_are_counted(history: Parsed) -> None:
    graph = graph_of(history("polled"))
    taken = {key: edge.taken for key, edge in graph.edges.items() if edge.taken}
    assert taken[START, "Load Config"] == 1
    assert taken["Wait For Agents", "Check Agents"] == 3
    assert taken["Await Completion", "Check Run"] == 2
    assert taken["Over?", "Await Completion"] == 1
    assert taken["Terminate", "Plan Wave"] == 1
    assert ("Load Config", "Terminate All") not in taken
    assert taken["Assessment Complete", END] == 1
    inner = graph.nodes["Tag Findings"].inner[0]
    assert inner.edges["Tag Batch", END].taken == 3


def test_a_caught_error_leads_along_the_catch(history: Parsed) -> None:
    edge = graph_of(history("failed")).edges["Ensure Target Template", "Terminate All"]
    assert (edge.kind, edge.taken) == ("catch", 1)


def test_the_drawing_does_not_depend_on_the_order_of_the_definition(history: Parsed) -> None:
    parsed = history("happy")
    drawn = svg(graph_of(parsed))
    parsed.definition = json.loads(json.dumps(parsed.definition, sort_keys=True))
    assert svg(graph_of(parsed)) == drawn


def test_the_run_flows_downwards(history: Parsed) -> None:
    """Only the loops of the definition lead up."""
    up = set()
    drawing = lay_out(graph_of(history("local")))
    tops = {box.name: box.y for box in drawing.boxes}
    for line in drawing.lines:
        if tops[line.edge.head] <= tops[line.edge.tail]:
            up.add((line.edge.tail, line.edge.head))
    assert up == {
        ("Wait For Agents", "Check Agents"),
        ("Over?", "Await Completion"),
        ("Wait For Room", "Plan Wave"),
        ("Launch Instances", "Plan Wave"),
        ("Terminate", "Plan Wave"),
    }


def overlap(one: Box, other: Box) -> bool:
    across = one.x < other.x + other.width and other.x < one.x + one.width
    return across and one.y < other.y + other.height and other.y < one.y + one.height


def drawings(drawing: Drawing) -> list[Drawing]:
    return [drawing, *(each for box in drawing.boxes for _, _, inner in box.inner for each in drawings(inner))]


def test_the_layout_is_tidy(history: Parsed) -> None:
    for drawing in drawings(lay_out(graph_of(history("happy")))):
        assert not [pair for pair in itertools.combinations(drawing.boxes, 2) if overlap(*pair)]
        for box in drawing.boxes:
            assert box.x + 0.5 >= 0
            assert box.x + box.width <= drawing.width + 0.5
            for x, y, inner in box.inner:
                assert x + inner.width <= box.width
                assert y + inner.height <= box.height
        for line in drawing.lines:
            assert len(line.points) % 3 == 1


def test_every_transition_is_drawn(history: Parsed) -> None:
    graph = graph_of(history("happy"))
    drawn = {(line.edge.tail, line.edge.head) for line in lay_out(graph).lines}
    assert drawn == set(graph.edges)


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=4, unique=True))
def test_any_name_of_a_state_can_be_drawn(names: list[str]) -> None:
    legal = [name for name in names if name.isprintable()] or ["x"]
    graph = Graph({name: Node((name,), "Pass") for name in legal}, {})
    root = ElementTree.fromstring(svg(graph))
    assert {group.get("data-state") for group in root.iter("g") if group.get("data-state")} == set(legal)


def test_the_drawing_says_each_states_result_in_words(history: Parsed) -> None:
    root = ElementTree.fromstring(svg(graph_of(history("failed"))))
    labels = {group.get("data-state"): group.get("aria-label") for group in root.iter("g") if group.get("data-state")}
    assert labels["Ensure Target Template"] == "Ensure Target Template, Task, error caught, 1.1 s"
    assert labels["Launch Instances / Launch Batch"] == "Launch Batch, Task, not reached"


@pytest.mark.parametrize("name", ["happy", "polled", "failed", "aborted", "timed-out"])
def test_the_phases_add_up_to_the_duration(name: str, history: Parsed) -> None:
    parsed = history(name)
    shares = phases.shares(parsed)
    assert sum((share.duration for share in shares), timedelta()) == parsed.duration
    assert sum(share.fraction for share in shares) == pytest.approx(1)


def test_where_the_minutes_went(history: Parsed) -> None:
    spent = {share.phase: share.duration for share in phases.shares(history("happy"))}
    second = timedelta(seconds=1)
    assert spent["boot"] == pytest.approx(timedelta(seconds=240), abs=second)
    assert spent["agents"] == pytest.approx(timedelta(seconds=30), abs=second)
    assert spent["assessment"] == pytest.approx(timedelta(seconds=840), abs=second)
    assert timedelta() < spent["ours"] < timedelta(seconds=60)


def test_the_phases_name_states_that_the_definition_has() -> None:
    assert {*phases.WAITS, *phases.CALLBACKS} <= set(DEFINITION["States"])
    waits = {name for name, state in DEFINITION["States"].items() if state["Type"] == "Wait"}
    assert set(phases.WAITS) == waits


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 ms"), (0.85, "850 ms"), (1.5, "1.5 s"), (9.999, "10.0 s"), (59.7, "1 min 0 s"), (240, "4 min 0 s"),
     (3599.9, "1 h 0 min"), (7261, "2 h 1 min"), (-1, "0 ms")],
)  # fmt: skip
def test_durations_as_a_person_says_them(seconds: float, said: str) -> None:
    assert phases.human(timedelta(seconds=seconds)) == said


def test_the_time_line_has_a_row_a_state_and_a_row_an_iteration(history: Parsed) -> None:
    parsed = history("polled")
    lines = rows(parsed)
    assert [row.label for row in lines if row.state] == list(dict.fromkeys(visit.name for visit in parsed.root.visits))
    assert sum(not row.state for row in lines) == 6
    agents = next(row for row in lines if row.label == "Wait For Agents")
    assert (agents.phase, len(agents.bars)) == ("agents", 3)
    for row in lines:
        for bar in row.bars:
            assert 0 <= bar.left <= bar.left + bar.width <= 100.01


def test_the_axis_has_at_most_eight_round_steps(history: Parsed) -> None:
    marks = [tick.label for tick in ticks(history("happy"))]
    assert marks == ["0", "5 min", "10 min", "15 min"]
