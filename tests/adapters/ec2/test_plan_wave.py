"""plan-wave: what is left of a run, whatever the last turn has left undone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from golden_ami.errors import AccessDenied, Throttled
from golden_ami.models import Ami, Evidence, Failure, Reason
from golden_ami.times import iso, now

if TYPE_CHECKING:
    from tests.adapters.ec2.conftest import Stack

FIRST, SECOND = "ami-00000000000000001", "ami-00000000000000002"
REASON = Reason(code="X", message="x", remedy="x")


@pytest.fixture
def opened(stack: Stack) -> Stack:
    """A run of two AMIs that need an instance each."""
    for image in (FIRST, SECOND):
        stack.image(image)
    stack.load({"amis": [{"amiId": FIRST}, {"amiId": SECOND}]})
    return stack


def row(stack: Stack, image: str) -> Ami:
    return next(ami for ami in stack.ledger.amis("run-1") if ami.key == image)


def note(stack: Stack, image: str, **fields: Any) -> None:
    stack.ledger.update_ami(row(stack, image), **fields)


def launched(stack: Stack) -> None:
    stack.plan()
    for image in (FIRST, SECOND):
        stack.launch(image, wave=1)


def test_all_that_need_an_instance_are_launched_in_the_first_wave(opened: Stack) -> None:
    items = [{"batch": image, "amis": [image]} for image in (FIRST, SECOND)]
    wave = {"next": "LAUNCH", "number": 1, "batches": [FIRST, SECOND], "items": items, "waitSeconds": 30, "running": 0,
            "left": 0}  # fmt: skip
    assert opened.plan() == wave
    assert opened.plan() == wave, "again changes nothing"
    assert opened.launch(FIRST, wave=1) == {"launched": 1, "notLaunched": 0}
    assert opened.plan() == wave | {"batches": [SECOND], "items": items[1:]}


def test_the_expiry_counts_from_the_wave(opened: Stack) -> None:
    before = opened.ledger.run("run-1").expires_at
    opened.clock.shift(timedelta(hours=3))
    opened.plan()
    assert opened.ledger.run("run-1").expires_at == iso(now() + timedelta(seconds=240 + 900 + 10_800 + 7_200))
    assert opened.ledger.run("run-1").expires_at > before


def test_only_the_waves_amis_are_launched(opened: Stack) -> None:
    opened.plan()
    note(opened, SECOND, wave=2)
    assert opened.launch(SECOND, wave=1) == {"launched": 0, "notLaunched": 0}
    assert opened.launch(SECOND, wave=2) == {"launched": 1, "notLaunched": 0}


def test_an_execution_from_before_there_were_waves_launches_all(opened: Stack) -> None:
    assert opened.launch(FIRST) == {"launched": 1, "notLaunched": 0}


def test_scans_that_are_not_started_are_started_before_others_are_awaited(opened: Stack) -> None:
    launched(opened)
    note(opened, FIRST, scan="i-1", scan_status="PENDING")
    assert opened.plan()["next"] == "BOOT", "an agent is asked for before"
    note(opened, SECOND, engine="ami", instance_id="")
    assert opened.plan()["next"] == "START"
    note(opened, SECOND, reason=REASON)
    assert opened.plan()["next"] == "AWAIT"


def test_what_was_launched_boots(opened: Stack) -> None:
    launched(opened)
    assert opened.plan(launches=[{"batch": FIRST, "wave": 1}, {"batch": SECOND, "wave": 1}])["next"] == "BOOT"


def test_with_nothing_launched_there_is_no_boot(opened: Stack) -> None:
    """Nor does Terminate wait for an instance: EC2 has answered."""
    opened.plan()
    opened.calls.fail("RunInstances", "UnauthorizedOperation", "denied by a service control policy", times=2)
    for image in (FIRST, SECOND):
        with pytest.raises(AccessDenied):
            opened.launch(image, wave=1)
    launches = [{"batch": image, "wave": 1, "error": "AccessDenied"} for image in (FIRST, SECOND)]
    assert opened.plan(launches=launches)["next"] == "FINISH"
    failure = row(opened, FIRST).failure
    assert failure is not None
    assert (failure.step, failure.error) == ("Launch Instances", "AccessDenied")
    assert "RunInstances operation: denied by a service control policy" in failure.cause
    assert row(opened, FIRST).launch_token == ""


def test_a_fault_that_a_retry_heals_is_no_failure(opened: Stack) -> None:
    opened.plan()
    opened.calls.fail("RunInstances", "RequestLimitExceeded")
    with pytest.raises(Throttled):
        opened.launch(FIRST, wave=1)
    assert opened.launch(FIRST, wave=1) == {"launched": 1, "notLaunched": 0}
    opened.plan(launches=[{"batch": FIRST, "wave": 1}])
    assert row(opened, FIRST).failure is None


def test_a_run_ends_when_nothing_is_left(opened: Stack) -> None:
    launched(opened)
    for image in (FIRST, SECOND):
        note(opened, image, reason=REASON)
    assert opened.plan()["next"] == "FINISH"


def test_a_run_whose_scanners_are_not_closed_asks_once_more(opened: Stack) -> None:
    """Check Run closes them, which Await Completion leads to."""
    launched(opened)
    for image in (FIRST, SECOND):
        note(opened, image, scan="i-1", scan_status="COMPLETED", findings_key="key")
    assert opened.plan()["next"] == "AWAIT"
    opened.ledger.update_run("run-1", closed=True)
    assert opened.plan()["next"] == "FINISH"


# ---------------------------------------------------------------- what the last turn left undone


@pytest.mark.parametrize("error", ["AccessDenied", ""])
def test_a_launch_that_failed_is_not_tried_again(opened: Stack, error: str) -> None:
    opened.plan()
    opened.launch(SECOND, wave=1)
    launches = [{"batch": FIRST, "wave": 1} | ({"error": error} if error else {}), {"batch": SECOND, "wave": 1}]
    assert opened.plan(launches=launches)["next"] == "BOOT"
    assert row(opened, FIRST).failure == Failure(step="Launch Instances", error=error or "Unknown")
    assert row(opened, SECOND).failure is None


def test_an_earlier_waves_failure_is_no_failure_of_this_one(opened: Stack) -> None:
    """Plan Wave is tried again after it has allotted: the state still has the wave before."""
    opened.plan()
    note(opened, FIRST, wave=2)
    opened.plan(launches=[{"batch": FIRST, "wave": 1, "error": "Throttled"}])
    assert row(opened, FIRST).failure is None


def test_findings_that_were_not_collected_are_not_offered_again(opened: Stack) -> None:
    launched(opened)
    pending = [Evidence(kind="findings", status="PENDING")]
    note(opened, FIRST, scan="i-1", scan_status="COMPLETED", findings_key="key", evidence=pending)
    note(opened, SECOND, scan="i-2", scan_status="PENDING")
    assert opened.plan(findings=[{"batch": FIRST, "error": "FindingsIncomplete"}])["next"] == "AWAIT"
    assert row(opened, FIRST).failure == Failure(step="Tag Findings", error="FindingsIncomplete")
    assert row(opened, SECOND).failure is None


def test_what_was_collected_did_not_fail(opened: Stack) -> None:
    launched(opened)
    note(opened, FIRST, scan="i-1", scan_status="COMPLETED", findings_key="key")
    opened.plan(findings=[{"batch": FIRST, "error": "ServiceFault"}])
    assert row(opened, FIRST).failure is None


@pytest.mark.parametrize(("events", "at_end"), [(14_999, False), (15_000, True)])
def test_with_many_events_the_rest_is_collected_at_the_end(opened: Stack, events: int, at_end: bool) -> None:
    opened.plan(events=events)
    assert opened.ledger.run("run-1").collects_at_end is at_end
    [call] = opened.calls.of("GetExecutionHistory")
    assert (call["reverseOrder"], call["maxResults"]) == (True, 1)


# ---------------------------------------------------------------- the quota of vCPUs; each instance has two


def test_a_wave_takes_what_the_quota_leaves(opened: Stack) -> None:
    opened.calls.quota = 3
    first = opened.plan()
    assert (first["next"], first["batches"], first["left"]) == ("LAUNCH", [FIRST], 1)
    opened.launch(FIRST, wave=1)
    note(opened, FIRST, scan="i-1", scan_status="PENDING")
    assert opened.plan()["next"] == "AWAIT"
    note(opened, FIRST, scan_status="COMPLETED", findings_key="key")
    assert opened.terminate(batches=[FIRST])["terminated"] == 1
    ending = opened.plan()
    assert (ending["next"], ending["waitSeconds"], ending["left"]) == ("WAIT", 30, 1)
    opened.clock.shift(timedelta(seconds=90))
    second = opened.plan()
    assert (second["next"], second["number"], second["batches"]) == ("LAUNCH", 2, [SECOND])


@pytest.mark.parametrize("told", [True, False])
def test_a_launch_that_the_quota_refuses_is_left_to_a_later_wave(opened: Stack, told: bool) -> None:
    """Others hold vCPUs, too: a refusal shows what the run may have."""
    opened.calls.quota = 64 if told else None
    opened.plan()
    opened.launch(FIRST, wave=1)
    opened.clock.shift(timedelta(seconds=1))
    opened.calls.fail("RunInstances", "VcpuLimitExceeded")
    assert opened.launch(SECOND, wave=1) == {"launched": 0, "notLaunched": 1}
    assert opened.reasons == [f"{SECOND}: left to a later wave"]
    deferred = row(opened, SECOND)
    assert (deferred.wave, deferred.reason, deferred.launch_token) == (0, None, "")
    assert deferred.deferred_at
    note(opened, FIRST, scan="i-1", scan_status="PENDING")
    planned = opened.plan(launches=[{"batch": FIRST, "wave": 1}, {"batch": SECOND, "wave": 1}])
    assert (planned["next"], planned["left"], row(opened, SECOND).failure) == ("AWAIT", 1, None)


def test_an_ami_of_which_not_one_fits_is_not_assessed(opened: Stack) -> None:
    opened.calls.quota = 1
    assert opened.plan()["next"] == "FINISH"
    reason = row(opened, FIRST).reason
    assert reason is not None
    assert reason.code == "VCPU_LIMIT"
    assert "no instance of more than 1 in this run" in reason.message


def test_an_execution_from_before_there_were_waves_has_no_later_one(opened: Stack) -> None:
    opened.calls.fail("RunInstances", "VcpuLimitExceeded")
    opened.launch(FIRST)
    reason = row(opened, FIRST).reason
    assert reason is not None
    assert reason.code == "VCPU_LIMIT"


@pytest.mark.parametrize(("hours", "events"), [(21.5, 10), (1, 24_000)], ids=["time", "events"])
def test_what_the_execution_has_no_budget_for_is_not_launched(opened: Stack, hours: float, events: int) -> None:
    opened.calls.quota = 2
    opened.plan()
    opened.launch(FIRST, wave=1)
    opened.clock.shift(timedelta(minutes=20))
    note(opened, FIRST, scan="i-1", scan_status="COMPLETED", findings_key="key", terminated_at=iso(now()))
    opened.clock.shift(timedelta(hours=hours))
    assert opened.plan(events=events)["next"] == "AWAIT", "Check Run closes the scanners"
    reason = row(opened, SECOND).reason
    assert reason is not None
    assert reason.code == "RUN_BUDGET_EXHAUSTED"


def test_a_wait_for_the_room_of_others_ends_with_the_budget(opened: Stack) -> None:
    """Nothing of the run is under way, and the launch is refused for a few minutes more."""
    opened.calls.fail("RunInstances", "VcpuLimitExceeded", times=2)
    opened.plan()
    opened.launch(FIRST, wave=1)
    opened.launch(SECOND, wave=1)
    assert opened.plan(events=1_000)["next"] == "WAIT"
    assert opened.plan(events=24_000)["next"] == "FINISH"
    reasons = [one.reason for one in (row(opened, FIRST), row(opened, SECOND))]
    assert [reason.code for reason in reasons if reason] == ["RUN_BUDGET_EXHAUSTED"] * 2
