"""Replacing attributes of moto and botocore for as long as an embedded AWS is open."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

_MISSING = object()


class Patches(ExitStack):
    """Attributes replaced while the context is open, restored in reverse order."""

    def set(self, owner: Any, name: str, replacement: Any) -> Any:
        """Replace `owner.name`; returns what stood there. AttributeError when there is nothing to replace."""
        original = getattr(owner, name)
        stored = vars(owner).get(name, _MISSING)  # a class may only inherit it
        setattr(owner, name, replacement)
        self.callback(_restore, owner, name, stored)
        return original

    def supply(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute that `owner` lacks. AttributeError when it has one, which is then ours to compare."""
        if hasattr(owner, name):
            raise AttributeError(f"{owner} has {name} already")
        setattr(owner, name, value)
        self.callback(delattr, owner, name)


def _restore(owner: Any, name: str, stored: Any) -> None:
    if stored is _MISSING:
        delattr(owner, name)
    else:
        setattr(owner, name, stored)
