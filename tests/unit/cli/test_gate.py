"""--gate and --fail-on: which outcome closes them, on a report that is stored and on a result."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from report_world import World, ami, exception, finding, package

from golden_ami.models import Config, Policy, Reason, Threshold
from golden_ami.report.model import Report
from golden_ami_cli.errors import GATE_FAIL, GATE_NOT_ASSESSED, TOOL_FAILED
from golden_ami_cli.gate import FailOn, beyond, status_of
from golden_ami_cli.main import main

NOW = "2026-03-01T03:00:00Z"
CRITICAL = finding("CVE-2026-1", severity="CRITICAL")
HIGH, LOW = finding("CVE-2026-2"), finding("CVE-2026-3", severity="LOW")
UNTRIAGED = finding("CVE-2026-4", severity="UNTRIAGED")
TOLERANT = Policy(fail_on=Threshold(severities=[], known_exploited=True))
NO_AGENT = Reason(code="AGENT_NOT_READY", message="the agent did not answer", remedy="Install it.")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def ran(world: World, *found: Any, policy: Policy = TOLERANT, **fields: Any) -> Report:
    return world.run("run-1", NOW, [(ami("ami-1"), [*found])], Config(policy=policy, **fields))


def command(world: World, *options: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["golden-ami", "report", "run-1", "--from", str(world.root), *options])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("severity", "found"),
    [("CRITICAL", 1), ("HIGH", 2), ("MEDIUM", 2), ("LOW", 3), ("INFORMATIONAL", 3), ("UNTRIAGED", 4)],
)
def test_a_severity_stands_for_the_worse_ones_too(world: World, severity: Any, found: int) -> None:
    report = ran(world, CRITICAL, HIGH, LOW, UNTRIAGED)
    assert report.verdict == "PASS"
    assert beyond(report, world.store, severity) == found


def test_what_an_exception_accepts_does_not_count_while_it_holds(world: World) -> None:
    accepted = [exception("CVE-2026-1", "2026-12-31")]
    report = ran(world, CRITICAL, HIGH, exceptions=accepted)
    assert (beyond(report, world.store, "CRITICAL"), beyond(report, world.store, "HIGH")) == (0, 1)
    expired = [exception("CVE-2026-1", "2026-02-01")]
    assert beyond(ran(world, CRITICAL, exceptions=expired), world.store, "CRITICAL") == 1


@pytest.mark.parametrize(("suppressed", "found"), [("tolerate", 0), ("judge", 1)])
def test_what_a_rule_of_inspector_hides_counts_unless_the_policy_tolerates_it(
    world: World, suppressed: Any, found: int
) -> None:
    hidden = finding("CVE-2026-1", severity="CRITICAL", suppressed=True)
    policy = Policy(fail_on=TOLERANT.fail_on, suppressed=suppressed)
    assert beyond(ran(world, hidden, policy=policy), world.store, "CRITICAL") == found


def test_where_the_findings_are_gone_all_count(world: World) -> None:
    report = ran(world, CRITICAL, exceptions=[exception("CVE-2026-1", "2026-12-31")])
    (world.root / report.amis[0].standings_key).unlink()
    assert beyond(report, world.store, "CRITICAL") == 1


@pytest.mark.parametrize("beyond_", [0, 1])
@pytest.mark.parametrize("succeeded", [True, False])
def test_it_only_adds_to_what_fails(beyond_: int, succeeded: bool) -> None:
    assert status_of("FAIL", succeeded=succeeded, beyond=beyond_) == GATE_FAIL
    expected = GATE_FAIL if beyond_ else GATE_NOT_ASSESSED
    assert status_of("NOT_ASSESSED", succeeded=succeeded, beyond=beyond_) == expected
    expected = GATE_FAIL if beyond_ else 0 if succeeded else TOOL_FAILED
    assert status_of("PASS", succeeded=succeeded, beyond=beyond_) == expected


@pytest.mark.parametrize("severity", FailOn)
def test_a_fail_is_never_0(world: World, severity: FailOn) -> None:
    """Of a finding that no --fail-on names: the policy fails on it."""
    assert ran(world, LOW, policy=Policy(fail_on=Threshold(severities=["LOW"]))).verdict == "FAIL"
    assert command(world, "--fail-on", severity.value.lower()) == GATE_FAIL


def test_the_command_ends_with_the_status(world: World) -> None:
    ran(world, CRITICAL)
    assert [command(world), command(world, "--gate")] == [0, 0]
    assert command(world, "--fail-on", "critical") == GATE_FAIL
    ran(world, finding("CVE-2026-9", package("curl")))
    assert [command(world, "--fail-on", name) for name in ("critical", "HIGH")] == [0, GATE_FAIL]
    world.run("run-1", NOW, [(ami("ami-1", reason=NO_AGENT), None)])
    assert [command(world, "--gate"), command(world, "--fail-on", "critical")] == [GATE_NOT_ASSESSED] * 2
    assert command(world, "--fail-on", "serious") == 2
