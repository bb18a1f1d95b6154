"""The graph's drawing as inline SVG. Colours are the page's; a shape says the same as each colour."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from golden_ami_cli.history.graph import END, Graph, Node
from golden_ami_cli.history.layout import HEADER, Box, Drawing, Line, lay_out

LABELS = {
    "succeeded": "succeeded",
    "retried": "succeeded after a retry",
    "caught": "error caught",
    "failed": "failed",
    "timed-out": "timed out",
    "aborted": "aborted",
    "running": "running",
    "not-reached": "not reached",
}
# 16 by 16, stroked in the current colour.
_ICONS = {
    "Task": "M4 3.5h1.6L12 13M8 6.6 4.4 13",
    "Wait": "M8 2.5a5.5 5.5 0 1 0 .01 0M8 5v3.2l2.2 1.6",
    "Choice": "M8 2.2 13.8 8 8 13.8 2.2 8Z",
    "Map": "M2.5 5.5h8v8h-8ZM5.5 5.5v-3h8v8h-3",
    "Parallel": "M4.5 3v10M11.5 3v10",
    "Pass": "M2.5 8h10M9 4.5 12.5 8 9 11.5",
    "Succeed": "M3 8.5 6.5 12 13 4.5",
    "Fail": "M4 4l8 8M12 4l-8 8",
    "succeeded": "M3 8.5 6.5 12 13 4.5",
    "retried": "M12.8 9a5 5 0 1 1-1-4.2M12.5 2v3.2H9.3",
    "caught": "M8 2.5v7M8 12.6v.6",
    "failed": "M4 4l8 8M12 4l-8 8",
    "timed-out": "M4.5 2.5h7M4.5 13.5h7M5.5 2.5c0 4 5 7 5 11M10.5 2.5c0 4-5 7-5 11",
    "aborted": "M4 4h8v8H4Z",
    "running": "M5 3.5 12 8l-7 4.5Z",
    "not-reached": "",
}


def svg(graph: Graph) -> str:
    """The graph as one `<svg>` element; each state is a button with `data-state`, its path joined by " / "."""
    drawing = lay_out(graph)
    width, height = drawing.width + 4, drawing.height + 4
    symbols = "".join(
        f'<symbol id="i-{name}" viewBox="0 0 16 16"><path d="{d}"/></symbol>' for name, d in _ICONS.items()
    )
    body = "".join(_drawing(drawing, 2, 2))
    return (
        f'<svg class="graph" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'role="group" aria-label="State graph"><defs>{symbols}</defs>{body}</svg>'
    )


def _drawing(drawing: Drawing, x: float, y: float) -> Iterator[str]:
    yield f'<g transform="translate({x:.1f} {y:.1f})">'
    for line in sorted(drawing.lines, key=lambda line: line.edge.taken > 0):
        yield _line(line)
    for box in drawing.boxes:
        if box.node is None:
            yield _circle(box)
        else:
            yield from _state(box, box.node)
    yield "</g>"


def _circle(box: Box) -> str:
    radius = box.width / 2
    kind = "end" if box.name == END else "start"
    return f'<circle class="{kind}" cx="{box.x + radius:.1f}" cy="{box.y + radius:.1f}" r="{radius - 1:.1f}"/>'


def _line(line: Line) -> str:
    start, *rest = line.points
    path = f"M{_at(start)}C{' '.join(map(_at, rest))}L{_at(line.tip)}"
    dx, dy = line.tip[0] - line.points[-1][0], line.tip[1] - line.points[-1][1]
    length = (dx * dx + dy * dy) ** 0.5 or 1
    ux, uy = dx / length * 6, dy / length * 6
    back = (line.tip[0] - ux, line.tip[1] - uy)
    head = f"M{_at(line.tip)}L{_at((back[0] - uy / 2, back[1] + ux / 2))}L{_at((back[0] + uy / 2, back[1] - ux / 2))}Z"
    taken = " taken" if line.edge.taken else ""
    return (
        f'<g class="edge {line.edge.kind}{taken}"><path class="shaft" d="{path}"/><path class="head" d="{head}"/></g>'
    )


def _state(box: Box, node: Node) -> Iterator[str]:
    note = node.note
    state = escape(" / ".join(node.path), quote=True)
    label = escape(f"{node.name}, {node.type}, {LABELS[node.status]}" + (f", {note}" if note else ""), quote=True)
    height = HEADER if node.inner else box.height
    middle = height / 2
    yield (
        f'<g class="state s-{node.status}{" outer" if node.inner else ""}" data-state="{state}" role="button" '
        f'tabindex="0" aria-label="{label}" transform="translate({box.x:.1f} {box.y:.1f})"><title>{label}</title>'
        f'<rect class="box" width="{box.width:.1f}" height="{box.height:.1f}" rx="7"/>'
        f'<use class="icon" href="#i-{escape(node.type)}" x="10" y="{middle - 8:.1f}" width="16" height="16"/>'
        f'<use class="mark" href="#i-{node.status}" x="{box.width - 24:.1f}" y="{middle - 7:.1f}" '
        'width="14" height="14"/>'
    )
    lift = 4 if note else -4.5
    yield f'<text class="name" x="34" y="{middle - lift + (2 if note else 0):.1f}">{escape(node.name)}</text>'
    if note:
        yield f'<text class="note" x="34" y="{middle + 11:.1f}">{escape(note)}</text>'
    yield "</g>"
    for at, top, drawing in box.inner:
        yield from _drawing(drawing, box.x + at, box.y + top)


def _at(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"
