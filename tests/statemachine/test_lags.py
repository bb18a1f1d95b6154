"""EC2 tells late of what it has launched: nothing is left running, and nobody is taken for dead, at any moment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from golden_ami_emulator.chaos.bench import Bench
from golden_ami_emulator.chaos.guarantees import violations
from golden_ami_emulator.chaos.worlds import Plan, ami_id, world
from golden_ami_emulator.faults import chosen

AMIS = [ami_id(1), ami_id(2)]
WAITS = {"bootSeconds": 0, "agentPollSeconds": 15, "pollSeconds": 300}
HURRIED = Plan(dict.fromkeys(AMIS, "instance"), settings={"waits": WAITS})
MOMENTS = [
    "launch-instances.crash-before",
    "launch-instances.crash-after",
    "launch-instances.timed-out",
    "launch-instances.launch-not-noted",
    "execution.aborted-in-launch-batch",
    "execution.aborted-in-wait-for-boot",
    "execution.aborted-in-check-agents",
    "terminate.crash-after",
    "on-execution-end.terminates-nothing",
]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(world(2, 1)) as opened:
        yield opened


@pytest.mark.parametrize("moment", MOMENTS)
def test_nothing_is_left_running(bench: Bench, moment: str) -> None:
    trial = bench.trial([Plan(dict.fromkeys(AMIS, "instance"))], chosen([moment, "ec2.describe-lags"]))
    assert [*map(str, violations(trial, bench.world))] == []


def test_terminate_itself_waits_for_a_launch_that_is_not_listed(bench: Bench) -> None:
    """The run is over while EC2 does not list what only EC2 knows of."""
    trial = bench.trial([HURRIED], chosen(["launch-instances.launch-not-noted", "ec2.describe-lags"]))
    [run] = trial.runs
    assert (run.left, trial.dead_letters) == (0, 0)
    assert [*map(str, violations(trial, bench.world))] == []


def test_a_run_without_boot_wait_takes_nobody_for_dead(bench: Bench) -> None:
    """Check Agents asks while EC2 does not list the instances."""
    trial = bench.trial([HURRIED], chosen(["ec2.describe-lags"]))
    assert [*map(str, violations(trial, bench.world))] == []
    [run] = trial.runs
    assert run.report
    assert [ami.verdict for ami in run.report.amis].count("NOT_ASSESSED") == 0
