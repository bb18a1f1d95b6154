"""Local runs remember: what one command leaves in a workspace, the next one finds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.adapters.cli.conftest import golden_ami, serving

if TYPE_CHECKING:
    from tests.adapters.cli.conftest import Ended

AMI = "ami-0123456789abcdef0"


def finding(cve: str, severity: str = "HIGH") -> dict[str, Any]:
    package = {"name": "openssl", "version": "3.0.1", "packageManager": "OS", "fixedInVersion": "3.0.2"}
    return {
        "findingArn": f"arn:aws:inspector2:us-east-1:123456789012:finding/{cve}",
        "awsAccountId": "123456789012",
        "type": "PACKAGE_VULNERABILITY",
        "title": f"{cve} - openssl",
        "description": "A vulnerability.",
        "severity": severity,
        "status": "ACTIVE",
        "firstObservedAt": "2026-11-01T00:00:00+00:00",
        "lastObservedAt": "2026-11-01T00:00:00+00:00",
        "resources": [{"id": AMI, "type": "AWS_EC2_INSTANCE"}],
        "packageVulnerabilityDetails": {"vulnerabilityId": cve, "source": "NVD", "vulnerablePackages": [package]},
    }


@dataclass(frozen=True)
class Kept:
    """A workspace, and the runs of which it is left, in their order."""

    folder: Path
    runs: tuple[dict[str, Any], ...]

    def golden_ami(self, *arguments: str) -> Ended:
        ended = golden_ami(*arguments, "--local", "--workspace", str(self.folder))
        assert ended.status == 0, ended.err
        return ended


def assessed(folder: Path, workspace: Path, *cves: str) -> dict[str, Any]:
    config, findings = folder / "amis.json", folder / "findings.json"
    config.write_text(json.dumps({"engine": "ami", "amis": [{"amiId": AMI}]}))
    findings.write_text(json.dumps({"findings": [finding(cve) for cve in cves]}))
    files = ["--config", str(config), "--findings", str(findings), "--workspace", str(workspace)]
    ended = golden_ami("assess", "--local", "--output", "json", *files)
    assert ended.status == 0, ended.err
    answer: dict[str, Any] = ended.json
    return answer


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Two runs of one AMI: one of its two findings goes, another one comes."""
    folder = tmp_path_factory.mktemp("kept")
    first = assessed(folder, folder / "workspace", "CVE-2026-1", "CVE-2026-2")
    return Kept(folder / "workspace", (first, assessed(folder, folder / "workspace", "CVE-2026-2", "CVE-2026-3")))


def test_the_second_run_says_what_is_new_and_fixed(kept: Kept) -> None:
    first, second = kept.runs
    assert first["changes"] is None
    assert second["changes"] == {"compared": 1, "new": 1, "open": 1, "fixed": 1}
    assert second["startedAt"] > first["stoppedAt"], "no run is in the past of the one before it"


def test_both_are_listed(kept: Kept) -> None:
    listed = kept.golden_ami("runs", "--output", "json").json
    assert [row["runId"] for row in listed] == [run["runId"] for run in reversed(kept.runs)]
    assert {(row["status"], row["verdict"], row["failed"]) for row in listed} == {("SUCCEEDED", "FAIL", 1)}


def test_a_past_run_is_followed_to_its_result(kept: Kept) -> None:
    for run in kept.runs:
        ended = kept.golden_ami("watch", run["runId"], "--output", "json")
        assert {name: ended.json[name] for name in ("transitions", "amis", "changes", "stoppedAt")} == {
            name: run[name] for name in ("transitions", "amis", "changes", "stoppedAt")
        }
        assert ended.err.splitlines()[-1].split()[1:] == ["Execution", "succeeded"]


def test_its_report_and_history_are_vouched_for(kept: Kept) -> None:
    run = kept.runs[1]["runId"]
    report = kept.golden_ami("report", run)
    assert "1 new, 1 fixed, 1 still open" in report.out
    assert "nothing vouches" not in report.err
    assert json.loads(kept.golden_ami("history", run, "--output", "json").out)["runId"] == run
    assert "is as it was written" in kept.golden_ami("history", run, "--verify").out


def test_the_configuration_is_kept(kept: Kept) -> None:
    shown = kept.golden_ami("config", "show", "--output", "json").json
    assert [ami["amiId"] for ami in shown["amis"]] == [AMI]
    used = kept.golden_ami("estimate", "--run", kept.runs[0]["runId"], "--output", "json").json
    assert used == kept.runs[0]["usage"]
    checks = {row["check"]: row["cause"] for row in kept.golden_ami("doctor", "--output", "json").json}
    assert checks["configuration"].startswith("1 AMIs in ")


def test_what_a_served_account_held_is_kept_and_its_runs_are_ended(tmp_path: Path) -> None:
    with serving("1", tmp_path) as server:
        started = server.golden_ami("assess", "--stack", "golden-ami", "--detach", "--output", "json")
        assert started.status == 0, started.err
    (run,) = Kept(tmp_path, ()).golden_ami("runs", "--output", "json").json
    assert (run["runId"], run["status"]) == (started.json["runId"], "ABORTED")
    assert run["verdict"] == "NOT_ASSESSED"
