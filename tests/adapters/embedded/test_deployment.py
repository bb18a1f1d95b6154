"""Deploying templates: functions of CloudFormation, update, deletion, and the project's own template."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from golden_ami_emulator.deployment.template import TemplateError
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Image, World

Open = Callable[..., Embedded]
Project = Callable[..., Path]
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Size: {Type: String, Default: small, AllowedValues: [small, large]}
  Days: {Type: Number, Default: 7, MinValue: 1, MaxValue: 90}
  Names: {Type: CommaDelimitedList, Default: "a,b"}
  Mail: {Type: String, Default: "", AllowedPattern: "^(.+@.+)?$", MaxLength: 20}
Rules:
  LargeNeedsMail:
    RuleCondition: !Equals [!Ref Size, large]
    Assertions:
      - {Assert: !Not [!Equals [!Ref Mail, ""]], AssertDescription: large needs Mail}
Conditions:
  Large: !Equals [!Ref Size, large]
Mappings:
  Sizes: {small: {memory: 128}, large: {memory: 1024}}
Resources:
  Work:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/
      Runtime: python3.13
      Handler: work.app.handler
      MemorySize: !FindInMap [Sizes, !Ref Size, memory]
      Environment:
        Variables:
          TOPIC: !Ref Topic
          NAMES: !Join ["-", !Ref Names]
          ARN: !Sub ["${P}:${Topic.TopicName}:${!literal}", {P: !Ref AWS::Partition}]
          EXTRA: !If [Large, !Ref Extra, "none"]
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !If [Large, big, !Ref AWS::NoValue]}}
  Extra: {Type: AWS::SQS::Queue, Condition: Large}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /test/logs, RetentionInDays: !Ref Days}}
  Kept: {Type: AWS::S3::Bucket, DeletionPolicy: Retain}
Outputs:
  Function: {Value: !Ref Work}
  Bucket: {Value: !Ref Kept}
  Extra: {Condition: Large, Value: !Ref Extra}
"""


@pytest.fixture
def template(project: Project) -> Path:
    return project(TEMPLATE, {"work/app.py": "def handler(event, context): return 1\n"})


def configuration(account: Embedded) -> dict[str, Any]:
    answer = account.client("lambda").get_function_configuration(FunctionName=account.outputs["Function"])
    return dict(answer)


def test_functions_of_the_template_are_resolved(embedded: Open, template: Path) -> None:
    account = embedded(template=template)
    function = configuration(account)
    variables = function["Environment"]["Variables"]
    assert function["MemorySize"] == 128
    topic = account.stack.physical_id("Topic")
    assert (variables["TOPIC"], variables["NAMES"], variables["EXTRA"]) == (topic, "a-b", "none")
    assert variables["ARN"] == f"aws:{topic.split(':')[-1]}:${{literal}}"
    assert "Extra" not in account.stack.resources
    assert "Extra" not in account.outputs


def test_an_update_changes_what_changed_and_a_condition_adds_and_removes(embedded: Open, template: Path) -> None:
    account = embedded(template=template)
    bucket, function = account.outputs["Bucket"], account.outputs["Function"]
    account.update({"Size": "large", "Mail": "a@b", "Days": "30"})
    assert configuration(account)["MemorySize"] == 1024
    assert configuration(account)["Environment"]["Variables"]["EXTRA"] == account.outputs["Extra"]
    assert (account.outputs["Bucket"], account.outputs["Function"]) == (bucket, function)
    (group,) = account.client("logs").describe_log_groups(logGroupNamePrefix="/test")["logGroups"]
    assert group["retentionInDays"] == 30
    queue = account.outputs["Extra"]
    account.update({"Size": "small"})
    assert "Extra" not in account.outputs
    with pytest.raises(ClientError, match="NonExistentQueue"):
        account.client("sqs").get_queue_attributes(QueueUrl=queue)


