"""The message, and the causes that it tells."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_world import Image, World, ami, finding

from golden_ami.evaluation.model import Upgrade
from golden_ami.models import Policy, Reason
from golden_ami.report import faults
from golden_ami.report.mail import body, subject
from golden_ami.report.model import About, AmiReport, Fault, Report
from golden_ami.report.totals import totals_of

_ANY = st.text(max_size=400)


def _report(amis: list[AmiReport], faults: list[Fault] | None = None) -> Report:
    about = About(
        run_id="r" * 80,
        execution_arn="arn",
        execution_url="",
        account="1",
        region="us-east-1",
        started_at="2026-04-01T03:00:00Z",
        completed_at="2026-04-01T03:00:00Z",
        duration_seconds=1,
        succeeded=not faults,
        faults=faults or [],
    )
    long = "x" * 5000
    upgrade = Upgrade(package=long, to=long, installed=[long], closes=1, also=[long] * 9)
    return Report(
        run=about, verdict="FAIL", totals=totals_of(amis), policy=Policy(), amis=amis, upgrades=[upgrade] * 50
    )


def _ami(text: str, verdict: Any, reason: Reason | None = None) -> AmiReport:
    return AmiReport(
        key="k", ami_id="ami-0a", name=text, lineage=text, owner=text, account="1", region="r", engine="ami",
        verdict=verdict, reason=reason, rules={text: 1},
    )  # fmt: skip


@given(_ANY, _ANY)
def test_a_subject_is_what_sns_takes(text: str, owner: str) -> None:
    faulty = _report([], [Fault(where="run", error=text, cause=text)])
    for found in (subject(faulty), subject(_report([_ami(text, "FAIL")]), owner)):
        assert 0 < len(found) <= 100
        assert found.isascii()
        assert found.isprintable()
        assert found == found.strip()


@pytest.mark.parametrize(
    ("longest", "shown"),
    [(99, "x" * 99), (100, "x" * 100), (101, "x" * 97 + "..."), (5000, "x" * 97 + "...")],
    ids=["99", "100", "101", "5000"],
)
def test_a_subject_of_more_than_100_characters_is_cut(longest: int, shown: str) -> None:
    before = len("Golden AMI assessment could not complete: ")
    faulty = _report([], [Fault(where="run", error="x" * (longest - before), cause="c")])
    assert subject(faulty) == "Golden AMI assessment could not complete: " + shown[before:]


@pytest.mark.parametrize("text", ["x" * 5000, "\u20ac" * 5000, "\n" * 5000])
def test_a_body_stays_small_whatever_comes(text: str) -> None:
    reasons = [Reason(code="C", message=f"{number} {text}", remedy=text) for number in range(5000)]
    amis = [_ami(text, "FAIL") for _ in range(5000)] + [_ami(text, "NOT_ASSESSED", reason) for reason in reasons]
    report = _report(amis, [Fault(where="run", error="E", cause=text)])
    assert len(body(report, ["Read: s3://x"]).encode()) < 256 * 1024


def test_the_amis_that_are_not_named_are_counted() -> None:
    amis = [_ami(f"web-{number}", "FAIL") for number in range(40)]
    text = body(_report(amis), [])
    assert "web-24 " in text
    assert "web-25 " not in text
    assert "... and 15 more in the whole report" in text


def test_amis_with_one_cause_are_told_together() -> None:
    cause = Reason(code="C", message="no capacity", remedy="Try later.")
    text = body(_report([_ami(f"web-{number}", "NOT_ASSESSED", cause) for number in range(12)]), [])
    assert "12 AMIs: no capacity. Try later.\n" in text
    assert [text.count(f"\n  - web-{number} (k)\n") for number in range(12)] == [1] * 12


def test_each_ami_that_was_not_assessed_is_named_with_its_id() -> None:
    cause = Reason(code="C", message="no capacity", remedy="Try later.")
    amis = [_ami(f"web-{number}", "NOT_ASSESSED", cause) for number in range(30)]
    for few in (1, 3):
        named = ", ".join(f"web-{number} (k)" for number in range(few))
        assert f"  {named}: no capacity. Try later.\n" in body(_report(amis[:few]), [])
    assert "  - k, k, k, k, k\n" in body(_report(amis), [])


def test_amis_of_causes_that_are_not_told_are_named() -> None:
    causes = [Reason(code="C", message=f"no ami-{number}", remedy="r") for number in range(14)]
    text = body(_report([_ami(f"web-{number}", "NOT_ASSESSED", causes[number]) for number in range(14)]), [])
    assert "4 more causes, which the whole report tells:\n  - k, k, k, k\n" in text


def test_a_long_owner_leaves_room_for_the_verdict() -> None:
    assert ": FAIL - 1 fail" in subject(_report([_ami("web", "FAIL")]), "arn:aws:iam::123456789012:role/" + "x" * 90)


def _lambda_error(message: str, error: str = "ValueError") -> str:
    return json.dumps({"errorMessage": message, "errorType": error, "stackTrace": ['  File "/var/task/x.py", line 1']})


CAUSES = [
    ("EngineUnavailable", _lambda_error("Inspector is off; turn it on"), "Inspector is off; turn it on."),
    ("InvalidConfiguration", _lambda_error("x has 2 problems:\n1. a\n2. b"), "x has 2 problems: 1. a 2. b."),
    ("KeyError", _lambda_error("'amis'"), "'amis'. Look at the execution's history and the function's log, then"),
    ("States.Timeout", "", "a step did not end in time. A step took longer than it may: look at"),
    ("States.Timeout", None, "a step did not end in time. "),
    ("Throttled", _lambda_error("Rate exceeded"), "Rate exceeded. AWS limited the rate of calls: run again later"),
    ("Strange", "{not json", "{not json. Look at"),
    ("Strange", "[1]", "[1]. Look at"),
    ("", "", "an unknown fault, without a message. Look at"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "cause", "sentence"), CAUSES)
def test_a_cause_is_a_sentence_with_a_remedy(error: str, cause: object, sentence: str) -> None:
    found = faults.describe_fault(error, cause)
    assert found.startswith(sentence)
    assert "/var/task" not in found
    assert "\n" not in found


@given(
    st.one_of(
        st.none(), st.text(), st.recursive(st.text(), lambda inner: st.dictionaries(st.text(), inner)).map(json.dumps)
    )
)
def test_any_cause_can_be_told(cause: object) -> None:
    assert faults.describe_fault("E", cause).endswith(".")


def test_a_failed_termination_fails_the_run_and_names_the_tag() -> None:
    state = {"terminateError": {"Error": "Throttled", "Cause": _lambda_error("slow down")}}
    (fault,) = faults.faults_of(state, "run-1")
    assert fault.error == "Throttled"
    assert "may still be running: slow down." in fault.cause
    assert "continuous-assessment-run=run-1" in fault.cause
    assert faults.instances_of(state).running is None


def test_no_fault_without_one() -> None:
    assert faults.faults_of({"instances": {"launched": 3, "terminated": 3, "running": 0}}, "run-1") == []
    assert faults.faults_of({}, "run-1") == []


def test_a_run_with_a_fault_has_not_succeeded(world: World) -> None:
    images: list[Image] = [(ami("ami-0a"), [])]
    faulty = {"error": {"Error": "EngineBusy", "Cause": "another run"}}
    assert world.run("run-1", "2026-04-01T03:00:00Z", images).run.succeeded
    assert not world.run("run-2", "2026-04-02T03:00:00Z", images, state=faulty).run.succeeded


def test_the_legacy_array_has_the_tags_and_the_counts_of_2017(world: World) -> None:
    tags = {"Name": "web", "continuous-assessment-instance": "true"}
    cause = Reason(code="C", message="gone", remedy="x")
    images = [
        (ami("ami-0a", tags=tags), [finding("A"), finding("B", severity="UNTRIAGED")]),
        (ami("ami-0b", lineage="db", tags={"Name": "db"}, reason=cause), None),
    ]
    fail, unknown = world.run("run-1", "2026-04-01T03:00:00Z", images).legacy
    assert fail == {
        "Name": "web",
        "Finding-Severity-Critical-Count": 0,
        "Finding-Severity-High-Count": 1,
        "Finding-Severity-Medium-Count": 0,
        "Finding-Severity-Low-Count": 0,
        "Finding-Severity-Informational-Count": 0,
        "Finding-Severity-Undefined-Count": 1,
    }
    assert unknown == {"Name": "db", "Not-Assessed": "C: gone"}


def test_the_criteria_admit_only_what_passed(world: World) -> None:
    images = [(ami("ami-0a", name="ok's"), []), (ami("ami-0b", name="bad"), [finding("A")])]
    command = world.run("run-1", "2026-04-01T03:00:00Z", images).allowed_amis
    assert command.startswith("aws ec2 replace-image-criteria-in-allowed-images-settings --region us-east-1 ")
    assert "bad" not in command
    assert "ok'\\''s" in command
