"""Faults by name: what can go wrong, laid into the embedded AWS on demand."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from golden_ami_emulator.faults import evidence, executions, functions, messages, services
from golden_ami_emulator.faults.fault import ALL, LAUNCHING, InjectableFault, Injection

__all__ = ["ALL", "LAUNCHING", "InjectableFault", "Injection", "UnknownFault", "catalogue", "chosen"]


class UnknownFault(LookupError):
    """No fault has the name that is this error's argument."""


@cache
def catalogue() -> dict[str, InjectableFault]:
    """Every fault by its name."""
    parts = (functions, services, evidence, messages, executions)
    return {fault.name: fault for part in parts for fault in part.faults()}


def chosen(names: Iterable[str]) -> list[InjectableFault]:
    """The faults of these names, and those without which they would not be reached. Raises UnknownFault."""
    known, found = catalogue(), dict[str, InjectableFault]()
    for name in names:
        if name not in known:
            raise UnknownFault(name)
        for companion in chosen(known[name].companions):
            found.setdefault(companion.name, companion)
        found.setdefault(name, known[name])
    return list(found.values())
