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
    "COMPLETE_TOPIC_ARN": f"arn:aws:sns:{HERE}:CompleteTopic",
    "FINDINGS_QUEUE_URL": "FindingsQueue",
    "RESULTS_TOPIC_ARN": f"arn:aws:sns:{HERE}:ResultsTopic",
    "PARAMETER_NAME": "ContinuousAssessmentInput",
    "AMI_PARAMETER_PATH": "/golden-amis/",
    "SUBNET_ID": "Subnet",
    "SECURITY_GROUP_ID": "SecurityGroup",
    "INSTANCE_PROFILE": "InstanceProfile",
    "CLASSIC_ENGINE": "allowed",
    "MEMBER_ACCOUNT_IDS": "222222222222,333333333333",
    "MEMBER_ROLE_NAME": "GoldenAmiMember",
    "MEMBER_EXTERNAL_ID": "external-id",
    "REAP_REGIONS": "eu-central-1,eu-west-1,us-east-1",
    "POWERTOOLS_LOG_LEVEL": "INFO",
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
    rule, _ = plain.resources["ReportBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"], rule.get("Prefix", "")) == ("Enabled", "400", "")
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
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
    assert plain.resources["TopicKey"]["Properties"]["EnableKeyRotation"] is True


# ---------------------------------------------------------------- network


def test_the_own_network_is_one_private_subnet(deploy: Any) -> None:
    found = deploy({"VpcCidr": "10.1.0.0/24"}).resources
    vpc, subnet = found["Vpc"]["Properties"], found["Subnet"]["Properties"]
    assert (vpc["CidrBlock"], subnet["CidrBlock"], subnet["MapPublicIpOnLaunch"]) == (*["10.1.0.0/24"] * 2, False)
    assert (vpc["EnableDnsHostnames"], vpc["EnableDnsSupport"]) == (True, True), "endpoints have names of their own"
    assert found["SubnetRoutes"]["Properties"] == {"SubnetId": "Subnet", "RouteTableId": "RouteTable"}


def test_endpoints_answer_to_the_services_names_and_to_instances_only(full: Any) -> None:
    for name, one in full.of_type("AWS::EC2::VPCEndpoint").items():
        properties = one["Properties"]
        assert properties["VpcId"] == "Vpc"
        if properties["VpcEndpointType"] == "Gateway":
            assert properties["RouteTableIds"] == ["RouteTable"], name
            continue
        assert properties["PrivateDnsEnabled"] is True, name
        assert (properties["SubnetIds"], properties["SecurityGroupIds"]) == (["Subnet"], ["EndpointSecurityGroup"])
    [rule] = full.resources["EndpointSecurityGroup"]["Properties"]["SecurityGroupIngress"]
    assert (rule["FromPort"], rule["ToPort"], rule["SourceSecurityGroupId"]) == (443, 443, "SecurityGroup")
    assert not {"CidrIp", "CidrIpv6"} & rule.keys()


@pytest.mark.parametrize("missing", ["VpcId", "SubnetId"])
def test_an_existing_network_needs_both(source: dict[str, Any], missing: str) -> None:
    rule = source["Rules"]["ExistingNetwork"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Network"}, "existing"]}
    asserted = [one["Assert"] for one in rule["Assertions"]]
    assert {"Fn::Not": [{"Fn::Equals": [{"Ref": missing}, ""]}]} in asserted
