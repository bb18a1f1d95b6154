"""The history in the terminal: a tree of states with what each took and what went wrong in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from golden_ami.characters import printable
from golden_ami.history.mask import masked_text
from golden_ami_cli.history.model import ExecutionHistory, Frame, StateStatus, Visit, worst
from golden_ami_cli.history.phases import human, shares
from golden_ami_cli.history.readable import cut, readable

ITERATIONS = 60  # of one Map; more are counted, the remarkable ones first
LOOP, ROUNDS = 6, 3  # a loop of at most so many states is one line from so many rounds on
CAUSE = 400  # characters

_MARKS: dict[StateStatus, tuple[str, str]] = {
    "succeeded": ("✓", "green"),
    "retried": ("↻", "magenta"),
    "caught": ("!", "yellow"),
    "failed": ("✗", "red"),
    "timed-out": ("⧗", "red"),
    "aborted": ("■", "bright_black"),
    "running": ("▶", "blue"),
    "not-reached": ("·", "bright_black"),
}


def tree(history: ExecutionHistory) -> RenderableType:
    """The execution as a tree, and where its time went. Colour repeats what the signs and words say."""
    title = Text.assemble(
        (printable(history.run_id), "bold"), "  ", history.status.replace("_", " "), f"  {human(history.duration)}"
    )
    if history.verdict:
        title.append(f"  {history.verdict.replace('_', ' ')}", "bold")
    if history.started_by:
        title.append(f"\nstarted by {printable(readable(history.started_by))}", "bright_black")
    root = Tree(title, guide_style="bright_black")
    _add(root, history.root)
    if history.error:
        root.add(_error(history.error, history.cause))
    return Group(root, Text(), _shares(history))


def _add(branch: Tree, frame: Frame) -> None:
    for count, visits in _rounds(frame.visits):
        if count > 1:
            branch.add(_repeated(count, visits))
        else:
            _visit(branch, visits[0])


def _visit(branch: Tree, visit: Visit) -> None:
    node = branch.add(_line(visit))
    for attempt in visit.attempts:
        if attempt.failed:
            node.add(_error(f"attempt {attempt.number}: {attempt.error}", attempt.cause))
    for inner in _shown(visit.frames):
        _add(node.add(_iteration(inner)), inner)
    if len(visit.frames) > ITERATIONS:
        node.add(Text(f"… and {len(visit.frames) - ITERATIONS} more", "bright_black"))


def _rounds(visits: Sequence[Visit]) -> Iterator[tuple[int, Sequence[Visit]]]:
    """The visits one by one, but a loop that went round several times alike as one: its count and all its visits."""
    kinds = [(visit.name, visit.status, bool(visit.frames)) for visit in visits]
    at = 0
    while at < len(visits):
        count, length = _loop(kinds, at)
        yield count, visits[at : at + count * length]
        at += count * length


def _loop(kinds: Sequence[tuple[str, StateStatus, bool]], at: int) -> tuple[int, int]:
    """How often the longest repetition from here on repeats, and how many states it has; (1, 1) when there is none."""
    for length in range(1, LOOP + 1):
        once, count = kinds[at : at + length], 1
        while kinds[at + count * length : at + (count + 1) * length] == once:
            count += 1
        if count >= ROUNDS and not any(nested for *_, nested in once):
            return count, length
    return 1, 1


def _repeated(count: int, visits: Sequence[Visit]) -> Text:
    once = visits[: len(visits) // count]
    status = worst(visit.status for visit in once)
    took = sum((visit.duration for visit in visits), timedelta())
    return _entry(status, f"{count} rounds of {', '.join(visit.name for visit in once)}", took, dim=False)


def _shown(frames: Sequence[Frame]) -> Sequence[Frame]:
    if len(frames) <= ITERATIONS:
        return frames
    return sorted(frames, key=lambda frame: frame.status == "succeeded")[:ITERATIONS]


def _line(visit: Visit) -> Text:
    return _entry(visit.status, visit.name, visit.duration, dim=visit.type in ("Choice", "Pass"))


def _iteration(frame: Frame) -> Text:
    took = (frame.ended or frame.started) - frame.started if frame.started and frame.ended else timedelta()
    return _entry(frame.status, frame.label, took, dim=False)


def _entry(status: StateStatus, name: str, took: timedelta, *, dim: bool) -> Text:
    mark, colour = _MARKS[status]
    line = Text.assemble((mark, colour), " ", (printable(name), "bright_black" if dim else ""))
    if not dim or took >= timedelta(seconds=1):
        line.append(f"  {human(took)}", "cyan")
    if status != "succeeded":
        line.append(f"  {status.replace('-', ' ')}", colour)
    return line


def _error(error: str, cause: str) -> Text:
    line = Text(printable(masked_text(error)), "red")
    if cause:
        line.append(f"  {printable(' '.join(cut(readable(cause), CAUSE).split()))}", "default")
    return line


def _shares(history: ExecutionHistory) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right", style="cyan")
    table.add_column(justify="right")
    for share in shares(history):
        table.add_row(share.label, human(share.duration), f"{share.fraction:.1%}")
    return table
