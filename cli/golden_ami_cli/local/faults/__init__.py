"""Faults by name: what can go wrong, laid into the embedded AWS on demand."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from golden_ami_cli.errors import UsageError
from golden_ami_cli.local.faults import executions, functions, messages, services
from golden_ami_cli.local.faults.fault import ALL, LAUNCHING, Fault, Injection

__all__ = ["ALL", "LAUNCHING", "Fault", "Injection", "catalogue", "chosen"]


@cache
def catalogue() -> dict[str, Fault]:
    """Every fault by its name."""
    parts = (functions, services, messages, executions)
    return {fault.name: fault for part in parts for fault in part.faults()}


def chosen(names: Iterable[str]) -> list[Fault]:
    """The faults of these names, and those without which they would not be reached. Raises UsageError."""
    known, found = catalogue(), dict[str, Fault]()
    for name in names:
        if name not in known:
            raise UsageError(f"--fault {name}: no such fault; `golden-ami local faults` lists them")
        for companion in chosen(known[name].companions):
            found.setdefault(companion.name, companion)
        found.setdefault(name, known[name])
    return list(found.values())
