"""Faults of one Availability Zone, with faults that lose a launch: nothing is launched twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from golden_ami_emulator.chaos.bench import Bench, Trial
from golden_ami_emulator.chaos.guarantees import unreached, violations
from golden_ami_emulator.chaos.worlds import Plan, ami_id, world
from golden_ami_emulator.faults import chosen

ZONES = ("ec2.zone-lacks-type", "ec2.zone-lacks-type-untold", "ec2.zone-lacks-capacity")
LOSING = ("launch-instances.crash-after", "launch-instances.crash-before", "ec2.launch-listed-late",
          "ec2.describe-lags", "launch-instances.throttled-once", "launch-instances.launch-not-noted")  # fmt: skip


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(world(12, 1)) as opened:
        yield opened


def held(bench: Bench, *faults: str) -> Trial:
    return bench.trial([Plan(dict.fromkeys(map(ami_id, range(1, 5)), "instance"))], chosen(faults))


def verdicts(trial: Trial) -> dict[str, str]:
    report = trial.runs[0].report
    return {ami.ami_id: ami.verdict for ami in report.amis} if report else {}


@pytest.fixture(scope="module")
def usual(bench: Bench) -> dict[str, str]:
    """Without any fault."""
    return verdicts(held(bench))


@pytest.mark.parametrize("losing", LOSING)
@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_and_a_lost_launch_launch_nothing_twice(
    bench: Bench, usual: dict[str, str], zone: str, losing: str
) -> None:
    trial = held(bench, zone, losing)
    assert [*map(str, violations(trial, bench.world))] == []
    assert unreached(trial) == []
    for ami, verdict in verdicts(trial).items():
        assert verdict in (usual[ami], "NOT_ASSESSED")
        assert losing.endswith("not-noted") or verdict == usual[ami]


def test_two_zones_that_lack_something_are_all_that_there_are(bench: Bench) -> None:
    """The first zone offers nothing, the other has no capacity: nothing is launched, and the reasons name both."""
    trial = held(bench, "ec2.zone-lacks-type", "ec2.zone-lacks-capacity")
    assert [*map(str, violations(trial, bench.world))] == []
    assert set(verdicts(trial).values()) == {"NOT_ASSESSED"}
    report = trial.runs[0].report
    assert report
    for ami in report.amis:
        assert ami.reason
        assert ami.reason.code == "INSUFFICIENT_CAPACITY"
        assert "not tried, as its Availability Zone does not offer the type" in ami.reason.message
    assert trial.runs[0].instances == []
