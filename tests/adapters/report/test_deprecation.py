"""Deprecation of AMIs that fail: once, at a date that nobody moves, and taken back when they pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient
from image_dates import ImageDates
from report_world import ami, finding

from golden_ami.models import Act, Config, Finding, Policy, Reason
from golden_ami_emulator.calls import client_error

AMI = "ami-0a"
PERSONS = "2031-01-01T00:00:00.000Z"
Hook = Callable[[str, dict[str, Any]], Any]


class _Ec2(ImageDates):
    """EC2, with a hook that may answer or raise first."""

    hook: Hook | None = None


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> _Ec2:
    found = _Ec2()
    base: Any = BaseClient
    real = base._make_api_call

    def call(client: Any, name: str, given: dict[str, Any]) -> Any:
        if name == "GetExecutionHistory":
            return {"events": []}
        answer = (found.hook and found.hook(name, given)) or found.answer(name, given)
        return real(client, name, given) if answer is None else answer

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    return found


def _run(
    stack: Any, run_id: str, *findings: Finding, reason: Reason | None = None, dry: bool = False, **config: Any
) -> Any:
    """One run of one AMI: the report's actions, and the AMI's own of them."""
    image = ami(AMI, reason=reason) if reason else ami(AMI)
    asked = Config(act=Act(dry_run=dry, deprecate=True), **config)
    stack.open(run_id, [(image, None if reason else [*findings])], asked)
    stack.aggregate(run_id)
    return _told(stack, run_id)


def _told(stack: Any, run_id: str) -> Any:
    report = stack.report(run_id)
    (found,) = report["amis"]
    return {one["action"]: (one["outcome"], one["detail"]) for one in found.get("actions", [])}


def test_a_date_is_not_moved_by_the_next_run_that_fails(stack: Any, ec2: _Ec2) -> None:
    outcome, detail = _run(stack, "run-1", finding("CVE-1"))["deprecate"]
    date = ec2.dates[AMI]
    assert (outcome, detail) == ("DONE", f"deprecated as of {date.replace('.000Z', 'Z')}")
    again = _run(stack, "run-2", finding("CVE-1"))["deprecate"]
    assert again == ("KEPT", f"{detail}, since run run-1")
    assert ec2.dates[AMI] == date
    assert len(ec2.asked) == 1


def test_ours_is_taken_back_when_the_ami_passes_and_done_anew_when_it_fails(stack: Any, ec2: _Ec2) -> None:
    _run(stack, "run-1", finding("CVE-1"))
    outcome, detail = _run(stack, "run-2")["undeprecate"]
    assert (outcome, ec2.dates) == ("DONE", {})
    assert detail.endswith(" was taken back")
    assert "undeprecate" not in _run(stack, "run-3")
    assert _run(stack, "run-4", finding("CVE-1"))["deprecate"][0] == "DONE"
    assert AMI in ec2.dates


def test_another_configuration_takes_nothing_back(stack: Any, ec2: _Ec2) -> None:
    _run(stack, "run-1", finding("CVE-1"))
    date = ec2.dates[AMI]
    stack.parameter = "Lenient"
    outcome, detail = _run(stack, "run-2")["undeprecate"]
    assert (outcome, ec2.dates) == ("KEPT", {AMI: date})
    assert "by ContinuousAssessmentInput, which takes it back when the AMI passes there" in detail
    stack.parameter = "ContinuousAssessmentInput"
    assert _run(stack, "run-3")["undeprecate"][0] == "DONE"


@pytest.mark.parametrize("failing", [False, True])
def test_a_persons_date_stays(stack: Any, ec2: _Ec2, failing: bool) -> None:
    ec2.dates[AMI] = PERSONS
    told = _run(stack, "run-1", *([finding("CVE-1")] if failing else []))
    kept = ("KEPT", "deprecated as of 2031-01-01T00:00:00Z, not by this system; the date stays")
    assert told == ({"deprecate": kept} if failing else {})
    assert (ec2.dates[AMI], ec2.asked) == (PERSONS, [])


def test_a_date_of_ours_that_a_person_moved_is_theirs(stack: Any, ec2: _Ec2) -> None:
    _run(stack, "run-1", finding("CVE-1"))
    ec2.dates[AMI] = PERSONS
    assert _run(stack, "run-2")["undeprecate"][0] == "KEPT"
    assert ec2.dates[AMI] == PERSONS


@pytest.mark.parametrize("why", ["not assessed", "report only"])
def test_what_is_no_pass_takes_nothing_back(stack: Any, ec2: _Ec2, why: str) -> None:
    _run(stack, "run-1", finding("CVE-1"))
    if why == "report only":
        assert _run(stack, "run-2", policy=Policy(report_only=True)) == {}
    else:
        assert _run(stack, "run-2", reason=Reason(code="LAUNCH_FAILED", message="m", remedy="r")) == {}
    assert AMI in ec2.dates


@pytest.mark.parametrize("name", ["EnableImageDeprecation", "DisableImageDeprecation"])
def test_an_attempt_that_died_between_is_told_and_not_repeated(stack: Any, ec2: _Ec2, name: str) -> None:
    if name == "DisableImageDeprecation":
        _run(stack, "run-1", finding("CVE-1"))
    ec2.asked.clear()

    def dies(called: str, given: dict[str, Any]) -> Any:
        if called == name and not ec2.asked:
            ec2.answer(called, given)
            raise KeyboardInterrupt
        return None

    ec2.hook = dies
    with pytest.raises(KeyboardInterrupt):
        _run(stack, "run-2", *([finding("CVE-1")] if name == "EnableImageDeprecation" else []))
    stack.aggregate("run-2")
    action = "deprecate" if name == "EnableImageDeprecation" else "undeprecate"
    assert _told(stack, "run-2")[action][0] == "DONE"
    assert ec2.asked == [(name, AMI)]


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(stack: Any, ec2: _Ec2) -> None:
    assert _run(stack, "run-1", finding("CVE-1"), dry=True) == {"deprecate": ("WOULD", "would be deprecated")}
    assert ec2.asked == []
    _run(stack, "run-2", finding("CVE-1"))
    date = ec2.dates[AMI].replace(".000Z", "Z")
    assert _run(stack, "run-3", finding("CVE-1"), dry=True)["deprecate"][0] == "KEPT"
    would = ("WOULD", f"the deprecation as of {date} would be taken back")
    assert _run(stack, "run-4", dry=True)["undeprecate"] == would
    assert len(ec2.asked) == 1
    assert _run(stack, "run-5")["undeprecate"][0] == "DONE", "a dry run is no note that it was taken back"


def test_a_refusal_names_the_parameter_and_is_tried_again(stack: Any, ec2: _Ec2) -> None:
    def refuses(called: str, _: dict[str, Any]) -> Any:
        if called == "EnableImageDeprecation":
            raise client_error("UnauthorizedOperation", called, "You are not authorized", 403)
        return None

    ec2.hook = refuses
    outcome, detail = _run(stack, "run-1", finding("CVE-1"))["deprecate"]
    assert outcome == "REFUSED"
    assert detail.endswith("; deploy the stack with ActOnAmis=true")
    (action,) = stack.report("run-1")["actions"]
    assert (action["asked"], action["amis"], action["refused"], action["done"]) == (1, 0, 1, False)
    assert action["detail"].startswith("0 of 1 done; 1 refused: ami-0a: ")
    ec2.hook = None
    assert _run(stack, "run-2", finding("CVE-1"))["deprecate"][0] == "DONE"


def test_what_cannot_be_looked_at_is_left_alone(stack: Any, ec2: _Ec2) -> None:
    def refuses(called: str, _: dict[str, Any]) -> Any:
        if called == "DescribeImages":
            raise client_error("RequestLimitExceeded", called, "Request limit exceeded", 503)
        return None

    ec2.hook = refuses
    assert _run(stack, "run-1", finding("CVE-1"))["deprecate"][0] == "REFUSED"
    assert ec2.asked == []
