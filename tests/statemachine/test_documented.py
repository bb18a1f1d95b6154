"""Every configuration in README and docs, run as it stands by the command that the pages give."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from golden_ami.configuration.config import schema
from golden_ami_cli.main import main

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), ROOT / "samples" / "README.md"])
SAMPLE = ROOT / "samples" / "configuration.json"
NOT_LOCAL = re.compile(r"<!-- (assess --local does not [^>]+) -->\n\n$")
# Inputs, and the output of an execution: not configurations.
INPUTS = [{"AMIsParamName"}, {"AMIsParamName", "dryRun"}, {"document", "version"}, {"dryRun"},
          {"runId", "verdict", "amis", "report", "history"}]  # fmt: skip


class Block:
    """A JSON block of a page; `reason` is why a local run does not assess all of it, "" when it must."""

    def __init__(self, page: Path, text: str, before: str) -> None:
        self.name = f"{page.relative_to(ROOT).as_posix()}:{before.count(chr(10)) + 1}"
        self.document: Any = json.loads(text)
        marked = NOT_LOCAL.search(before)
        self.reason = marked[1] if marked else ""

    def whole(self) -> Any:
        """The configuration; a part of one with the sample's AMIs, and without what only the sample has."""
        if isinstance(self.document, list) or "amis" in self.document:
            return self.document
        return {"amis": json.loads(SAMPLE.read_text())["amis"][-1:], **self.document}


def blocks() -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text()
        for found in re.finditer(r"^ *```json\n(.*?)^ *```$", text, flags=re.DOTALL | re.MULTILINE):
            block = Block(page, found[1], text[: found.start()])
            if not isinstance(block.document, dict) or set(block.document) not in INPUTS:
                yield block


BLOCKS = list(blocks())


def assess(monkeypatch: pytest.MonkeyPatch, document: Any, folder: Path) -> tuple[int, Any, str]:
    """`golden-ami assess --local --config amis.json --output json --gate`: exit status, answer, what stderr says."""
    config = folder / "amis.json"
    config.write_text(json.dumps(document))
    arguments = ["assess", "--local", "--config", str(config), "--output", "json", "--gate"]
    monkeypatch.setattr(sys, "argv", ["golden-ami", *arguments])
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main()
    assert out.getvalue(), err.getvalue()
    return int(ended.value.code or 0), json.loads(out.getvalue()), err.getvalue()


def test_readme_has_one_whole_configuration_and_every_page_is_read() -> None:
    whole = [block for block in BLOCKS if isinstance(block.document, dict) and "amis" in block.document]
    pages = [block.name.partition(":")[0] for block in whole]
    assert pages.count("README.md") == 1
    assert {"docs/start.md", "docs/places.md"} <= set(pages)
    assert len(BLOCKS) >= 6
    known = set(schema()["$defs"]["configuration"]["properties"])
    for block in BLOCKS:
        assert isinstance(block.document, list) or set(block.document) <= known, block.name


@pytest.mark.parametrize("block", BLOCKS, ids=[block.name for block in BLOCKS])
def test_a_documented_configuration_runs(block: Block, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    status, answer, said = assess(monkeypatch, block.whole(), tmp_path)
    assert answer["executionStatus"] == "SUCCEEDED"
    unassessed = [ami["amiId"] for ami in answer["amis"] if ami["verdict"] == "NOT_ASSESSED"]
    assert bool(unassessed) == bool(block.reason), said
    assert all(ami in said for ami in unassessed), "a note tells of each"
    assert status == (4 if unassessed else 0) or answer["verdict"] == "FAIL"
    assert answer["instances"]["running"] == 0


def test_what_the_stack_may_not_read_is_told_with_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """README's example as it once stood."""
    amis = [{"amiId": "ami-0123456789abcdef0"}, {"amiId": "resolve:ssm:/golden/web/latest", "engine": "ami"}]
    status, answer, _ = assess(monkeypatch, {"version": 1, "amis": amis}, tmp_path)
    assert (status, answer["executionStatus"]) == (4, "SUCCEEDED")
    verdicts = {ami["amiId"]: ami["verdict"] for ami in answer["amis"]}
    assert verdicts == {"ami-0123456789abcdef0": "PASS", "resolve:ssm:/golden/web/latest": "NOT_ASSESSED"}
    assert "AmiParameterPath=/golden/web/" in json.dumps(answer)
