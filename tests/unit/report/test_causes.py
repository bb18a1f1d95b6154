"""What is cut says so, between two problems; names, causes, subjects and messages stay within AWS's limits."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_world import World, ami, exception, fault, finding

from golden_ami.errors import LONGEST, InvalidConfiguration, Problem, within
from golden_ami.models import Config, Failure, Reason
from golden_ami.places import Place
from golden_ami.report.faults import describe_fault, failed_batches, message_of, reason_not_assessed
from golden_ami.report.mail import body, subject
from golden_ami.report.model import Fault


def _problems(count: int) -> InvalidConfiguration:
    listed = [Problem(f"amis[{number}].amiId", '"ami-nope"', 'write it like "ami-0a1b"') for number in range(count)]
    return InvalidConfiguration("SSM parameter ContinuousAssessmentInput", listed)


@given(st.lists(st.text(max_size=60), min_size=1, max_size=40), st.integers(100, 2000))
def test_lines_are_whole_or_counted(lines: list[str], most: int) -> None:
    text = within(lines, most)
    assert len(text) <= most
    if text != "\n".join(lines):
        *kept, note = text.split("\n... and ")
        assert "\n".join(lines).startswith("\n".join(kept))
        left = int(note.split()[0].replace(",", ""))
        assert text == "\n".join([*lines[: len(lines) - left], f"... and {left:,} more, left out here"])


def test_one_line_that_is_too_long_says_that_it_is_cut() -> None:
    assert within(["x" * 500], 100) == "x" * 85 + " ... (cut here)"


def test_ten_thousand_problems_fit_into_a_cause() -> None:
    fault = _problems(10_000)
    text = str(fault)
    assert len(fault.problems) == 10_000
    assert len(text) <= LONGEST
    assert text.splitlines()[0] == "SSM parameter ContinuousAssessmentInput has 10000 problems:"
    *shown, note = text.splitlines()[1:]
    assert [line.split(". ")[0] for line in shown] == [str(number) for number in range(1, len(shown) + 1)]
    assert all(line.endswith('write it like "ami-0a1b"') for line in shown)
    assert note == f"... and {10_000 - len(shown):,} more, left out here"
    assert len(json.dumps({"errorMessage": text.replace("a", "é")})) < 32_768


def test_the_message_of_a_cause_is_cut_between_problems() -> None:
    cause = json.dumps({"errorMessage": str(_problems(10_000)), "errorType": "InvalidConfiguration"})
    message = message_of(cause)
    assert len(message) <= 2000
    assert "\n" not in message
    assert message.endswith("more, left out here")
    assert 'write it like "ami-0a1b" ... and ' in message
    assert describe_fault("InvalidConfiguration", cause) == f"{message}."


@pytest.mark.parametrize("count", [1, 3])
def test_few_problems_are_not_cut(count: int) -> None:
    assert "left out" not in message_of(json.dumps({"errorMessage": str(_problems(count))}))


def test_subject_and_message_stay_within_the_limits_of_sns(world: World) -> None:
    reason = Reason(code="X", message="é" * 50_000, remedy="ü" * 50_000)
    images = [
        (ami(f"ami-{number}", name="🦊" * 128, lineage=str(number), reason=reason if number % 2 else None),
         None if number % 2 else [finding(f"CVE-{number}", title="日" * 2000)])
        for number in range(60)
    ]  # fmt: skip
    report = world.run("run-1", "2026-04-02T03:00:00Z", images)
    report.run.faults = [Fault(where="run", error="E" * 256, cause="é" * 32_768)] * 3
    for owner in ("", "日本" * 200):
        assert subject(report, owner).isascii()
        assert len(subject(report, owner)) <= 100
        assert len(body(report, ["x"], owner).encode()) < 256 * 1024


@pytest.mark.parametrize(
    ("account", "region", "named"),
    [
        ("1", "us-east-1", "Allow the call in the policy of the function's role"),
        ("1", "eu-west-1", "Deploy the stack with eu-west-1 in its parameter AdditionalRegions"),
        ("2", "us-east-1", "Deploy docs/member-role.yaml of this version in account 2"),
    ],
)
def test_a_denial_elsewhere_names_the_parameter_that_allows_it(account: str, region: str, named: str) -> None:
    failure = Failure(step="Launch Instances", error="AccessDenied", cause="not authorized: ec2:RunInstances")
    image = ami("ami-0a", account=account, region=region, failure=failure)
    assert reason_not_assessed(image, {}, [], Place("1", "us-east-1")).remedy.startswith(named)


@pytest.mark.parametrize("error", ["Strange", "Throttled", "ServiceFault"])
def test_a_remedy_stands_once_in_a_sentence(error: str) -> None:
    once = describe_fault(error, "no")
    again = describe_fault(error, once)
    assert again == once
    failure = Failure(step="Tag Findings", error=error, cause=once)
    reason = reason_not_assessed(ami("ami-0a", failure=failure), {}, [], Place("1", "us-east-1"))
    assert reason.remedy not in reason.message


def test_of_a_batch_that_failed_twice_the_first_step_is_the_cause() -> None:
    state = {
        "launches": [{"launch": {}}, {"batch": "a", "error": "AccessDenied"}],
        "findings": [{"batch": "a", "error": "ServiceFault"}, {"batch": "b", "error": "FindingsIncomplete"}],
    }
    assert failed_batches(state) == {
        "a": Failure(step="Launch Instances", error="AccessDenied"),
        "b": Failure(step="Tag Findings", error="FindingsIncomplete"),
    }


@pytest.mark.parametrize("error", ["Cancelled", "ExecutionAborted", "AccessDenied"])
def test_a_stopped_run_is_told_without_advice_on_what_to_mend(world: World, error: str) -> None:
    """Nothing was assessed: neither the log nor an exception has anything to do with it."""
    state = {"error": fault(error, "by arn:aws:iam::123456789012:user/me, with golden-ami cancel"), "aborted": True}
    config = Config(exceptions=[exception("CVE-2026-1", "2026-12-31", lineage="other")])
    report = world.run("run-1", "2026-03-01T03:00:00Z", [(ami("ami-1"), None)], config, state=state)
    (told,) = report.run.faults
    assert told.cause == (
        "The run was stopped: by arn:aws:iam::123456789012:user/me, with golden-ami cancel. "
        "Start a new run to have its AMIs assessed."
    )
    text = body(report, [])
    for advice in ("log", "remove it", "correct", "Allow the call"):
        assert advice not in text
    assert "the run assessed nothing" in text
