"""Writes docs/codes.md from the code: every reason why an AMI is NOT ASSESSED, every error by which a run fails."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

FUNCTIONS = Path(__file__).parents[1] / "functions"
sys.path.insert(0, str(FUNCTIONS))

from golden_ami import errors  # noqa: E402
from golden_ami.engines.ami import coverage as on_demand  # noqa: E402
from golden_ami.engines.instance import coverage  # noqa: E402
from golden_ami.instances import refusals  # noqa: E402

HEAD = """# Reasons and errors

<!-- Written by docs/generate_codes.py from the code; a test holds the two together. -->

An AMI that is NOT ASSESSED carries a reason: a code, what happened, and what to do. The report says all three with the
names of the case; … stands for those here. A run that fails carries an error's name and a cause.
"""
FROM_TABLES = {
    "golden_ami/instances/refusals.py",
    "golden_ami/engines/coverage.py",
}  # their reasons are rows of tables, read as such


class Row(NamedTuple):
    """One reason as the page shows it."""

    code: str
    what: str
    remedy: str


def text(node: ast.expr | None, names: dict[str, list[ast.expr]]) -> list[str]:
    """The texts that an expression can be, with … for what is known only at run time."""
    match node:
        case ast.Constant(value=str(value)):
            return [value]
        case ast.JoinedStr(values=values):
            return ["".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in values)]
        case ast.IfExp(body=body, orelse=orelse):
            return text(body, names) + text(orelse, names)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [one + other for one in text(left, names)[:1] for other in text(right, names)[:1]]
        case ast.Name(id=name) if name in names:
            return [one for value in names[name] for one in text(value, {})]
    return ["…"]


def assigned(nodes: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    """What is assigned to each name by the given nodes."""
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
    return found


def either(words: list[str]) -> str:
    """The texts that can stand in one place; what says nothing only where nothing else is said."""
    return "; or: ".join(dict.fromkeys(one for one in words if one != "…")) or "…"


def reasons_of(path: Path) -> Iterator[Row]:
    """The reasons that a module makes. Raises ValueError when a code cannot be read from the code."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    scopes = [
        (node, assigned(tree.body) | assigned(ast.walk(function)))
        for function in functions
        for node in ast.walk(function)
    ]
    scopes += [
        (node, assigned(tree.body)) for top in tree.body if isinstance(top, ast.Assign) for node in ast.walk(top)
    ]
    for node, names in scopes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason"):
            continue
        given = dict(zip(("code", "message", "remedy"), node.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        codes = text(given["code"], names)
        if any("…" in code for code in codes):
            raise ValueError(
                f"{path.name}:{node.lineno}: the reason's code is not a text: {ast.unparse(given['code'])}"
            )
        what, remedy = (either(text(given[name], names)) for name in ("message", "remedy"))
        yield from (Row(code, what, remedy) for code in codes)


def reasons() -> list[Row]:
    """Every reason, by its code; one code may have several causes."""
    rows = {
        row
        for path in FUNCTIONS.rglob("*.py")
        if path.relative_to(FUNCTIONS).as_posix() not in FROM_TABLES
        for row in reasons_of(path)
    }
    by_outcome: dict[tuple[str, str], list[str]] = {("LAUNCH_REFUSED", "correct what EC2 names"): ["any other refusal"]}
    for name, outcome in refusals._TABLE.items():
        by_outcome.setdefault(outcome, []).append(name)
    rows |= {
        Row(code, f"EC2 did not launch the AMI: {', '.join(names)}", remedy)
        for (code, remedy), names in by_outcome.items()
    }
    tables = {"": coverage.GRACE_THEN_FAIL | coverage.FAIL, "AMI scan: ": on_demand.ON_DEMAND}
    for prefix, table in tables.items():
        rows |= {Row(f"INSPECTOR_{name}", prefix + cause.what, cause.remedy) for name, cause in table.items()}
    return sorted(rows)


def faults(base: type[Exception] = errors.AssessmentError) -> Iterator[type[Exception]]:
    """The errors that a function may end with."""
    for kind in base.__subclasses__():
        if kind is not errors.Retriable:
            yield kind
        yield from faults(kind)


def cell(words: str) -> str:
    words = re.sub("…[… ]*…", "…", " ".join(words.split()))
    return "as the report says" if words == "…" else words.replace("|", "\\|").replace("<", "&lt;")


def page() -> str:
    """The page's Markdown."""
    lines = [HEAD, "## Reasons", "", "| Code | What happened | What to do |", "| --- | --- | --- |"]
    lines += [f"| `{row.code}` | {cell(row.what)} | {cell(row.remedy)} |" for row in reasons()]
    lines += ["", "## Errors", "", "| Error | Meaning | Tried again |", "| --- | --- | --- |"]
    for kind in sorted(faults(), key=lambda kind: kind.__name__):
        again = "yes" if issubclass(kind, errors.Retriable) else "no"
        lines.append(f"| `{kind.__name__}` | {cell(inspect.getdoc(kind) or '')} | {again} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(page())
