"""The AMI's tags on its findings: best effort, once, and tried once more before the report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError

from golden_ami.engines.tagging import put_in_batches
from golden_ami.errors import FindingsIncomplete
from golden_ami.scans.collect import tag_findings
from golden_ami.scans.write_back import write_what_is_left
from golden_ami_emulator.calls import client_error
from golden_ami_emulator.inspector import installed
from golden_ami_emulator.world import Behaviour

Make = Callable[..., Any]
A, B = "ami-11111111", "ami-22222222"
FINDINGS = {"*": [{"findingArn": f"arn:aws:inspector2:us-east-1:1:finding/{at:032x}", "severity": "LOW"}
                  for at in range(12)]}  # fmt: skip
NEVER = 10**9  # seconds


def written() -> list[str]:
    return [update["Id"] for update in installed().security_hub_updates]


def ami_of(harness: Any) -> Any:
    [ami] = harness.ledger.amis("run-1")
    return ami


def late(make: Make, seconds: float = NEVER) -> Any:
    """A run whose findings Security Hub does not know when they are collected."""
    harness = make(findings=FINDINGS, behaviours={"*": Behaviour(imported_after=seconds)})
    harness.run("instance", security_hub=True)
    return harness


def test_security_hub_that_is_off_costs_no_verdict(make: Make) -> None:
    harness = make(findings=FINDINGS, security_hub_enabled=False)
    first, second = harness.run("instance", [A, B], security_hub=True)
    for ami in (first, second):
        assert (ami.reason, ami.counts, [one.status for one in ami.evidence if one.kind == "findings"]) == (
            None,
            {"LOW": 12},
            ["COMPLETE"],
        )
    [note] = first.tag_notes
    assert "12 findings in us-east-1 did not take the AMI's tags: Security Hub answers InvalidAccessException" in note
    assert "aws securityhub enable-security-hub --region us-east-1" in note


def test_findings_that_security_hub_knows_later_are_written_once_more(make: Make) -> None:
    harness = late(make, 1800)
    before = ami_of(harness)
    assert (before.tags_written, written()) == ("PARTIAL", [])
    assert "FindingNotFound" in before.tag_notes[0]
    assert "enable-import-findings-for-product" in before.tag_notes[0]
    harness.clock.advance(1800)
    write_what_is_left("run-1", *harness.stack)
    assert len(written()) == 12
    assert (ami_of(harness).tags_written, ami_of(harness).tag_notes) == ("DONE", [])


def test_what_stays_unwritten_is_said_after_the_second_try_and_there_is_no_third(make: Make) -> None:
    harness = late(make)
    write_what_is_left("run-1", *harness.stack)
    after = ami_of(harness)
    assert (after.tags_written, len(after.tag_notes)) == ("DONE", 1)
    assert after.tag_notes[0].startswith("12 findings in us-east-1")
    for tracked in installed().instances.values():
        tracked.behaviour.imported_after = 0
    write_what_is_left("run-1", *harness.stack)
    assert (ami_of(harness), written()) == (after, [])


def test_what_was_taken_is_not_written_twice(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    base: Any = BaseClient
    real = base._make_api_call

    def call(client: Any, name: str, given: dict[str, Any]) -> Any:
        found = real(client, name, given)
        if name == "BatchUpdateFindings" and len(given["FindingIdentifiers"]) == 12:
            error = {"ErrorCode": "ConcurrentUpdateError", "ErrorMessage": "again"}
            found["UnprocessedFindings"] = [{"FindingIdentifier": given["FindingIdentifiers"][0], **error}]
        return found

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    harness = late(make, 0)
    assert len(written()) == 12
    tag_findings("run-1", A, *harness.stack)
    assert len(written()) == 12
    write_what_is_left("run-1", *harness.stack)
    assert len(written()) == 13, "the one that was not taken"
    assert ami_of(harness).tag_notes == []


def test_nothing_is_written_while_the_collection_is_pending(make: Make) -> None:
    harness = make(findings=FINDINGS, behaviours={"*": Behaviour(imported_after=0, listing_lag=1)})
    harness.open("instance", security_hub=True)
    harness.assessment.ensure("run-1")
    harness.scan_instances()
    with pytest.raises(FindingsIncomplete):
        tag_findings("run-1", A, *harness.stack)
    assert written() == []
    harness.collect(A)
    assert len(written()) == 12


def test_a_first_try_that_never_ended_is_made_up_for(make: Make) -> None:
    harness = late(make, 0)
    harness.ledger.update_ami(ami_of(harness), tags_written="")
    installed().security_hub_updates.clear()
    write_what_is_left("run-1", *harness.stack)
    assert (len(written()), ami_of(harness).tags_written) == (12, "DONE")


@pytest.mark.parametrize("broken", ["s3", "adapter"])
def test_a_fault_of_ours_in_it_is_nobody_elses(make: Make, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    harness = late(make)
    harness.ledger.update_ami(ami_of(harness), tags_written="PARTIAL")
    target = {"s3": "golden_ami.scans.write_back.S3Store", "adapter": "golden_ami.scans.write_back.adapter"}[broken]
    monkeypatch.setattr(target, lambda *_: 1 / 0)
    write_what_is_left("run-1", *harness.stack)
    assert ami_of(harness).tags_written == "PARTIAL"


def test_nothing_is_read_when_the_time_is_over(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    harness = late(make, 0)
    harness.ledger.update_ami(ami_of(harness), tags_written="")
    monkeypatch.setattr("golden_ami.scans.write_back._SECOND", timedelta(0))
    monkeypatch.setattr("golden_ami.scans.write_back.S3Store", lambda *_: 1 / 0)
    write_what_is_left("run-1", *harness.stack)
    assert ami_of(harness).tags_written == ""


def test_a_run_that_was_never_opened_has_nothing_left(make: Make) -> None:
    write_what_is_left("unknown", *make().stack)


# ---------------------------------------------------------------- batches

SOON = datetime.now(UTC) + timedelta(days=1)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (client_error("LimitExceededException", "BatchUpdateFindings", status=429), "LimitExceededException"),
        (client_error("AccessDeniedException", "BatchUpdateFindings", status=403), "AccessDeniedException"),
        (EndpointConnectionError(endpoint_url="https://securityhub"), "EndpointConnectionError"),
    ],
)
def test_a_batch_that_is_refused_as_a_whole_is_the_last(fault: Exception, code: str) -> None:
    asked: list[list[str]] = []

    def put(batch: list[str]) -> dict[str, str]:
        asked.append(batch)
        raise fault

    arns = [f"arn:{at}" for at in range(100)]
    assert put_in_batches(put, arns, 2, SOON) == dict.fromkeys(arns, code)
    assert len(asked) == 8, "one wave"


def _never(_: list[str]) -> dict[str, str]:
    raise AssertionError


def test_nothing_is_tried_when_the_time_is_over() -> None:
    assert put_in_batches(_never, ["arn:1"], 1, datetime.now(UTC)) == {"arn:1": "TimeOver"}
