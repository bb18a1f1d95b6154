"""The catalogue of reasons: each code is in it once, each cause is used, and each caller gives the fields."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from golden_ami.configuration import catalog
from golden_ami.engines.ami.coverage import ON_DEMAND
from golden_ami.engines.instance.coverage import FAIL, GRACE_THEN_FAIL
from golden_ami.instances.refusals import TABLE
from golden_ami.models import Reason
from golden_ami.reasons import incomplete, inspector, launching, loading, reporting, scanning, tagging
from golden_ami.reasons.cause import Cause

ROOT = Path(__file__).parents[3]
CATALOGUE = ROOT / "functions/golden_ami/reasons"
SUBJECTS = {"loading": loading, "launching": launching, "scanning": scanning, "inspector": inspector}
SUBJECTS |= {"incomplete": incomplete, "reporting": reporting, "tagging": tagging}
CAUSES = {
    f"{subject}.{name}": one
    for subject, module in SUBJECTS.items()
    for name, one in vars(module).items()
    if isinstance(one, Cause)
}
CODES = {cause.code for cause in CAUSES.values()}
NAMED = GRACE_THEN_FAIL | FAIL, ON_DEMAND  # by Amazon Inspector's names


def fields(cause: Cause) -> set[str]:
    texts = (cause.code, cause.message, cause.remedy)
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}


@cache
def modules() -> dict[Path, ast.Module]:
    return {
        path: ast.parse(path.read_text())
        for folder in ("functions", "cli", "emulator")
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


def elsewhere() -> dict[Path, ast.Module]:
    return {path: tree for path, tree in modules().items() if CATALOGUE not in path.parents}


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def named_causes(node: ast.AST) -> set[str]:
    """The causes that are named below a node."""
    found = {
        f"{one.value.id}.{one.attr}"
        for one in ast.walk(node)
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name)
    }
    return found & CAUSES.keys()


def calls() -> Iterator[tuple[str, str, set[str | None]]]:
    """Where a cause that is named is called: the place, its name, and the fields that are given."""
    for path, tree in elsewhere().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                for name in named_causes(node.func):
                    yield f"{path.name}:{node.lineno}", name, {keyword.arg for keyword in node.keywords}


def codes_spelled() -> Iterator[tuple[str, str]]:
    """Each code in a text, and where. An f-string has its texts in parts, so one may end in `INSPECTOR_`."""
    names = "|".join(name for table in NAMED for name in table)
    plain = "|".join(code for code in CODES if "{" not in code)
    pattern = re.compile(rf"(?<!\w)(?:(INSPECTOR_)(?:{names}|\{{\w+\}}|\Z)|({plain}))(?!\w)")
    for path, tree in modules().items():
        for line, text in texts(tree):
            for from_name, code in pattern.findall(text):
                yield from_name or code, f"{path.relative_to(ROOT).as_posix()}:{line}"


def test_a_code_is_spelled_once_and_in_the_catalogue() -> None:
    spelled = list(codes_spelled())
    assert [place for _, place in spelled if not place.startswith("functions/golden_ami/reasons/")] == []
    assert sorted(code for code, _ in spelled) == sorted(code.replace("{name}", "") for code in CODES)


def test_reasons_are_made_by_the_catalogue_only() -> None:
    made = [
        f"{path.name}:{node.lineno}"
        for path, tree in elsewhere().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason"
    ]
    assert made == []


def test_each_cause_is_used() -> None:
    used = set().union(*(named_causes(tree) for tree in modules().values()))
    assert CAUSES.keys() - used == set()


def test_callers_give_the_fields() -> None:
    found = list(calls())
    assert len(found) > 30
    assert [(place, name, given) for place, name, given in found if given != fields(CAUSES[name])] == []


@pytest.mark.parametrize(
    ("causes", "given"),
    [
        (TABLE.values(), fields(launching.LAUNCH_REFUSED)),
        (catalog._NOT_AVAILABLE.values(), fields(loading.AMI_NOT_AVAILABLE)),
        ([scanning.ENGINE_BUSY, scanning.ENGINE_UNAVAILABLE], {"error"}),
        ((GRACE_THEN_FAIL | FAIL).values(), {"name", "resource"}),
        (ON_DEMAND.values(), fields(inspector.AMI_SCAN_REFUSED)),
    ],
    ids=["refusals", "states", "engines", "instances", "images"],
)
def test_causes_of_one_table_take_the_same_fields(causes: list[Cause], given: set[str]) -> None:
    assert [cause for cause in causes if fields(cause) != given] == []


@pytest.mark.parametrize("name", sorted(CAUSES))
def test_a_cause_is_complete_with_its_fields(name: str) -> None:
    cause = CAUSES[name]
    step, _, seen = cause.when.partition(": ")
    assert step
    assert seen
    reason = cause(**{field: f"<{field}>" for field in fields(cause)})
    assert all((reason.code, reason.message, reason.remedy))
    for text in (reason.code, reason.message, reason.remedy):
        assert not re.search(r"[][{}]", text)


def test_the_page_has_every_code_and_no_other() -> None:
    page = (ROOT / "docs/codes.md").read_text().partition("## Errors")[0]
    written = set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))
    by_name = {cause.code.format(name=name) for table in NAMED for name, cause in table.items()}
    assert written == CODES | by_name


def test_a_part_in_brackets_needs_its_field() -> None:
    cause = Cause("A_CODE", "A Step: seen", "it is {state}[: {why}]", "do this[, like {this}]")
    assert cause(state="gone", why="[x] {y}", this=None) == Reason("A_CODE", "it is gone: [x] {y}", "do this")
    assert cause(state="gone", why="", this="that") == Reason("A_CODE", "it is gone", "do this, like that")
    with pytest.raises(KeyError):
        cause(state="gone")


def test_another_cause_has_the_same_code() -> None:
    cause = Cause("A_CODE", "A Step: seen", "what", "do")
    assert cause.also("A Step: heard") == Cause("A_CODE", "A Step: heard", "what", "do")
    assert cause.also("A Step: heard", "why", "act") == Cause("A_CODE", "A Step: heard", "why", "act")
