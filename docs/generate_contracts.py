"""Writes the contracts of the functions into docs/architecture.md, from the Event and Answer type beside each handler.

`python docs/generate_contracts.py` rewrites what stands between the two markers (`make pages`).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from marked import with_part
from msgspec import Struct
from msgspec.structs import fields

FUNCTIONS = Path(__file__).parents[1] / "functions"
sys.path.insert(0, str(FUNCTIONS))

PAGE = Path(__file__).with_name("architecture.md")
BEGIN = "<!-- Below: written by docs/generate_contracts.py from functions/handlers -->"
END = "<!-- Above: written by docs/generate_contracts.py -->"


def table() -> str:
    """A row for each function."""
    lines = ["| Function | Invoked by | Event | Answer |", "| --- | --- | --- | --- |"]
    for name in sorted(path.stem for path in FUNCTIONS.glob("handlers/[!_]*.py")):
        handler = importlib.import_module(f"handlers.{name}")
        event, answer = members(handler.Event, may_lack="?"), members(handler.Answer)
        lines.append(f"| {name} | {handler.Event.sender} | {', '.join(event)} | {', '.join(answer) or '{}'} |")
    return "\n".join(lines)


def members(kind: type[Struct], within: str = "", may_lack: str = "") -> Iterator[str]:
    """A type's members as they are outside; those with a default are followed by `may_lack`."""
    for field in fields(kind):
        path = f"{within}{field.encode_name}"
        if _is_struct(field.type):
            yield from members(field.type, f"{path}.", may_lack)
        else:
            yield path if field.required else path + may_lack


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def page() -> str:
    """The page with its table. Raises ValueError when it lacks the markers."""
    return with_part(PAGE, BEGIN, END, table())


if __name__ == "__main__":
    PAGE.write_text(page())
