"""What the template's parameters and other resources are to the functions, the data, the network and the e-mails."""

from __future__ import annotations

import json
from typing import Any

import pytest

ACCOUNT = "123456789012"
HERE = f"eu-central-1:{ACCOUNT}"

# Every variable of a function, by the parameters of `full`.
VARIABLES = {
    "STACK_NAME": "gold",
    "ACCOUNT_ID": ACCOUNT,
    "AWS_PARTITION": "aws",
    "LEDGER_TABLE": "Ledger",
    "REPORT_BUCKET": "ReportBucket",
    "REPORT_RETENTION_DAYS": "400",
    "COMPLETE_TOPIC_ARN": f"arn:aws:sns:{HERE}:CompleteTopic",
    "FINDINGS_QUEUE_URL": "FindingsQueue",
    "RESULTS_TOPIC_ARN": f"arn:aws:sns:{HERE}:ResultsTopic",
    "PARAMETER_NAME": "ContinuousAssessmentInput",
    "AMI_PARAMETER_PATH": "/golden-amis/",
    "SUBNET_IDS": "Subnet,SecondSubnet",
    "SECURITY_GROUP_ID": "SecurityGroup",
    "PUBLIC_ADDRESS": "false",
    "INSTANCE_PROFILE": "InstanceProfile",
    "CLASSIC_ENGINE": "allowed",
    "MEMBER_ACCOUNT_IDS": "222222222222,333333333333",
    "MEMBER_ROLE_NAME": "GoldenAmiMember",
    "MEMBER_EXTERNAL_ID": "external-id",
    "REAP_REGIONS": "eu-central-1,eu-west-1,us-east-1",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "SETTINGS_VERSION": "SettingsVersion.VersionNumber",
}


def test_every_function_has_these_variables(full: Any, deploy: Any) -> None:
    for name, function in full.functions().items():
        assert function["Properties"]["Environment"]["Variables"] == VARIABLES, name
    chosen = {"ParameterName": "/golden/input", "AmiParameterPath": "/amis/", "LogLevel": "DEBUG"}
    other = deploy(chosen, stack="two", partition="aws-cn").functions()["Reap"]["Properties"]["Environment"]
    expected = {
        "STACK_NAME": "two",
        "AWS_PARTITION": "aws-cn",
        "PARAMETER_NAME": "/golden/input",
        "AMI_PARAMETER_PATH": "/amis/",
        "CLASSIC_ENGINE": "refused",
        "MEMBER_ACCOUNT_IDS": "",
        "REAP_REGIONS": "cn-north-1",
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
    }
    assert other["Variables"] | expected == other["Variables"]


def test_runs_are_traced_and_logged_with_their_data(plain: Any) -> None:
    machine = plain.resources["StateMachine"]["Properties"]
    destinations = machine["LoggingConfiguration"].pop("Destinations")
    assert machine["LoggingConfiguration"] == {"Level": "ALL", "IncludeExecutionData": True}
    assert "StateMachineLogs" in json.dumps(destinations)
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert machine["StateMachineType"] == "STANDARD"
    modes = {function["Properties"]["TracingConfig"]["Mode"] for function in plain.functions().values()}
    assert modes == {"Active"}


def test_the_schedule_starts_the_parameter_of_the_stack(deploy: Any) -> None:
    chosen = {
        "ParameterName": "/golden/input",
        "ScheduleExpression": "rate(12 hours)",
        "ScheduleTimeZone": "Asia/Tokyo",
    }
    schedule = deploy(chosen).resources["AssessmentSchedule"]["Properties"]
    assert json.loads(schedule["Target"]["Input"])["AMIsParamName"] == "/golden/input"
    assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]) == ("rate(12 hours)", "Asia/Tokyo")


