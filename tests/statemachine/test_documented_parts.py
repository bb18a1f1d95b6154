"""Parts of a configuration within sentences, prices and images that pages show: each is read by its own reader."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from documented import PAGES, ROOT

from golden_ami.configuration.config import parse
from golden_ami.errors import InvalidConfiguration
from golden_ami.usage.prices import known
from golden_ami_cli.prices import own
from golden_ami_emulator.inspector.data import load_images

AMI = {"amiId": "ami-0a1b2c3d4e5f60001"}
POLICY = {"failOn", "onlyFixable", "graceDays", "tolerateKnownExploited", "suppressed", "require", "reportOnly"}
SHOWN = re.compile(r'`("\w+": [^`\n]+|\{"version"[^`\n]+|\[\{"ami-id"[^`\n]+)`')


def configuration(text: str) -> Any:
    """The configuration of which a page shows all, or a member; an AMI's id may be shortened."""
    document = json.loads((text if text[0] in "[{" else f"{{{text}}}").replace("ami-…", AMI["amiId"]).replace("…", ""))
    if isinstance(document, list) or "amis" in document:
        return document
    [name] = document
    part = {"policy": document} if name in POLICY else {"act": document} if name == "dryRun" else document
    return {"amis": [AMI], **part}


def test_what_a_sentence_gives_for_a_configuration_is_accepted() -> None:
    found = [(page.name, text) for page in PAGES for text in SHOWN.findall(page.read_text())]
    assert len(found) >= 8
    for page, text in found:
        parse(json.dumps(configuration(text)), f"{page}: {text}")


def blocks(language: str) -> list[tuple[str, str]]:
    pattern = re.compile(rf"^ *```{language}\n(.*?)^ *```$", flags=re.DOTALL | re.MULTILINE)
    return [(page.relative_to(ROOT).as_posix(), found) for page in PAGES for found in pattern.findall(page.read_text())]


def test_no_block_is_in_a_language_that_nobody_reads() -> None:
    """json: test_documented; toml: below; console, text, none: commands and what they print; mermaid: test_pictures."""
    languages = {name for page in PAGES for name in re.findall(r"^ *```(\w+)$", page.read_text(), flags=re.MULTILINE)}
    assert languages == {"json", "toml", "console", "text", "mermaid"}


def test_prices_that_are_shown_are_read_by_the_command(tmp_path: Path) -> None:
    shown = blocks("toml")
    assert [page for page, _ in shown] == ["docs/cli.md"]
    for _, text in shown:
        (tmp_path / "prices.toml").write_text(text)
        assert set(own(tmp_path / "prices.toml").rows) == {
            "instance_hour.t3.medium",
            "inspector_instance_hour",
        }


def test_the_names_of_prices_are_those_that_the_command_takes() -> None:
    [listed] = re.findall(r"Known names: (.+?)\.\n", (ROOT / "docs" / "cli.md").read_text(), flags=re.DOTALL)
    assert set(re.findall(r"`(\w+)`", listed)) == set(known())


def test_images_that_are_shown_are_read_by_the_emulator(tmp_path: Path) -> None:
    shown = [text for _, text in blocks("text") if text.lstrip().startswith('{"images"')]
    assert len(shown) == 1
    (tmp_path / "images.json").write_text(shown[0])
    held = load_images(tmp_path / "images.json")
    assert (len(held.images), list(held.parameters)) == (1, ["/golden-amis/web"])


def test_a_part_that_the_configuration_does_not_take_is_found() -> None:
    with pytest.raises(InvalidConfiguration, match="reportOnl"):
        parse(json.dumps(configuration('"policy": {"reportOnl": true}')), "a page")
