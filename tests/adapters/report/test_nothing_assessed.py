"""Runs of which failed batches leave nothing assessed: they fail, with the commonest error and its cause."""

from __future__ import annotations

from typing import Any

import pytest
from report_world import ami

from golden_ami.models import Failure, Reason

DENIED = "An error occurred (UnauthorizedOperation) when calling the RunInstances operation: an SCP denies it"
OWN = Reason(code="INSPECTOR_UNSUPPORTED_OS", message="not supported", remedy="use another")


def failed(error: str, cause: str = "", step: str = "Launch Instances") -> Failure:
    return Failure(step=step, error=error, cause=cause)


def reason_of(stack: Any, image: str) -> dict[str, str]:
    [found] = [one["reason"] for one in stack.report("run-1")["amis"] if one["amiId"] == image]
    return dict(found)


def test_all_batches_failed(stack: Any) -> None:
    denied = failed("AccessDenied", DENIED)
    stack.open(
        "run-1",
        [
            (ami("ami-0a", failure=denied), None),
            (ami("ami-0b", lineage="db", failure=failed("Throttled", "Rate exceeded")), None),
            (ami("ami-0c", lineage="etl", failure=denied), None),
            (ami("ami-0d", lineage="old", reason=OWN), None),
        ],
    )
    answer = stack.aggregate("run-1")
    assert (answer["succeeded"], answer["error"]) == (False, "AccessDenied")
    assert answer["output"]["amis"] == {"passed": 0, "failed": 0, "notAssessed": 4}
    what = "Nothing was assessed: Launch Instances failed for 2 of 4 AMIs with AccessDenied"
    assert answer["cause"].startswith(f"{what}: {DENIED}. When this is mended, start a new run")
    [message] = stack.messages()
    assert "AccessDenied" in message["Subject"]
    assert DENIED in message["Message"]
    reason = reason_of(stack, "ami-0a")
    assert reason["code"] == "STEP_FAILED"
    assert reason["message"] == f"Launch Instances failed for this AMI: AccessDenied: {DENIED}"
    assert "service control policy" in reason["remedy"]
    assert reason_of(stack, "ami-0d")["code"] == OWN.code


def test_the_last_turn_s_batches_are_in_the_state(stack: Any) -> None:
    stack.open("run-1", [(ami("ami-0a"), None)])
    answer = stack.aggregate("run-1", findings=[{"batch": "ami-0a", "error": "Sandbox.Timedout"}])
    assert (answer["succeeded"], answer["error"]) == (False, "Sandbox.Timedout")
    assert answer["cause"].startswith(
        "Nothing was assessed: Tag Findings failed for the AMI with Sandbox.Timedout: a function did not end in time."
    )


def test_of_errors_as_common_the_one_that_says_why_is_told(stack: Any) -> None:
    silent, denied = failed("Lambda.Unknown"), failed("AccessDenied", DENIED)
    stack.open("run-1", [(ami("ami-0a", failure=silent), None), (ami("ami-0b", failure=denied), None)])
    assert stack.aggregate("run-1")["error"] == "AccessDenied"


def test_a_failure_beside_an_ami_whose_scan_gave_no_verdict_fails_no_run(stack: Any) -> None:
    """It was assessed as far as that goes; the alarm on runs without a verdict tells of it."""
    without = ami("ami-0b", lineage="db", evidence=[])
    stack.open("run-1", [(ami("ami-0a", failure=failed("AccessDenied", DENIED)), None), (without, [])])
    answer = stack.aggregate("run-1")
    assert (answer["succeeded"], answer["output"]["verdict"]) == (True, "NOT_ASSESSED")


@pytest.mark.parametrize("error", ["AccessDenied", "ServiceRejected", "Throttled", "ServiceFault", "Runtime.ExitError"])
def test_what_to_do_is_told_without_a_log(stack: Any, error: str) -> None:
    stack.open("run-1", [(ami("ami-0a", failure=failed(error, "why")), None)])
    stack.aggregate("run-1")
    assert "log" not in reason_of(stack, "ami-0a")["remedy"]


def test_a_partial_failure_succeeds_and_names_the_ami(stack: Any) -> None:
    stack.open("run-1", [(ami("ami-0a"), []), (ami("ami-0b", lineage="db", failure=failed("AccessDenied")), None)])
    answer = stack.aggregate("run-1")
    assert (answer["succeeded"], answer["error"]) == (True, "")
    assert reason_of(stack, "ami-0b")["message"] == "Launch Instances failed for this AMI: AccessDenied"


@pytest.mark.parametrize("images", [["ami-0a"], ["ami-0a", "ami-0b"]])
def test_amis_that_are_not_assessed_for_their_own_sake_fail_no_run(stack: Any, images: list[str]) -> None:
    stack.open("run-1", [(ami(image, lineage=image, reason=OWN), None) for image in images])
    assert stack.aggregate("run-1")["succeeded"]


def test_a_fault_of_the_run_comes_first(stack: Any) -> None:
    stack.open("run-1", [(ami("ami-0a", failure=failed("AccessDenied")), None)])
    answer = stack.aggregate("run-1", error={"Error": "EngineBusy", "Cause": "in use by run-0"})
    assert answer["error"] == "EngineBusy"
    assert [fault["where"] for fault in stack.report("run-1")["run"]["faults"]] == ["run"]
