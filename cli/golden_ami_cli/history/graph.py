"""The state graph of a definition, and what one execution did in it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from golden_ami_cli.history.model import ExecutionHistory, Frame, StateStatus, Visit, worst
from golden_ami_cli.history.phases import human

Path = tuple[str, ...]
_LASTING = frozenset({"Task", "Map", "Parallel", "Wait"})
START, END = "·start", "·end"  # the console's two circles


@dataclass(slots=True)
class Edge:
    """A transition of the definition. `taken` counts how often the execution made it."""

    tail: str
    head: str
    kind: str  # "next", "choice" or "catch"; the first of these when there are several between two states
    taken: int = 0


@dataclass(slots=True)
class Node:
    """A state. `inner` holds the graphs inside a Map (one) or a Parallel (one a branch)."""

    path: Path
    type: str
    comment: str = ""
    status: StateStatus = "not-reached"
    visits: int = 0
    retries: int = 0
    caught: int = 0
    duration: timedelta = timedelta()  # of all visits together
    inner: list[Graph] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def note(self) -> str:
        """What stands under the name: how often, what went wrong on the way, how long."""
        parts = [f"{self.visits}×"] if self.visits > 1 else []  # noqa: RUF001
        if self.caught and self.visits > 1:
            parts.append(f"{self.caught} caught")
        if self.retries:
            parts.append(f"{self.retries} {'retry' if self.retries == 1 else 'retries'}")
        if self.visits and self.type in _LASTING:
            parts.append(human(self.duration))
        return " · ".join(parts)


@dataclass(slots=True)
class Graph:
    """The states of one level and the transitions between them."""

    nodes: dict[str, Node]
    edges: dict[tuple[str, str], Edge]

    def walk(self) -> Iterator[Node]:
        """Every state of this graph and of those inside it."""
        for node in self.nodes.values():
            yield node
            for graph in node.inner:
                yield from graph.walk()


def graph_of(history: ExecutionHistory) -> Graph:
    """The definition's graph with what happened marked in it."""
    graph = read(history.definition)
    by_path: dict[Path, list[Visit]] = {}
    for visit in history.visits():
        by_path.setdefault(visit.path, []).append(visit)
    for node in graph.walk():
        _mark(node, by_path.get(node.path, []))
    _count(graph, [history.root])
    return graph


def read(definition: Mapping[str, Any], around: Path = ()) -> Graph:
    """The graph of a definition, or of the part of one that is in the states of the path `around`."""
    nodes, edges = {}, {}
    states = _ordered(definition)
    for name, state in states.items():
        path = (*around, name)
        node = Node(path, str(state.get("Type")), str(state.get("Comment") or ""))
        node.inner = [read(inner, path) for inner in _inside(state)]
        nodes[name] = node
    first = Edge(START, str(definition.get("StartAt")), "next")
    edges[first.tail, first.head] = first
    for name, state in states.items():
        for head, kind in _transitions(state):
            edges.setdefault((name, head), Edge(name, head, kind))
    return Graph(nodes, edges)


def _ordered(definition: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The states as they are come upon from the start, so that the drawing does not depend on the text's order."""
    states: Mapping[str, Mapping[str, Any]] = definition.get("States", {})
    found: dict[str, Mapping[str, Any]] = {}
    ahead = [str(definition.get("StartAt"))]
    while ahead:
        name = ahead.pop()
        if name in states and name not in found:
            found[name] = states[name]
            ahead += [head for head, _ in reversed(list(_transitions(states[name])))]
    return found | {name: state for name, state in states.items() if name not in found}


def _inside(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    processor = state.get("ItemProcessor") or state.get("Iterator")
    return [processor] if processor else list(state.get("Branches", []))


def _transitions(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if state.get("Next"):
        yield state["Next"], "next"
    if state.get("End") or state.get("Type") in ("Succeed", "Fail"):
        yield END, "next"
    if state.get("Default"):
        yield state["Default"], "choice"
    for choice in state.get("Choices", []):
        yield choice["Next"], "choice"
    for catcher in state.get("Catch", []):
        yield catcher["Next"], "catch"


def _mark(node: Node, visits: list[Visit]) -> None:
    node.visits = len(visits)
    node.status = worst(visit.status for visit in visits)
    node.duration = sum((visit.duration for visit in visits), timedelta())
    node.retries = sum(max(0, len(visit.attempts) - 1) for visit in visits)
    node.caught = sum(visit.status == "caught" for visit in visits)
    if node.status == "succeeded" and node.inner:
        inside = worst(frame.status for visit in visits for frame in visit.frames)
        node.status = inside if inside in ("caught", "retried") else "succeeded"


def _count(graph: Graph, frames: Iterable[Frame]) -> None:
    """Count the transitions made in these frames, all of them runs of this graph."""
    taken: Counter[tuple[str, str]] = Counter()
    inner: dict[tuple[str, int], list[Frame]] = {}
    for frame in frames:
        names = [START, *(visit.name for visit in frame.visits)]
        if frame.visits and frame.status in ("succeeded", "caught", "retried", "failed"):
            names.append(END)
        taken.update(itertools.pairwise(names))
        for visit in frame.visits:
            for each in visit.frames:
                branch = each.index if visit.type == "Parallel" else 0
                inner.setdefault((visit.name, branch), []).append(each)
    for key, count in taken.items():
        if key in graph.edges:
            graph.edges[key].taken = count
    for (name, branch), each_frames in inner.items():
        node = graph.nodes.get(name)
        if node and branch < len(node.inner):
            _count(node.inner[branch], each_frames)
