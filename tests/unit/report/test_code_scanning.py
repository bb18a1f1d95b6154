"""SARIF as code-scanning views read it: an alert stays the same for each build of a lineage; Microsoft's validator."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from report_world import World, ami, fault, finding, package, run_of

from golden_ami.models import Ami, Finding, Reason
from golden_ami.report.model import Report

NODE_MODULES = Path(__file__).parents[3] / "node_modules"
REQUIRED = "GOLDEN_AMI_SARIF_MULTITOOL" in os.environ  # as in `make audit`
PROGRAMS = sorted(NODE_MODULES.glob("@microsoft/sarif-multitool-*/Sarif.Multitool"))


def _run(world: World, number: int, *images: tuple[Ami, list[Finding]]) -> dict[str, Any]:
    report = world.run(f"run-{number}", f"2026-04-0{number}T03:00:00Z", list(images))
    (found,) = json.loads(world.rendered(report.run.run_id, "sarif"))["runs"]
    assert isinstance(found, dict)
    return found


def _tracked(run: dict[str, Any]) -> list[Any]:
    """What GitHub tells the alerts of an upload by."""
    return [
        (
            run["automationDetails"]["id"].rpartition("/")[0],
            result["ruleId"],
            result["locations"][0]["physicalLocation"],
            result["partialFingerprints"],
        )
        for result in run["results"]
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (package("glibc", "2.34"), package("glibc", "2.35")),
        (package("glibc", architecture="X86_64"), package("glibc", architecture="ARM64")),
        (
            package("urllib3", path="vol-0123456789abcdef0:/p1:usr/lib/urllib3-1.26.5.dist-info/METADATA"),
            package("urllib3", path="vol-0fedcba9876543210:/p1:usr/lib/urllib3-1.26.6.dist-info/METADATA"),
        ),
        (package("linux-image-6.1.0-18-cloud-amd64"), package("linux-image-6.1.0-20-cloud-amd64")),
    ],
    ids=["version", "architecture", "path", "kernel"],
)
def test_an_alert_is_the_same_for_each_build_of_a_lineage(world: World, before: Any, after: Any) -> None:
    runs = [
        _run(world, number, (ami(f"ami-{number}", name=f"web-{number}"), [finding("CVE-1", each, arn=f"a{number}")]))
        for number, each in ((1, before), (2, after))
    ]
    assert _tracked(runs[0]) == _tracked(runs[1])


def test_an_alert_is_the_same_whatever_comes_first_in_a_finding(world: World) -> None:
    packages = [package("kernel"), package("kernel-tools")]
    places = [
        _tracked(_run(world, number, (ami("ami-1"), [finding("CVE-1", *each)])))[0][2]
        for number, each in ((1, packages), (2, packages[::-1]))
    ]
    assert places[0] == places[1]


def test_two_builds_in_one_run_have_one_location_and_two_lineages_have_two(world: World) -> None:
    found = [finding("CVE-1", package("glibc"))]
    images = [ami("ami-1", name="web-1"), ami("ami-2", name="web-2"), ami("ami-3", lineage="db")]
    run = _run(world, 1, *((image, found) for image in images))
    uris = [place["artifactLocation"]["uri"] for _, _, place, _ in _tracked(run)]
    assert sorted(uris) == ["db/glibc", "web/glibc", "web/glibc"]
    assert len({marks["primaryLocationLineHash"] for _, _, _, marks in _tracked(run)}) == 2


def test_a_category_is_the_configurations_and_ends_with_a_slash(world: World) -> None:
    run = _run(world, 1, (ami("ami-1"), []))
    parameter = run_of().parameter
    assert run["automationDetails"]["id"] == f"golden-ami-assessment/123456789012/us-east-1/{parameter}/"


def test_a_location_is_a_plain_relative_path(world: World) -> None:
    images = [
        (ami("ami-1", lineage="/../a//b/"), [finding("CVE-1", package("@scope/x y"))]),
        (ami("ami-2", lineage="", name=""), [finding("CVE-1", package("C:\\x"))]),
        (ami("ami-3", lineage=".."), [finding("CVE-2", package("(x and 1 more)"))]),
    ]
    uris = {place["artifactLocation"]["uri"] for _, _, place, _ in _tracked(_run(world, 1, *images))}
    assert uris == {"a/b/%40scope/x%20y", "ami-2/C%3A/x", "ami-3"}


@pytest.mark.skipif(not PROGRAMS and not REQUIRED, reason="the SARIF Multitool is not there; `make audit` installs it")
def test_microsofts_validator_finds_nothing(sampled: tuple[World, Report], world: World, tmp_path: Path) -> None:
    """The rules of the standard and of GitHub, on a sample, on texts that are hostile or missing, and on nothing."""
    assert PROGRAMS, "npm installs it for Linux, macOS and Windows on x64"
    hostile = finding("a b/c", package("../x", path="../../y"), title="", description=" ", urls=["javascript:alert(1)"])
    reason = Reason(code="X", message="\u2028<>", remedy="")
    world.run(
        "run-1",
        "2026-04-02T03:00:00Z",
        [(ami("ami-1", lineage="\u00e9 /..", name='"'), [hostile]), (ami("ami-2", reason=reason), None)],
        state={"error": fault("X", "failed")},
    )
    world.run("run-2", "2026-04-02T03:00:00Z", [])
    rendered = {"sample": (sampled[0], sampled[1].run.run_id), "hostile": (world, "run-1"), "empty": (world, "run-2")}
    for name, (where, run_id) in rendered.items():
        (tmp_path / f"{name}.sarif").write_bytes(where.rendered(run_id, "sarif"))
    bare = {"tool": {"driver": {"name": "x", "rules": [{"id": "X"}]}}, "results": []}
    (tmp_path / "control.sarif").write_text(json.dumps({"version": "2.1.0", "runs": [bare]}))
    files = [str(tmp_path / f"{name}.sarif") for name in (*rendered, "control")]
    output = tmp_path / "validated.sarif"
    subprocess.run(
        [str(PROGRAMS[0]), "validate", *files, "--rule-kind", "Sarif;Ghas", "--output", str(output), "--quiet"],
        env=os.environ | {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
        check=True,
        capture_output=True,
    )
    (run,) = json.loads(output.read_text(encoding="utf-8-sig"))["runs"]
    found = {Path(one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]).name for one in run["results"]}
    assert found == {"control.sarif"}, run["results"]
