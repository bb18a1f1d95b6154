"""Names that come from the stack's: which the services take, and what becomes of a deployment that fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import permissions
import pytest
from botocore.exceptions import ClientError

from golden_ami_cli.doctor.stack_name import LONGEST, examine_name
from golden_ami_emulator.deployment.cloudformation import EmulatedStack
from golden_ami_emulator.deployment.template import TemplateError
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.limits import refusal
from golden_ami_emulator.project import TEMPLATE

Open = Callable[..., Embedded]
Project = Callable[..., Path]
EMPTY = "Transform: AWS::Serverless-2016-10-31\nResources:\n  Queue: {Type: AWS::SQS::Queue}\n"
OPTIONS = {"ScheduleState": "ENABLED", "MemberAccountIds": "222222222222", "MemberRoleName": "Member"}


def deployed(account: Embedded, name: str, parameters: dict[str, str] | None = None) -> EmulatedStack:
    place = {"account": account.account, "region": account.region}
    return account.deploy(TEMPLATE, parameters or OPTIONS, name=name, **place)


@pytest.fixture
def account(embedded: Open, project: Project) -> Embedded:
    template = project(EMPTY, {})
    (template.parent / "functions").symlink_to(TEMPLATE.parent / "functions")  # handlers come from there only
    return embedded(template=template)


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "aws-golden",
        "AWS-golden",
        "ssm-golden",
        "golden--ami-",
        pytest.param("l" * LONGEST, id="longest"),
        pytest.param("aws-" + "l" * (LONGEST - 4), id="longest-aws"),
    ],
)
def test_a_stack_may_have_this_name(account: Embedded, name: str) -> None:
    assert examine_name(name).status == "ok"
    stack = deployed(account, name)
    assert stack.outputs["StateMachineArn"].endswith(f":stateMachine:{name}")
    assert stack.outputs["SampleParameterName"] == f"/golden-ami/{name}/ContinuousAssessmentInput"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        pytest.param("l" * (LONGEST + 1), "80", id="longer"),
        pytest.param("l" * 128, "80", id="longest-of-cloudformation"),
        ("xn--golden", "xn--"),
        ("XN--golden", "xn--"),
        ("sthree-golden", "sthree-"),
        ("amzn-s3-demo-golden", "amzn-s3-demo-"),
        ("sg-golden", "sg-"),
    ],
)
def test_the_doctor_refuses_what_would_fail_half_way(account: Embedded, name: str, word: str) -> None:
    diagnosis = examine_name(name)
    assert diagnosis.status == "error"
    assert word in diagnosis.cause
    assert "another name" in diagnosis.remedy
    with pytest.raises(ClientError, match="failed to satisfy constraint"):
        deployed(account, name)


@pytest.mark.parametrize(
    "name", ["", "1golden", "-golden", "golden_ami", "golden.ami", "gölden", "l" * 129, "golden\n"]
)
def test_what_cloudformation_does_not_take(account: Embedded, name: str) -> None:
    assert examine_name(name).status == "error"
    with pytest.raises(TemplateError, match="stack name"):
        deployed(account, name)


def test_a_run_of_a_stack_with_the_longest_reserved_name() -> None:
    with Embedded(permissions.world(), stack_name="aws-" + "l" * (LONGEST - 4)) as aws:
        document = {"version": 1, "engine": "ami", "amis": [{"amiId": permissions.AMIS[1]}]}
        assert permissions.run(aws, document)["status"] == "SUCCEEDED"
        aws.fire_schedule("ReapSchedule")
        aws.clock.sleep(60)
        assert sorted(aws.iam.denied) == []


# ---------------------------------------------------------------- what services take


@pytest.mark.parametrize(
    ("service", "operation", "member", "taken", "refused"),
    [
        ("lambda", "CreateFunction", "FunctionName", "f" * 64, "f" * 65),
        ("lambda", "CreateFunction", "FunctionName", "f", "f.g"),
        ("iam", "CreateRole", "RoleName", "r" * 64, "r" * 65),
        ("iam", "CreateInstanceProfile", "InstanceProfileName", "p" * 128, "p" * 129),
        ("stepfunctions", "CreateStateMachine", "name", "m" * 80, "m" * 81),
        ("events", "PutRule", "Name", "r" * 64, "r" * 65),
        ("events", "PutPermission", "StatementId", "s" * 64, "s" * 65),
        ("scheduler", "CreateSchedule", "Name", "s" * 64, "s" * 65),
        ("sns", "CreateTopic", "Name", "t" * 256, "t" * 257),
        ("sqs", "CreateQueue", "QueueName", "q" * 80, "q" * 81),
        ("dynamodb", "CreateTable", "TableName", "t" * 255, "t" * 256),
        ("dynamodb", "CreateTable", "TableName", "ttt", "tt"),
        ("s3", "CreateBucket", "Bucket", "b" * 63, "b" * 64),
        ("s3", "CreateBucket", "Bucket", "bucket", "Bucket"),
        ("logs", "CreateLogGroup", "logGroupName", "g" * 512, "g" * 513),
        ("cloudwatch", "PutMetricAlarm", "AlarmName", "a" * 255, "a" * 256),
        ("cloudwatch", "PutDashboard", "DashboardName", "d" * 255, "d" * 256),
        ("ssm", "PutParameter", "Name", "p" * 954, "p" * 955),
        ("ec2", "CreateSecurityGroup", "GroupName", "SG-x", "sg-x"),
    ],
)
def test_limits(service: Any, operation: str, member: str, taken: str, refused: str) -> None:
    client = boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")

    def asked(value: str) -> ClientError | None:
        return refusal(client.meta.service_model, operation, {member: value})

    assert asked(taken) is None
    error = asked(refused)
    assert error
    assert f"'{member}' failed to satisfy constraint" in str(error)


@pytest.mark.parametrize("name", ["aws-input", "/aws-golden/input", "SSM", "/ssm-golden/input"])
def test_parameters_may_not_begin_with_aws_or_ssm(account: Embedded, name: str) -> None:
    with pytest.raises(ClientError, match=r"prefixed|reserved"):
        account.client("ssm").put_parameter(Name=name, Value="x", Type="String")


# ---------------------------------------------------------------- a deployment that fails

CONFIGURED = {"Configuration": '["ami-0a1b2c3d4e5f60001"]', "ParameterName": "Input"}


def left(account: Embedded) -> tuple[list[str], list[str], list[str]]:
    """Tables, buckets and parameters of the account."""
    return (
        account.client("dynamodb").list_tables()["TableNames"],
        [bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]],
        [one["Name"] for one in account.client("ssm").describe_parameters()["Parameters"]],
    )


def test_a_first_deployment_that_fails_leaves_nothing(account: Embedded) -> None:
    account.calls.before_call = lambda call: OSError("no quota") if call.operation == "PutDashboard" else None
    with pytest.raises(OSError, match="no quota"):
        deployed(account, "golden", CONFIGURED)
    assert left(account) == ([], [], [])
    roles = account.client("iam").list_roles()["Roles"]
    assert [role for role in roles if not role["Path"].startswith("/aws-service-role/")] == []  # Inspector's stay
    account.calls.before_call = None
    stack = deployed(account, "golden", CONFIGURED)
    assert [len(each) for each in left(account)] == [1, 1, 2]
    stack.delete()
    assert [len(each) for each in left(account)] == [1, 1, 1], "the data is kept"


def test_a_parameter_that_exists_is_not_overwritten_by_a_first_deployment(account: Embedded) -> None:
    """As after the deletion of a stack that owned it: docs/troubleshooting.md says what to do."""
    account.client("ssm").put_parameter(Name="Input", Value="mine", Type="String")
    with pytest.raises(ClientError, match="ParameterAlreadyExists"):
        deployed(account, "golden", CONFIGURED)
    assert left(account) == ([], [], ["Input"])
    assert account.client("ssm").get_parameter(Name="Input")["Parameter"]["Value"] == "mine"
    deployed(account, "golden", {"ParameterName": "Input"})


def test_an_update_that_fails_puts_the_stack_back(account: Embedded) -> None:
    stack = deployed(account, "golden", {"LogLevel": "INFO"})
    outputs, before = stack.outputs, left(account)
    account.calls.before_call = lambda call: OSError("no quota") if call.operation == "PutMetricAlarm" else None
    with pytest.raises(OSError, match="no quota"):
        stack.deploy(TEMPLATE, {"LogLevel": "DEBUG", "ScheduleState": "ENABLED", **CONFIGURED})
    account.calls.before_call = None
    assert (stack.outputs, left(account)) == (outputs, before)
    client, name = account.client("lambda"), stack.physical_id("Reap")
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    assert variables["POWERTOOLS_LOG_LEVEL"] == "INFO"
    assert not stack.resources.keys() & {"OwnedConfiguration", "NoRunSucceededAlarm"}


def test_what_an_update_takes_out_of_the_template_is_retained(account: Embedded) -> None:
    stack = deployed(account, "golden", CONFIGURED)
    stack.deploy(TEMPLATE, {"ParameterName": "Input"})
    assert "OwnedConfiguration" not in stack.resources
    assert "Input" in left(account)[2]


def test_a_stack_deployed_anew_has_a_table_and_a_bucket_of_its_own(account: Embedded) -> None:
    stack = deployed(account, "golden")
    stack.delete()
    stack.deploy(TEMPLATE, OPTIONS)
    tables, buckets, _ = left(account)
    assert (len(tables), len(buckets)) == (2, 2)
