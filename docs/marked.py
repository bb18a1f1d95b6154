"""A page of which a part between two markers is generated."""

from __future__ import annotations

from pathlib import Path


def with_part(page: Path, begin: str, end: str, part: str) -> str:
    """The page's text with `part` between its markers. Raises ValueError when the page lacks one of them."""
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{page.name} lacks {begin} or {end}")
    return f"{before}{begin}\n\n{part}\n\n{end}{after}"