def test_a_configuration_that_the_stack_owns_is_the_given_one(plain: Any, deploy: Any) -> None:
    assert "OwnedConfiguration" not in plain.resources
    owned = deploy({"Configuration": '[{"ami-id": "ami-0a1b2c3d"}]', "ParameterName": "mine"}).resources
    properties = owned["OwnedConfiguration"]["Properties"]
    assert (properties["Name"], properties["Value"]) == ("mine", '[{"ami-id": "ami-0a1b2c3d"}]')


@pytest.mark.parametrize("topic", ["ResultsTopic", "AlarmTopic"])
def test_a_person_is_sent_reports_and_alarms(plain: Any, full: Any, topic: str) -> None:
    def of(deployed: Any) -> list[str]:
        subscriptions = [one["Properties"] for one in deployed.of_type("AWS::SNS::Subscription").values()]
        return [one["Endpoint"] for one in subscriptions if (one["Protocol"], one["TopicArn"]) == ("email", arn)]

    arn = f"arn:aws:sns:{HERE}:{topic}"
    assert of(full) == ["owner@example.com"]
    assert of(plain) == []


# ---------------------------------------------------------------- data


def test_how_long_data_is_kept(plain: Any, deploy: Any) -> None:
    of_runs, of_all, _ = plain.resources["ReportBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert (of_runs["Status"], of_runs["ExpirationInDays"], of_runs["Prefix"]) == ("Enabled", "400", "runs/")
    assert (of_all["NoncurrentVersionExpiration"], "Prefix" in of_all) == ({"NoncurrentDays": 30}, False)
    chosen = deploy({"ReportRetentionDays": "90", "LogRetentionDays": "30", "ObjectLockDays": "60"})
    bucket = chosen.resources["ReportBucket"]["Properties"]
    assert bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == "90"
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": "60"}},
    }
    logs = chosen.of_type("AWS::Logs::LogGroup").values()
    assert {one["Properties"]["RetentionInDays"] for one in logs} == {"30"}
    assert plain.resources["DeadLetters"]["Properties"]["MessageRetentionPeriod"] == 14 * 86_400


def test_no_report_is_public_whatever_policy_or_acl_is_added(plain: Any) -> None:
    names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    given = plain.resources["ReportBucket"]["Properties"]["PublicAccessBlockConfiguration"]
    assert given == dict.fromkeys(names, True)


def test_reports_are_encrypted_and_owned_by_the_bucket(plain: Any) -> None:
    bucket = plain.resources["ReportBucket"]["Properties"]
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


@pytest.mark.parametrize(("encryption", "days"), [("key", 2560), ("rotated-key", 365)])
def test_the_key_of_the_topics_is_rotated(deploy: Any, encryption: str, days: int) -> None:
    key = deploy({"TopicEncryption": encryption}).resources["TopicKey"]["Properties"]
    assert (key["EnableKeyRotation"], key["RotationPeriodInDays"]) == (True, days)


def test_without_a_key_nobody_may_use_one(deploy: Any) -> None:
    bare = deploy({"TopicEncryption": "disk"})
    assert not bare.of_type("AWS::KMS::Key")
    assert not any("KmsMasterKeyId" in one["Properties"] for one in bare.of_type("AWS::SNS::Topic").values())
    assert "TopicKey" not in str(bare.resources)


def test_without_alarms_there_is_no_topic_for_them(deploy: Any) -> None:
    bare = deploy({"CreateAlarms": "false", "ScheduleState": "ENABLED", "NotificationEmail": "owner@example.com"})
    assert not bare.of_type("AWS::CloudWatch::Alarm")
    assert "AlarmTopic" not in str(bare.resources)
    assert len(bare.of_type("AWS::SNS::Subscription")) == 2  # of the results and of resume


def test_without_a_dashboard_all_else_stays(plain: Any, deploy: Any) -> None:
    assert plain.resources.keys() - deploy({"CreateDashboard": "false"}).resources.keys() == {"Dashboard"}


# ---------------------------------------------------------------- network


