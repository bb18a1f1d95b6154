"""A deployment changes nothing under a run; the version before is gone back to by one command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from golden_ami_cli.embedded import account_of
from golden_ami_cli.errors import CommandError, UsageError
from golden_ami_cli.runs import rollback
from golden_ami_emulator.chaos.worlds import ami_id, world
from golden_ami_emulator.embedded import Embedded

ROOT = Path(__file__).parents[2]
INPUT = {"AMIsParamName": "ContinuousAssessmentInput"}
VERSION = re.compile(r"function:[\w-]+:(\w+)")
FUNCTIONS = 15


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Embedded]:
    """The project with a template of its own."""
    for folder in ("functions", "statemachine"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    template = tmp_path / "template.yaml"
    template.write_text((ROOT / "template.yaml").read_text())
    with Embedded(world(2, 1), template=template) as opened:
        opened.put_configuration("ContinuousAssessmentInput", json.dumps([{"ami-id": ami_id(1)}]))
        yield opened


def break_release(aws: Embedded) -> None:
    """Deploy a release of which a function cannot start."""
    text = aws.template.read_text()
    aws.template.write_text(text.replace("handlers.check_run.handler", "handlers.check_run.missing"))
    aws.update({})


def invoked(aws: Embedded, arn: str) -> set[str]:
    """The versions of the functions that an execution has invoked."""
    scheduled = [one["taskScheduledEventDetails"] for one in aws.history(arn) if one["type"] == "TaskScheduled"]
    return {VERSION.findall(one["parameters"])[0] for one in scheduled}


def live(aws: Embedded) -> list[str]:
    """Where the aliases of the functions and of the state machine point to."""
    lambdas = aws.client("lambda")
    names = [one.made.id for one in aws.stack.resources.values() if one.type == "AWS::Lambda::Function"]
    alias = aws.client("stepfunctions").describe_state_machine_alias(
        stateMachineAliasArn=aws.outputs["StateMachineAliasArn"]
    )
    versions = {lambdas.get_alias(FunctionName=name, Name="live")["FunctionVersion"] for name in names}
    [route] = alias["routingConfiguration"]
    return [*sorted(versions), route["stateMachineVersionArn"].rpartition(":")[2]]


def test_a_deployment_in_the_middle_of_a_run_changes_nothing_under_it(aws: Embedded) -> None:
    arn = aws.start(INPUT)
    aws.clock.sleep(60)  # the instance boots
    break_release(aws)
    aws.update({"LogLevel": "DEBUG"})
    assert aws.wait(arn)["status"] == "SUCCEEDED"
    assert invoked(aws, arn) == {"1"}
    described = aws.client("stepfunctions").describe_execution(executionArn=arn)
    assert described["stateMachineVersionArn"].endswith(":1")
    assert described["stateMachineAliasArn"].endswith(":live")


def test_the_version_before_is_gone_back_to(aws: Embedded) -> None:
    account = account_of(aws)
    with pytest.raises(UsageError, match="no version before 1, which is live; it has 1"):
        rollback.plan(account, None)
    aws.update({"LogLevel": "DEBUG"})
    break_release(aws)
    failed = aws.run(INPUT)
    assert (failed["status"], failed["error"]) == ("FAILED", "Runtime.HandlerNotFound")
    planned = rollback.plan(account, None)
    assert (planned.now, planned.then) == (3, 2)
    assert {one.then for one in planned.moves} == {"2"}
    assert len(planned.moves) == FUNCTIONS
    [moved] = [one.function for one in planned.moves if one.now != one.then]
    assert moved == aws.lambda_name("check-run")
    said = planned.text(done=False)
    assert said[0].startswith("state machine: would move from version 3 to 2, published ")
    assert said[1:] == [f"{moved}: would move from version 3 to 2", "A dry run, nothing was done."]
    assert live(aws) == ["2", "3", "3"]
    rollback.carry_out(account, planned)
    assert live(aws) == ["2", "2"]
    assert aws.run(INPUT)["status"] == "SUCCEEDED"
    assert planned.as_json(done=True)["stateMachine"] == {"from": 3, "to": 2}
    assert account.environment("LoadConfigFunction")["POWERTOOLS_LOG_LEVEL"] == "DEBUG"
    rollback.carry_out(account, rollback.plan(account, 1))
    assert live(aws) == ["1", "1"]
    assert account.environment("LoadConfigFunction")["POWERTOOLS_LOG_LEVEL"] == "INFO"
    rollback.carry_out(account, rollback.plan(account, 3))
    assert live(aws) == ["2", "3", "3"]


def test_a_rollback_that_cannot_be_ended_is_not_begun(aws: Embedded) -> None:
    account, lambdas = account_of(aws), aws.client("lambda")
    aws.update({"LogLevel": "DEBUG"})
    gone = aws.lambda_name("terminate")
    lambdas.delete_function(FunctionName=gone, Qualifier="1")
    with pytest.raises(CommandError, match=f"{gone} has no version 1 any more"):
        rollback.plan(account, None)
    with pytest.raises(UsageError, match="no version 9; it has 1, 2"):
        rollback.plan(account, 9)
    assert live(aws) == ["2", "2"]


def test_a_start_without_the_alias_is_pinned_as_well(aws: Embedded) -> None:
    """The console's button starts the latest revision, which names versions too."""
    states: Any = aws.client("stepfunctions")
    started = states.start_execution(stateMachineArn=aws.outputs["StateMachineArn"], input=json.dumps(INPUT))
    aws.clock.sleep(60)
    break_release(aws)
    assert aws.wait(started["executionArn"])["status"] == "SUCCEEDED"
    assert invoked(aws, started["executionArn"]) == {"1"}
