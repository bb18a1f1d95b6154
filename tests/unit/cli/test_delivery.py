"""Where a report goes, and in which formats."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from report_world import World, ami, finding

from golden_ami_cli.delivery import Format, delivery
from golden_ami_cli.errors import UsageError
from golden_ami_cli.main import main

FILES = {
    "report.json", "report.html", "report.txt", "findings.csv", "report.sarif", "report.cdx.json", "junit.xml",
    "report.asff.json",
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "copy")
    made.run("run-1", "2026-03-01T03:00:00Z", [(ami("ami-1"), [finding("CVE-2026-1")])])
    return made


def command(world: World, *options: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["golden-ami", "report", "run-1", "--from", str(world.root), *options])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


def test_formats_are_named_once_in_any_way() -> None:
    given = delivery(["sarif,csv", "CSV", " junit,"], None, Path("d"), placed=True)
    assert given.formats == (Format.SARIF, Format.CSV, Format.JUNIT)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((["sarif,pdf"], Path("f"), None), "there is no such format"),
        ((["sarif,csv"], None, None), "several formats"),
        ((["sarif,csv"], Path("f"), None), "several formats"),
        ((["sarif"], None, None), "stdout has the result"),
        ((None, Path("f"), Path("d")), "exclude each other"),
    ],
)
def test_what_has_no_place_is_refused(given: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        delivery(*given, placed=True)


def test_a_file_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none" / "file"):
        with pytest.raises(UsageError, match="--out"):
            delivery(None, place, None, placed=True).prepare()
    delivery(None, tmp_path / "file", None, placed=True).prepare()
    assert list(tmp_path.iterdir()) == [], "nothing is left before there is a report"


@pytest.mark.parametrize(("options", "names"), [([], FILES), (["-f", "sarif,csv"], {"report.sarif", "findings.csv"})])
def test_a_folder_gets_the_formats(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], names: set[str]
) -> None:
    assert command(world, *options, "--report-dir", str(tmp_path / "out"), "-o", "json") == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    told = json.loads(capsys.readouterr().out)
    assert {Path(path).name for path in told["reports"].values()} == names
    assert (told["runId"], told["verdict"]) == ("run-1", "FAIL")


def test_a_file_gets_one_format_text_where_none_is_named(world: World, tmp_path: Path) -> None:
    for options, start in (([], b"FAIL"), (["-f", "json"], b"{")):
        file = tmp_path / "report"
        assert command(world, *options, "--out", str(file)) == 0
        assert start in file.read_bytes()[:200]


def test_stdout_gets_text_or_what_is_named(world: World, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert command(world) == 0
    assert b"Golden AMIs: FAIL" in capfdbinary.readouterr().out
    for options in (["-o", "json"], ["--format", "json"]):
        assert command(world, *options) == 0
        assert json.loads(capfdbinary.readouterr().out)["verdict"] == "FAIL"
    assert command(world, "-o", "json", "-f", "sarif") == 2
    assert command(world, "-f", "sarif,csv") == 2