# By the zones that were chosen: the zones of the subnets.
CHOSEN = {
    "": ["eu-central-1a", "eu-central-1b"],
    "eu-central-1c": ["eu-central-1c"],
    "eu-central-1c,eu-central-1a": ["eu-central-1c", "eu-central-1a"],
    "eu-central-1c,eu-central-1a,eu-central-1b": ["eu-central-1c", "eu-central-1a", "eu-central-1b"],
}


@pytest.mark.parametrize("chosen", CHOSEN)
def test_the_own_network_has_a_private_subnet_in_each_zone(deploy: Any, chosen: str) -> None:
    deployed = deploy({"VpcCidr": "10.1.0.0/24", "SubnetBits": "6", "AvailabilityZones": chosen})
    found = deployed.resources
    vpc = found["OwnVpc"]["Properties"]
    assert vpc["CidrBlock"] == "10.1.0.0/24"
    assert (vpc["EnableDnsHostnames"], vpc["EnableDnsSupport"]) == (True, True), "endpoints have names of their own"
    subnets = {name: one["Properties"] for name, one in deployed.of_type("AWS::EC2::Subnet").items()}
    assert [one["AvailabilityZone"] for one in subnets.values()] == CHOSEN[chosen]
    blocks = ["10.1.0.0/26", "10.1.0.64/26", "10.1.0.128/26"][: len(subnets)]
    assert [one["CidrBlock"] for one in subnets.values()] == blocks, "a further zone moves no subnet"
    assert {one["MapPublicIpOnLaunch"] for one in subnets.values()} == {False}
    routes = [one["Properties"] for one in deployed.of_type("AWS::EC2::SubnetRouteTableAssociation").values()]
    assert routes == [{"SubnetId": name, "RouteTableId": "RouteTable"} for name in subnets]


def test_endpoints_are_in_every_zone_when_that_is_asked_for(deploy: Any) -> None:
    chosen = {"AvailabilityZones": "eu-central-1a,eu-central-1b,eu-central-1c", "EndpointZones": "all"}
    endpoints = [one["Properties"] for one in deploy(chosen).of_type("AWS::EC2::VPCEndpoint").values()]
    assert [one["SubnetIds"] for one in endpoints if one["VpcEndpointType"] == "Interface"] == [
        ["Subnet", "SecondSubnet", "ThirdSubnet"]
    ] * 3


def test_endpoints_answer_to_the_services_names_and_to_instances_only(full: Any) -> None:
    for name, one in full.of_type("AWS::EC2::VPCEndpoint").items():
        properties = one["Properties"]
        assert properties["VpcId"] == "OwnVpc"
        if properties["VpcEndpointType"] == "Gateway":
            assert properties["RouteTableIds"] == ["RouteTable"], name
            continue
        assert properties["PrivateDnsEnabled"] is True, name
        assert (properties["SubnetIds"], properties["SecurityGroupIds"]) == (["Subnet"], ["EndpointSecurityGroup"])
    [rule] = full.resources["EndpointSecurityGroup"]["Properties"]["SecurityGroupIngress"]
    assert (rule["FromPort"], rule["ToPort"], rule["SourceSecurityGroupId"]) == (443, 443, "SecurityGroup")
    assert not {"CidrIp", "CidrIpv6"} & rule.keys()


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        ({}, False),
        ({"VpcId": "vpc-0a1b2c3d"}, False),
        ({"SubnetIds": "subnet-0a1b2c3d"}, False),
        ({"VpcId": "vpc-0a1b2c3d", "SubnetId": "subnet-0a1b2c3d"}, True),
        ({"VpcId": "vpc-0a1b2c3d", "SubnetIds": "subnet-0a1b2c3d,subnet-0a1b2c3e"}, True),
    ],
)
def test_an_existing_network_needs_a_vpc_and_a_subnet(deploy: Any, given: dict[str, str], holds: bool) -> None:
    deployed = deploy({"Network": "existing", **given})
    rule = deployed.source["Rules"]["ExistingNetwork"]
    assert deployed.resolver.resolve(rule["RuleCondition"])
    assert all(deployed.resolver.resolve(one["Assert"]) for one in rule["Assertions"]) == holds
