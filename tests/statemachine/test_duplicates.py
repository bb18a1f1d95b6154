"""EventBridge Scheduler delivers at least once: of two executions for one scheduled instant, one assesses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from golden_ami.ledger import Ledger
from golden_ami_cli.embedded import account_of
from golden_ami_cli.errors import CommandError
from golden_ami_cli.runs.listing import runs
from golden_ami_emulator.chaos.bench import Bench, Trial
from golden_ami_emulator.chaos.guarantees import violations
from golden_ami_emulator.chaos.worlds import Plan, ami_id, world
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.faults import chosen

AMI = ami_id(1)
AT = datetime(2026, 11, 2, 6, tzinfo=UTC)


@pytest.fixture
def aws() -> Iterator[Embedded]:
    with Embedded(world(2, 1)) as opened:
        opened.put_configuration("ContinuousAssessmentInput", json.dumps([{"ami-id": AMI}]))
        yield opened


def executions(aws: Embedded) -> list[dict[str, Any]]:
    """Every execution as DescribeExecution tells it, once all are over."""
    states = aws.client("stepfunctions")
    listed = states.list_executions(stateMachineArn=aws.outputs["StateMachineArn"])["executions"]
    ended = [aws.wait(one["executionArn"]) for one in listed]
    aws.clock.sleep(60)
    return ended


def runs_with_objects(aws: Embedded) -> set[str]:
    pages = (
        aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=aws.outputs["ReportBucket"], Prefix="runs/")
    )
    return {item["Key"].split("/")[1] for page in pages for item in page.get("Contents", ())}


def test_two_deliveries_at_once_assess_once(aws: Embedded) -> None:
    for _ in range(2):
        aws.fire_schedule("AssessmentSchedule", at=AT)
    ended = executions(aws)
    assert [one["status"] for one in ended] == ["SUCCEEDED"] * 2
    [run] = [one["name"] for one in ended if "runId" in json.loads(one["output"])]
    [duplicate] = [one for one in ended if one["name"] != run]
    assert json.loads(duplicate["output"]) == {"duplicateOf": run}
    assert runs_with_objects(aws) == {run}
    ledger = Ledger(aws.client("dynamodb"), aws.outputs["LedgerTable"])
    assert ledger.run_ids() == [run]
    assert (list(ledger.rows(duplicate["name"])), ledger.history_anchor(duplicate["name"])) == ([], "")
    topic = aws.outputs["ResultsTopicArn"]
    assert sum(one.topic == topic for one in aws.notifications()) == 1
    assert sum(call.operation == "RunInstances" for call in aws.calls.made) == 1
    written = [line for line in aws.functions.logs(aws.lambda_name("aggregate")) if "AssessmentsSucceeded" in str(line)]
    assert len(written) == 1


def test_the_commands_name_the_run_that_assesses(aws: Embedded) -> None:
    for _ in range(2):
        aws.fire_schedule("AssessmentSchedule", at=AT)
    ended = executions(aws)
    [duplicate] = [one for one in ended if "duplicateOf" in json.loads(one["output"])]
    run = json.loads(duplicate["output"])["duplicateOf"]
    account = account_of(aws)
    told = {one.run_id: one.error for one in runs(account, 10)}
    assert told == {run: "", duplicate["name"]: f"duplicate of run {run}"}
    with pytest.raises(CommandError, match=f"run {run} had claimed its scheduledTime"):
        account.refuse_duplicate(account.describe(duplicate["name"]))
    account.refuse_duplicate(account.describe(run))


def test_the_next_instant_is_assessed(aws: Embedded) -> None:
    for hour in (6, 18):
        aws.fire_schedule("AssessmentSchedule", at=AT.replace(hour=hour))
        ended = executions(aws)
    assert all("runId" in json.loads(one["output"]) for one in ended)
    schedule = aws.client("scheduler").get_schedule(Name=aws.stack.physical_id("AssessmentSchedule"))["Arn"]
    ledger = Ledger(aws.client("dynamodb"), aws.outputs["LedgerTable"])
    assert {ledger.run(one["name"]).started_by for one in ended} == {schedule}


def test_an_input_that_the_scheduler_did_not_fill_in_is_told(aws: Embedded) -> None:
    schedule = aws.client("scheduler").get_schedule(Name=aws.stack.physical_id("AssessmentSchedule"))
    ended = aws.run(json.loads(schedule["Target"]["Input"]))
    assert (ended["status"], ended["error"]) == ("FAILED", "InvalidEvent")
    assert "to start a run by hand, leave out scheduledTime" in ended["cause"]


# ---------------------------------------------------------------- programs that are broken on purpose


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(world(2, 1)) as opened:
        yield opened


def held(bench: Bench, *faults: str) -> Trial:
    return bench.trial([Plan({AMI: "ami"})], chosen(["scheduler.fires-twice", *faults]))


def test_a_run_that_claims_nothing_is_seen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def claim(ledger: Ledger, schedule: str, time: str, run_id: str) -> str:
        original(ledger, schedule, time, run_id)
        return run_id

    original = Ledger.claim
    monkeypatch.setattr(Ledger, "claim", claim)
    found = [str(one) for one in violations(held(bench), bench.world)]
    assert any("assessed what another run assesses" in one for one in found), found


def test_a_duplicate_that_is_archived_is_seen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golden_ami.ending.duplicate_of", lambda _: "")
    found = [str(one) for one in violations(held(bench), bench.world)]
    assert any("left a report, a message or a history" in one for one in found), found


@pytest.mark.parametrize("fault", ["load-config.crash-after", "load-config.throttled-once", "execution.timed-out"])
def test_whatever_else_fails_a_duplicate_says_no_verdict(bench: Bench, fault: str) -> None:
    trial = held(bench, fault)
    assert trial.struck >= {"scheduler.fires-twice", fault}
    assert [str(one) for one in violations(trial, bench.world)] == []
    [duplicate] = trial.repeated
    assert json.loads(duplicate.output) == {"duplicateOf": trial.runs[0].run_id}
