"""`golden-ami diff`: two runs compared by what is stored of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from evidence import complete_evidence
from report_world import Image, World, ami, finding, package, sample
from rich.console import Console

from golden_ami.models import Evidence, Reason
from golden_ami.report.formats import load
from golden_ami_cli.comparing.comparison import compare
from golden_ami_cli.comparing.model import AmiChanges, Diff
from golden_ami_cli.comparing.output import LISTED, show
from golden_ami_cli.main import main

FIRST, SECOND = "2026-03-01T03:00:00Z", "2026-04-01T03:00:00Z"
CURL = finding("CVE-2026-1", package("curl"), severity="CRITICAL")
SSL, SUDO = finding("CVE-2026-2"), finding("CVE-2026-3", package("sudo"))
PIP = finding("CVE-2026-4", package("requests", manager="PIP"))
NO_AGENT = Reason(code="AGENT_NOT_READY", message="the SSM agent did not answer", remedy="Install it.")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def compared(world: World, before: Sequence[Image], after: Sequence[Image]) -> Diff:
    """Each side AMIs with their findings."""
    first, second = world.run("run-1", FIRST, before), world.run("run-2", SECOND, after)
    return compare(first, second, world.store)


def ids(changes: AmiChanges) -> tuple[list[str], list[str], list[str]]:
    new, fixed, still = ([item.vulnerability for item in found] for found in (changes.new, changes.fixed, changes.open))
    return new, fixed, still


def test_an_ami_is_compared_with_itself(world: World) -> None:
    (changes,) = compared(world, [(ami("ami-1"), [CURL, SSL])], [(ami("ami-1"), [SSL, SUDO])]).amis
    assert (changes.match, ids(changes)) == ("AMI", (["CVE-2026-3"], ["CVE-2026-1"], ["CVE-2026-2"]))
    assert (changes.compared, changes.note) == (True, "")


def test_a_new_ami_is_compared_with_the_newest_of_its_lineage(world: World) -> None:
    before = [(ami("ami-9", name="web-9"), [SUDO]), (ami("ami-10", name="web-10"), [CURL, SSL])]
    diff = compared(world, [*before], [(ami("ami-11", name="web-11"), [SSL])])
    newest, left = diff.amis
    assert newest.before
    assert (newest.match, newest.before.ami_id, ids(newest)) == (
        "LINEAGE", "ami-10", ([], ["CVE-2026-1"], ["CVE-2026-2"])
    )  # fmt: skip
    assert (left.match, left.after, left.compared, left.note) == ("", None, False, "only in run run-1")
    assert (diff.totals.compared, diff.totals.new, diff.totals.fixed, diff.totals.open) == (1, 0, 1, 1)


def test_an_ami_of_another_lineage_is_compared_with_nothing(world: World) -> None:
    new, old = compared(world, [(ami("ami-1"), [CURL])], [(ami("ami-2", lineage="db"), [SSL])]).amis
    assert [(one.match, one.compared, ids(one)) for one in (new, old)] == [("", False, ([], [], []))] * 2
    assert new.note == "only in run run-2"


def test_what_was_not_assessed_is_not_fixed(world: World) -> None:
    (changes,) = compared(world, [(ami("ami-1"), [CURL])], [(ami("ami-1", reason=NO_AGENT), None)]).amis
    assert (changes.compared, ids(changes)) == (False, ([], [], []))
    assert changes.note == "run run-2 has no findings of it: the SSM agent did not answer"


def test_what_a_run_did_not_look_at_is_neither_new_nor_fixed(world: World) -> None:
    missing = Evidence(kind="languagePackages", status="MISSING", detail="not scanned")
    evidence = [missing if one.kind == missing.kind else one for one in complete_evidence()]
    half = ami("ami-1", evidence=evidence)
    (fewer,) = compared(world, [(ami("ami-1"), [CURL, PIP])], [(half, [CURL])]).amis
    assert (ids(fewer), fewer.compared) == (([], [], ["CVE-2026-1"]), True)
    assert "partial" in fewer.note
    (more,) = compared(World(world.root / "more"), [(half, [CURL])], [(ami("ami-1"), [CURL, PIP, SUDO])]).amis
    assert ids(more) == ([], [], ["CVE-2026-1"])
    assert "neither new nor fixed" in more.note


def test_findings_that_are_gone_from_the_bucket_are_not_fixed(world: World) -> None:
    first = world.run("run-1", FIRST, [(ami("ami-1"), [CURL])])
    second = world.run("run-2", SECOND, [(ami("ami-1"), [SSL])])
    (world.root / second.amis[0].standings_key).unlink()
    (changes,) = compare(first, second, world.store).amis
    assert (changes.compared, changes.note) == (False, "the findings of run run-2 are gone")


def test_it_counts_as_the_report_of_the_second_run_does(tmp_path: Path) -> None:
    sampled, report = sample(tmp_path)
    diff = compare(load(sampled.store, "assess-2026-03-01"), report, sampled.store)
    for changes, one in zip(diff.amis, report.amis, strict=False):
        said = one.since_last_run if changes.match == "AMI" else one.since_previous_ami
        if changes.compared and said:
            assert [len(found) for found in (changes.new, changes.fixed, changes.open)] == [
                said.new,
                said.fixed,
                said.open,
            ]
    assert diff.totals.compared == 4


def test_the_verdicts_and_ids_stay_whole_on_80_columns(world: World) -> None:
    many = [finding(f"CVE-2026-{number}") for number in range(LISTED + 5)]
    one, other = "ami-0123456789abcdef0", "ami-0fedcba9876543210"
    name = "web-amazon-linux-2023-arm64"
    before, after = ami(one, name=f"{name}-1"), ami(other, name=f"{name}-2", reason=None)
    diff = compared(world, [(before, [CURL])], [(after, [*many])])
    console = Console(width=80, file=None)
    with console.capture() as captured:
        console.print(show(diff))
    text = captured.get()
    assert max(map(len, text.splitlines())) <= 80
    assert one in text
    assert other in text
    assert "and 5 more" in text
    assert "Name" in text


# ---------------------------------------------------------------- the command


def command(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["golden-ami", "diff", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


def test_a_copy_is_compared_as_json(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    compared(world, [(ami("ami-1"), [CURL])], [(ami("ami-1"), [])])
    assert command("run-1", "run-2", "--from", str(world.root), "-o", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["totals"] == {"compared": 1, "new": 0, "open": 0, "fixed": 1}
    assert told["amis"][0]["fixed"][0]["vulnerability"] == "CVE-2026-1"
    assert (told["before"]["runId"], told["after"]["runId"]) == ("run-1", "run-2")


def test_runs_in_the_wrong_order_are_noted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    compared(world, [(ami("ami-1"), [CURL])], [(ami("ami-1"), [])])
    assert command("run-2", "run-1", "--from", str(world.root)) == 0
    assert "what was fixed reads as new" in capsys.readouterr().err


@pytest.mark.parametrize("runs", [("run-1", "run-1"), ("run-1", "run-9")])
def test_a_run_that_is_not_there_or_the_same_is_refused(
    world: World, capsys: pytest.CaptureFixture[str], runs: tuple[str, str]
) -> None:
    compared(world, [(ami("ami-1"), [CURL])], [(ami("ami-1"), [])])
    assert command(*runs, "--from", str(world.root)) == 2
    assert capsys.readouterr().out == ""
