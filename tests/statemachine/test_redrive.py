"""The table "Redrive" of docs/operations.md: each row tried, and each row a case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from golden_ami.history.archive import verify_all
from golden_ami.models import Engine
from golden_ami_cli.embedded import account_of
from golden_ami_emulator.chaos.worlds import Plan, ami_id, world
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.faults import chosen
from golden_ami_emulator.faults.fault import Injection

ROOT = Path(__file__).parents[2]
PARAMETER = "ContinuousAssessmentInput"
FAILS, CLEAN = ami_id(3), ami_id(4)
HOUR = 3_600
BEFORE = "was aborted or timed out before its instances were launched"
SCANNED = "was aborted or timed out while instances booted or were scanned"
ON_DEMAND = "was aborted or timed out while on-demand scans ran (engine `ami`)"
COLLECTING = "was aborted while findings were collected from instances"
COLLECTED = "was aborted after its findings were collected"
ASSESSED, NOT_ASSESSED = ["FAIL", "PASS"], ["NOT_ASSESSED", "NOT_ASSESSED"]


class Redriven:
    """A run that ended under a fault, and what a redrive makes of it."""

    def __init__(self, aws: Embedded, engine: Engine = "instance", **settings: Any) -> None:
        self.aws, self.states = aws, aws.client("stepfunctions")
        plan = Plan({FAILS: engine, CLEAN: engine}, settings=settings)
        aws.put_configuration(PARAMETER, plan.configuration())

    def end(self, *faults: str) -> str:
        with Injection(self.aws, chosen(faults), [FAILS, CLEAN]):
            self.arn = self.aws.start({"AMIsParamName": PARAMETER}, "run")
            ended: str = self.aws.wait(self.arn)["status"]
            self.aws.clock.sleep(600)
        assert self.alive() == 0
        return ended

    def redrive(self) -> dict[str, Any]:
        self.states.redrive_execution(executionArn=self.arn)
        ended = dict(self.aws.wait(self.arn))
        self.aws.clock.sleep(600)
        assert self.alive() == 0, "an instance is left"
        account = account_of(self.aws)
        anchors = account.ledger.history_anchors("run")
        assert max(anchors) == ended["redriveCount"], "this end has its archive"
        assert verify_all(account.store, "run", anchors) == []
        return ended

    def alive(self) -> int:
        groups = self.aws.client("ec2").describe_instances()["Reservations"]
        return sum(one["State"]["Name"] == "running" for group in groups for one in group["Instances"])

    def report(self) -> dict[str, Any]:
        body = self.aws.client("s3").get_object(Bucket=self.aws.outputs["ReportBucket"], Key="runs/run/report.json")
        told: dict[str, Any] = json.loads(body["Body"].read())
        return told

    def verdicts(self) -> list[str]:
        return sorted(ami["verdict"] for ami in self.report()["amis"])

    def messages(self) -> int:
        return sum("Run run," in one.message for one in self.aws.notifications())


@pytest.fixture
def aws() -> Iterator[Embedded]:
    with Embedded(world(4, 1), parameters={"ActOnAmis": "true"}) as opened:
        yield opened


@pytest.mark.parametrize(
    ("row", "engine", "fault", "verdicts"),
    [
        (BEFORE, "instance", "execution.aborted-in-load-config", ASSESSED),
        (BEFORE, "instance", "execution.aborted-in-plan-wave", ASSESSED),
        (BEFORE, "instance", "execution.aborted-in-launch-instances", ASSESSED),
        (SCANNED, "instance", "execution.aborted-in-wait-for-boot", NOT_ASSESSED),
        (SCANNED, "instance", "execution.timed-out", NOT_ASSESSED),
        (SCANNED, "instance", "execution.aborted-in-check-run", NOT_ASSESSED),
        (ON_DEMAND, "ami", "execution.timed-out", ASSESSED),
        (ON_DEMAND, "ami", "execution.aborted-in-check-run", ASSESSED),
        (COLLECTING, "instance", "execution.aborted-in-tag-findings", ["FAIL", "NOT_ASSESSED"]),
        (COLLECTED, "instance", "execution.aborted-in-terminate", ASSESSED),
        (COLLECTED, "instance", "execution.aborted-in-terminate-all", ASSESSED),
        (COLLECTED, "instance", "execution.aborted-in-aggregate", ASSESSED),
    ],
)
def test_an_execution_that_was_stopped(
    aws: Embedded, row: str, engine: Engine, fault: str, verdicts: list[str]
) -> None:
    run = Redriven(aws, engine)
    assert run.end(fault) in ("ABORTED", "TIMED_OUT")
    first, told = run.report()["run"]["completedAt"], run.messages()
    assert told == 1
    assert run.redrive()["status"] == "SUCCEEDED"
    assert run.verdicts() == verdicts
    assert redrive_of(row) == ("safe" if verdicts == ASSESSED else "useless")
    assert run.report()["run"]["completedAt"] > first
    assert run.messages() == told + 1


@pytest.mark.parametrize(
    ("row", "fault"),
    [("ended in Assessment Failed", "start-run.denied"), ("ended in Report Failed", "aggregate.denied")],
)
def test_a_fail_state_fails_again(aws: Embedded, row: str, fault: str) -> None:
    assert redrive_of(row) == "useless"
    run = Redriven(aws)
    assert run.end(fault) == "FAILED"
    before, told = run.report(), run.messages()
    first = run.states.describe_execution(executionArn=run.arn)
    if row.endswith("Assessment Failed"):
        assert "start a new run" in first["cause"]
    again = run.redrive()
    assert (again["status"], again["error"], again["cause"]) == ("FAILED", first["error"], first["cause"])
    assert (again["stopDate"] - again["redriveDate"]).total_seconds() < 1
    assert (run.report(), run.messages()) == (before, told)


def test_a_run_that_began_long_ago_awaits_no_scan(aws: Embedded) -> None:
    assert redrive_of("began more than 22 hours ago") == "useless"
    run = Redriven(aws)
    run.end("execution.aborted-in-plan-wave")
    aws.clock.sleep(22 * HOUR)
    assert run.redrive()["status"] == "SUCCEEDED"
    assert run.verdicts() == NOT_ASSESSED


def test_a_run_that_was_overtaken_gives_the_older_verdict(aws: Embedded) -> None:
    assert redrive_of("was overtaken: another run has assessed its AMIs since") == "dangerous"
    act = {"tagAmis": True, "dryRun": False}
    run = Redriven(aws, act=act, policy={"reportOnly": True})
    run.end("execution.aborted-in-terminate-all")
    assert tagged(aws) == ("REPORT_ONLY", "run")
    Redriven(aws, act=act)
    assert aws.run({"AMIsParamName": PARAMETER}, "newer")["status"] == "SUCCEEDED"
    assert tagged(aws) == ("FAIL", "newer")
    run.redrive()
    assert tagged(aws) == ("REPORT_ONLY", "run")


def tagged(aws: Embedded) -> tuple[str, str]:
    [image] = aws.client("ec2").describe_images(ImageIds=[FAILS])["Images"]
    tags = {tag["Key"]: tag["Value"] for tag in image["Tags"]}
    return tags["assessment-verdict"], tags["assessment-run"]


def test_versions_that_were_deleted(aws: Embedded) -> None:
    assert redrive_of("began with versions that were deleted") == "useless"
    run = Redriven(aws)
    run.end("execution.aborted-in-plan-wave")
    aws.update({"LogLevel": "DEBUG"})
    for function in ("plan-wave", "terminate", "aggregate"):
        aws.client("lambda").delete_function(FunctionName=aws.lambda_name(function), Qualifier="1")
    before = run.messages()
    assert run.redrive()["status"] == "FAILED"
    assert run.verdicts() == NOT_ASSESSED
    assert run.messages() == before + 1


def test_a_deployment_since_changes_nothing(aws: Embedded) -> None:
    assert redrive_of("began before a deployment or a rollback") == "safe"
    run = Redriven(aws)
    run.end("execution.aborted-in-plan-wave")
    aws.update({"LogLevel": "DEBUG"})
    ended = run.redrive()
    assert (ended["status"], run.verdicts()) == ("SUCCEEDED", ASSESSED)
    assert ended["stateMachineVersionArn"].endswith(":1")
    scheduled = [
        one["taskScheduledEventDetails"]["parameters"] for one in aws.history(run.arn) if "Scheduled" in one["type"]
    ]
    assert not any(':2"' in parameters for parameters in scheduled)


def test_what_is_refused(aws: Embedded) -> None:
    row = "is RUNNING or SUCCEEDED, ended more than 14 days ago, or has 24,999 events"
    assert redrive_of(row) == "refused"
    run = Redriven(aws)
    run.end("execution.aborted-in-plan-wave")
    aws.clock.sleep(14 * 24 * HOUR)
    with pytest.raises(ClientError, match="redrivable period exceeded"):
        run.redrive()
    # The others: tests/adapters/embedded/test_redrives.py


# ---------------------------------------------------------------- the table

TRIED = {
    BEFORE, SCANNED, ON_DEMAND, COLLECTING, COLLECTED,
    "ended in Assessment Failed", "ended in Report Failed", "began more than 22 hours ago",
    "was overtaken: another run has assessed its AMIs since", "began with versions that were deleted",
    "began before a deployment or a rollback",
    "is RUNNING or SUCCEEDED, ended more than 14 days ago, or has 24,999 events",
}  # fmt: skip


def table() -> dict[str, str]:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.partition("## Redrive\n")[2].partition("\n## ")[0]
    rows = [line.strip("| \n").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return {row[0]: row[1] for row in rows if not row[0].startswith(("---", "The execution"))}


def redrive_of(row: str) -> str:
    """What the page says of it."""
    return table()[row]


def test_every_row_is_tried() -> None:
    assert set(table()) == TRIED
