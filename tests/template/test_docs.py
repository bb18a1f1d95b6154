"""What the documentation names exists: alarms, metrics, files, outputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from documented import PAGES, ROOT

from golden_ami import metrics


def test_operations_names_every_alarm_and_metric(full: Any) -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    alarms = {one["Properties"]["AlarmName"] for one in full.of_type("AWS::CloudWatch::Alarm").values()}
    assert {f"gold-{name}" for name in re.findall(r"`<stack>-([a-z-]+)`", text)} == alarms
    assert {name for name in metrics.NAMES if f"`{name}`" in text} == metrics.NAMES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_outputs_that_are_named_exist(page: Path, source: dict[str, Any]) -> None:
    assert set(re.findall(r"outputs? `(\w+)`", page.read_text())) <= set(source["Outputs"])


def test_files_that_the_page_on_security_names_exist() -> None:
    named = set(re.findall(r"`([\w/-]+(?:\.py|\.yaml|/))`", (ROOT / "docs" / "security.md").read_text()))
    assert named
    places = (
        ROOT,
        ROOT / "functions" / "golden_ami",
        ROOT / "cli" / "golden_ami_cli",
        ROOT / "emulator" / "golden_ami_emulator",
    )
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_every_parameter_that_an_upper_case_name_stands_for_exists(source: dict[str, Any]) -> None:
    for page in ("start", "troubleshooting", "operations", "upgrading", "costs"):
        text = (ROOT / "docs" / f"{page}.md").read_text()
        named = set(re.findall(r"`?\b([A-Z][A-Za-z]+)=(?:[a-zA-Z'(])", text))
        assert named - {"Name", "Values", "Key"} <= set(source["Parameters"]), page


def test_every_page_is_in_the_navigation() -> None:
    """`mkdocs build --strict`, which `make docs` runs, refuses one that is not."""
    navigation = (ROOT / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    named = set(re.findall(r": ([\w/.-]+\.md)$", navigation, re.MULTILINE))
    assert named == {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}
