"""The pictures of the state machine show what the definition has."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from states import all_states, containers, ways_out

ROOT = Path(__file__).parents[2]
TOP = next(containers())
WORKING = {name for name, state in TOP.items() if state["Type"] in ("Task", "Map")}

TEXT = (ROOT / "docs" / "architecture.md").read_text()


def heads(name: str) -> set[str]:
    return {head for _, head in ways_out(TOP[name]) if head}


def test_the_drawing_is_up_to_date() -> None:
    path = ROOT / "docs" / "generate_graph.py"
    spec = importlib.util.spec_from_file_location("generate_graph", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    drawing = (ROOT / "docs" / "images" / "state-machine.svg").read_text()
    assert module.page() == drawing, "make pages"
    assert {name for name in all_states() if f">{name}</text>" in drawing} == set(all_states())


def readme() -> tuple[dict[str, str], set[tuple[str, str]]]:
    """The states of the README's picture by their keys, and the arrows between them."""
    [picture] = re.findall(r"```mermaid\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    labels = dict(re.findall(r'(\w+)\["(.*?)"\]', picture))
    shown = {key: re.sub(r"<br/>", " ", label.partition("<br/><i>")[0]) for key, label in labels.items()}
    bare = re.sub(r'\(?[\[(]+".*?"[\])]+|-- ".*?" ', lambda match: "-- " if match[0].startswith("--") else "", picture)
    arrows = set()
    for tail, arrow, head in re.findall(r"(\w+) (<?-- ?-?->|<?-->) (\w+)", bare):
        arrows |= {(tail, head), (head, tail)} if arrow.startswith("<") else {(tail, head)}
    return shown, {(tail, head) for tail, head in arrows if tail in shown and head in shown}


def test_the_picture_of_the_readme_has_every_state_that_works() -> None:
    shown, _ = readme()
    assert WORKING <= set(shown.values()) <= set(TOP)


def test_the_arrows_of_the_readme_are_ways_of_the_definition() -> None:
    shown, arrows = readme()
    hidden = set(TOP) - set(shown.values())
    assert len(arrows) >= len(shown)
    for tail, head in arrows:
        ahead, seen = heads(shown[tail]), set[str]()
        while between := (ahead & hidden) - seen:
            seen |= between
            ahead |= {each for name in between for each in heads(name)}
        assert shown[head] in ahead, f"{shown[tail]} does not lead to {shown[head]}"


def test_no_arrow_is_missing_in_the_readme_where_nothing_fails() -> None:
    shown, arrows = readme()
    keys = {name: key for key, name in shown.items()}
    for name in keys:
        following = TOP[name].get("Next")
        if following in keys:
            assert (keys[name], keys[following]) in arrows, name


def test_the_run_in_the_architecture_names_the_states() -> None:
    [run] = re.findall(r"## One run\n\n```\n(.*?)```", TEXT, flags=re.DOTALL)
    named = re.findall(r"^((?:[A-Z][a-z]+ ?)+\??)(?= {2}| <)", run, flags=re.MULTILINE)
    assert WORKING <= {name.strip() for name in named} <= set(TOP)