def test_deletion_keeps_only_what_is_retained(embedded: Open, template: Path) -> None:
    account = embedded(template=template)
    bucket = account.outputs["Bucket"]
    account.stack.delete()
    assert account.client("lambda").list_functions()["Functions"] == []
    assert account.client("sns").list_topics()["Topics"] == []
    roles = account.client("iam").list_roles()["Roles"]
    assert [role for role in roles if not role["Path"].startswith("/aws-service-role/")] == []  # Inspector's stay
    assert [found["Name"] for found in account.client("s3").list_buckets()["Buckets"]] == [bucket]


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"Size": "huge"}, "'huge' is not one of small, large"),
        ({"Mail": "nobody"}, "does not match"),
        ({"Mail": "somebody.with.a.long.name@example.com"}, "has 37 characters"),
        ({"Days": "soon"}, "'soon' is not a number"),
        ({"Days": "91"}, "91 is outside"),
        ({"Colour": "red"}, "no parameter Colour"),
        ({"Size": "large"}, "large needs Mail"),
    ],
)
def test_wrong_parameters_are_refused(
    embedded: Open, template: Path, parameters: dict[str, str], complaint: str
) -> None:
    with pytest.raises(TemplateError, match=complaint):
        embedded(template=template, parameters=parameters)


@pytest.mark.parametrize(
    ("resource", "complaint"),
    [
        ("{Type: AWS::Neptune::DBCluster}", "cannot make a AWS::Neptune::DBCluster"),
        ("{Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Nowhere}}", "Nowhere"),
        ("{Type: AWS::SNS::Topic, Properties: {TopicName: !Ref X}}", "circular dependency: X -> X"),
        ("{Type: AWS::SNS::Topic, Properties: {TopicName: !GetAtt Y.Colour}}", "no attribute Colour"),
    ],
)
def test_what_cannot_be_made_is_an_error(embedded: Open, project: Project, resource: str, complaint: str) -> None:
    text = f"Transform: AWS::Serverless-2016-10-31\nResources:\n  Y: {{Type: AWS::SQS::Queue}}\n  X: {resource}\n"
    with pytest.raises(TemplateError, match=complaint):
        embedded(template=project(text, {}))


def test_the_projects_template_deploys_updates_and_is_deleted(embedded: Open) -> None:
    account = embedded(parameters={"NotificationEmail": "someone@example.com", "ClassicEngine": "allowed"})
    assert account.outputs["StateMachineArn"].endswith(":stateMachine:golden-ami")
    definition = account.client("stepfunctions").describe_state_machine(
        stateMachineArn=account.outputs["StateMachineArn"]
    )["definition"]
    assert "${" not in definition
    assert json.loads(definition)["StartAt"] == "Load Config"
    account.update({"Network": "none", "ScheduleState": "ENABLED", "CisBenchmark": "true"})
    assert "Vpc" not in account.stack.resources
    schedules = account.client("scheduler").list_schedules()["Schedules"]
    assert {schedule["State"] for schedule in schedules} == {"ENABLED"}
    account.update({"TopicEncryption": "disk", "CreateAlarms": "false", "CreateDashboard": "false"})
    sns: Any = account.client("sns")
    topics = [one["TopicArn"] for one in sns.list_topics()["Topics"]]
    assert len(topics) == 2
    assert not any(sns.get_topic_attributes(TopicArn=one)["Attributes"].get("KmsMasterKeyId") for one in topics)
    assert not {"TopicKey", "AlarmTopic", "RunFailedAlarm", "Dashboard"} & account.stack.resources.keys()
    account.stack.delete()
    assert account.client("lambda").list_functions()["Functions"] == []


def test_ec2_holds_exactly_the_worlds_images(embedded: Open) -> None:
    images = [
        Image("ami-0000000000000000a", "web", {"Name": "web", "Empty": ""}, "arm64"),
        Image("ami-0000000000000000b", "old", state="deregistered"),
        Image("ami-0000000000000000c", "new", state="pending", owner="999999999999"),
    ]
    ec2 = embedded(World(images, {})).client("ec2")
    found = {image["ImageId"]: image for image in ec2.describe_images()["Images"]}
    assert set(found) == {"ami-0000000000000000a", "ami-0000000000000000c"}
    web = found["ami-0000000000000000a"]
    assert (web["Name"], web["Architecture"], web["RootDeviceName"]) == ("web", "arm64", "/dev/xvda")
    assert {tag["Key"]: tag["Value"] for tag in web["Tags"]} == {"Name": "web", "Empty": ""}
    assert (found["ami-0000000000000000c"]["State"], found["ami-0000000000000000c"]["OwnerId"]) == (
        "pending",
        "999999999999",
    )
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        ec2.describe_images(ImageIds=["ami-0000000000000000b"])
