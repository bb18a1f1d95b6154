"""`golden-ami open`: the address of a run's page."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from report_world import World, ami, finding

from golden_ami_cli.main import main
from golden_ami_cli.runs import opening
from golden_ami_cli.runs.stored import StoredRuns


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(typer, "launch", found.append)
    return found


def command(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["golden-ami", "open", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


@pytest.fixture
def ran(world: World) -> World:
    world.run("run-1", "2026-03-01T03:00:00Z", [(ami("ami-1"), [finding("CVE-2026-1")])])
    return world


def test_a_copied_run_is_a_file(
    ran: World, launched: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pages").mkdir()
    monkeypatch.setattr(opening, "mkdtemp", lambda **_: str(tmp_path / "pages"))
    assert command("run-1", "--from", str(ran.root)) == 0
    address = capsys.readouterr().out.strip()
    assert launched == [address]
    assert "CVE-2026-1" in Path(address.removeprefix("file://")).read_text(encoding="utf-8")


def test_a_run_of_a_stack_is_a_presigned_link(
    ran: World, launched: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def presigned(operation: str, **given: Any) -> str:
        assert (operation, given["ExpiresIn"]) == ("get_object", 900)
        return "https://{Bucket}/{Key}".format(**given["Params"])

    s3 = SimpleNamespace(generate_presigned_url=presigned)
    account: Any = SimpleNamespace(vouches_for=lambda _: True, bucket="b", client=lambda _: s3)
    monkeypatch.setattr(opening, "stored", lambda *_, **__: StoredRuns(ran.store, account))
    assert command("run-1", "--no-browser", "-o", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"runId": "run-1", "address": "https://b/runs/run-1/report.html"}
    assert launched == []


def test_a_run_that_is_not_there_opens_nothing(ran: World, launched: list[str]) -> None:
    assert command("nobody", "--from", str(ran.root)) == 2
    assert launched == []
