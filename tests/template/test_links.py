"""Links between pages lead somewhere, their anchors included; mkdocs looks at the pages below docs/ only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from documented import PAGES, ROOT

_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)")


def without_blocks(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Those of the headings, as GitHub and mkdocs make them: lower case, no punctuation, a hyphen for each space."""
    titles = re.findall(r"^#+ (.+)$", without_blocks(page.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def broken(page: Path, text: str) -> list[str]:
    """The links of a page's text that lead nowhere."""
    found = []
    for target, anchor in _LINK.findall(without_blocks(text)):
        there = (page.parent / target).resolve() if target else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            found.append(f"{target}#{anchor}" if anchor else target)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page, page.read_text()) == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    text = "[a](operations.md#alarms) [b](operations.md#alarm) [c](operation.md) [d](#what-if) [e](https://example.com)"
    assert broken(ROOT / "docs" / "security.md", text) == ["operations.md#alarm", "operation.md"]
