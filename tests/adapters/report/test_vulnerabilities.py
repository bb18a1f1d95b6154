"""Aggregate asks Amazon Inspector of what findings leave open, and whatever it answers, there is a report."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from report_world import ami, finding

from golden_ami.evidence.requirements import DEFAULT
from golden_ami.models import Ami, Evidence
from golden_ami.storage.keys import ANSWERS, vulnerabilities_key

BUCKET = "golden-ami-reports"
LISTED = {"cisaData": {"dateAdded": datetime(2026, 1, 1, tzinfo=UTC)}}
COMPLETE = [Evidence(kind=kind, status="COMPLETE") for kind in DEFAULT]

Answer = Callable[[str], dict[str, Any]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], list[str]]:
    """Answer SearchVulnerabilities by a function of the id; what is asked."""

    def answered_by(answer: Answer) -> list[str]:
        ids: list[str] = []
        base: Any = BaseClient
        real = base._make_api_call

        def call(client: Any, name: str, given: dict[str, Any]) -> Any:
            if name != "SearchVulnerabilities":
                return real(client, name, given)
            [cve] = given["filterCriteria"]["vulnerabilityIds"]
            ids.append(cve)
            return answer(cve)

        monkeypatch.setattr(BaseClient, "_make_api_call", call)
        return ids

    return answered_by


def refused(code: str) -> Answer:
    def raise_it(_: str) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "SearchVulnerabilities")

    return raise_it


def scanned(name: str) -> Ami:
    return ami(name, engine="ami", scan_status="COMPLETED", scanned_at="2026-03-01T12:00:00Z", evidence=COMPLETE)


def aggregated(stack: Any, run_id: str = "run-1") -> dict[str, Any]:
    """A run of two AMIs with one LOW finding, whose exploitation is not known."""
    low = finding("CVE-2026-1", severity="LOW", unanswered=["knownExploited", "exploitAvailable"])
    stack.open(run_id, [(scanned("ami-0a"), [low]), (scanned("ami-0b"), [low])])
    for key in ("ami-0a", "ami-0b"):
        stack.s3.put_object(Bucket=BUCKET, Key=vulnerabilities_key(run_id, key), Body=b'["CVE-2026-1"]')
    answer: dict[str, Any] = stack.aggregate(run_id)
    assert answer["succeeded"]
    output: dict[str, Any] = answer["output"]
    return output


def report(stack: Any, run_id: str = "run-1") -> dict[str, Any]:
    body = stack.s3.get_object(Bucket=BUCKET, Key=f"runs/{run_id}/report.json")["Body"].read()
    return dict(json.loads(body))


def test_a_listed_vulnerability_fails_every_ami_that_has_it(stack: Any, asked: Any) -> None:
    ids = asked(lambda cve: {"vulnerabilities": [{"id": cve} | LISTED]})
    assert aggregated(stack)["verdict"] == "FAIL"
    assert [one["rules"] for one in report(stack)["amis"]] == [{"known exploited (CISA KEV)": 1}] * 2
    assert ids == ["CVE-2026-1"]
    table = stack.s3.get_object(Bucket=BUCKET, Key="runs/run-1/findings.csv")["Body"].read().decode()
    assert table.count("2026-01-01") == 2
    assert b"CVE-2026-1" in stack.s3.get_object(Bucket=BUCKET, Key=ANSWERS)["Body"].read()


def test_a_vulnerability_that_cisa_does_not_list_passes(stack: Any, asked: Any) -> None:
    ids = asked(lambda _: {"vulnerabilities": []})
    assert aggregated(stack)["verdict"] == "PASS"
    assert aggregated(stack, "run-2")["verdict"] == "PASS"
    assert ids == ["CVE-2026-1"], "the next run has the answer"


def test_answers_that_someone_else_wrote_are_not_believed(stack: Any, asked: Any) -> None:
    ids = asked(lambda cve: {"vulnerabilities": [{"id": cve} | LISTED]})
    assert aggregated(stack)["verdict"] == "FAIL"
    answers = stack.s3.get_object(Bucket=BUCKET, Key=ANSWERS)["Body"].read()
    told = json.loads(answers) | {"knownExploitedSince": "", "knownExploitedDue": ""}
    stack.s3.put_object(Bucket=BUCKET, Key=ANSWERS, Body=json.dumps(told).encode() + b"\n")
    assert aggregated(stack, "run-2")["verdict"] == "FAIL"
    assert ids == ["CVE-2026-1"] * 2


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_without_an_answer_nothing_passes_and_the_report_says_why(stack: Any, asked: Any, code: str) -> None:
    asked(refused(code))
    assert aggregated(stack)["verdict"] == "NOT_ASSESSED"
    for one in report(stack)["amis"]:
        assert one["reason"]["code"] == "EXPLOIT_DATA_MISSING"
        assert any(code in note for note in one["notes"])
