"""Faults that leave nothing assessed, in whole runs: the execution fails with the cause, after report and message."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from golden_ami.models import Engine
from golden_ami_emulator.chaos.bench import Bench, Ran
from golden_ami_emulator.chaos.guarantees import violations
from golden_ami_emulator.chaos.worlds import Plan, ami_id, world
from golden_ami_emulator.faults import chosen

AMIS = [ami_id(1), ami_id(2)]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(world(4, 1)) as opened:
        yield opened


def ran(bench: Bench, engine: Engine, *faults: str) -> Ran:
    trial = bench.trial([Plan(dict.fromkeys(AMIS, engine))], chosen(faults))
    assert [*map(str, violations(trial, bench.world))] == []
    [run] = trial.runs
    return run


def failed_with(run: Ran, error: str, *words: str) -> None:
    assert run.status == "FAILED"
    assert run.report
    assert len(run.messages) == 1
    [fault] = run.report.run.faults
    assert fault.error == error
    for word in words:
        assert word in fault.cause
        assert word in run.messages[0]


def test_launches_that_are_denied(bench: Bench) -> None:
    run = ran(bench, "instance", "launch-instances.denied")
    failed_with(run, "AccessDenied", "Nothing was assessed: Launch Instances failed for all 2 AMIs", "RunInstances")
    assert run.seconds < 60, "nothing boots, so nothing is waited for"
    assert run.report
    assert all("RunInstances" in ami.reason.message for ami in run.report.amis if ami.reason)


@pytest.mark.parametrize("engine", ["instance", "ami"])
def test_findings_that_cannot_be_stored(bench: Bench, engine: Engine) -> None:
    run = ran(bench, engine, "tag-findings.denied")
    failed_with(run, "AccessDenied", "Nothing was assessed: Tag Findings failed for all 2 AMIs", "PutObject")


@pytest.mark.parametrize(
    ("fault", "error"), [("start-run.denied", "AccessDenied"), ("ensure-target-template.denied", "AccessDenied")]
)
def test_steps_outside_a_map(bench: Bench, fault: str, error: str) -> None:
    failed_with(ran(bench, "instance", fault), error)


@pytest.mark.parametrize("fault", ["ec2.one-bad-ami", "ec2.insufficient-capacity"])
def test_refusals_of_amis_are_no_fault(bench: Bench, fault: str) -> None:
    assert ran(bench, "instance", fault).status == "SUCCEEDED"
