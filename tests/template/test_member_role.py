"""The role in other accounts allows what the functions do there, and no more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfn_flip import load_yaml
from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
MEMBER: dict[str, Any] = json.loads(json.dumps(load_yaml((ROOT / "docs" / "member-role.yaml").read_text())))
# What the functions do in the stack's own account, whatever account an AMI is in.
AT_HOME = re.compile(r"dynamodb:|s3:|sns:|sqs:|states:|kms:|logs:|lambda:|sts:|inspector:")


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in ("MemberRole", "LaunchPolicy", "ActPolicy"):
        properties = MEMBER["Resources"][name]["Properties"]
        for policy in properties.get("Policies", [properties]):
            found += policy["PolicyDocument"]["Statement"]
    return found


def test_it_allows_what_the_functions_that_assume_it_do(full: Any) -> None:
    here = {action for statement in statements() for action in as_list(statement["Action"])}
    assuming = [
        name
        for name in full.functions()
        if any(one["Action"] == "sts:AssumeRole" for one in full.statements(f"{name}Role"))
    ]
    there = {
        action
        for name in assuming
        for statement in full.statements(f"{name}Role")
        for action in as_list(statement["Action"])
        if not AT_HOME.match(action)
    }
    # The configuration's own parameter is read at home, as are vulnerabilities, which are the same everywhere; enabling
    # Inspector is the account's affair. The bus that is told of verdicts is the stack's.
    home_only = {"ssm:GetParameter", "inspector2:Enable", "events:PutEvents", "inspector2:SearchVulnerabilities"}
    assert here == there - home_only


def test_acting_on_amis_is_the_accounts_choice() -> None:
    assert MEMBER["Parameters"]["ActOnAmis"]["Default"] == "false"
    assert MEMBER["Resources"]["ActPolicy"]["Condition"] == "MayAct"


def test_launch_and_termination_are_conditioned_as_in_the_stack(full: Any) -> None:
    theirs = {statement["Sid"]: statement for statement in statements()}
    for role, sids in {
        "LaunchInstancesRole": ("LaunchTagged", "LaunchTaggedVolumes", "TagAtLaunchOnly"),
        "TerminateRole": ("TerminateOursOnly",),
    }.items():
        for mine in full.statements(role):
            if mine.get("Sid") in sids:
                condition = json.dumps(theirs[mine["Sid"]]["Condition"])
                own = '{"Fn::GetAtt": ["InstanceProfile", "Arn"]}'
                condition = condition.replace(own, '"arn:aws:iam::123456789012:instance-profile/InstanceProfile"')
                assert json.loads(condition.replace('{"Ref": "HubStackName"}', '"gold"')) == mine["Condition"]


ALL = "arn:${AWS::Partition}:ec2:*:${AWS::AccountId}:"
CREATED = [{"Fn::Sub": f"{ALL}instance/*"}, {"Fn::Sub": f"{ALL}volume/*"}]
CIS = {"Fn::Sub": "arn:${AWS::Partition}:inspector2:*:${AWS::AccountId}:owner/${AWS::AccountId}/cis-configuration/*"}
SERVICE_ROLES = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/aws-service-role"
RESOURCES: dict[str, list[Any]] = {
    "LookAround": ["*"],
    "ReadQuotas": [{"Fn::Sub": "arn:${AWS::Partition}:servicequotas:*:${AWS::AccountId}:ec2/*"}],
    "ResolveAmis": [
        {"Fn::Sub": "arn:${AWS::Partition}:ssm:*::parameter/aws/service/*"},
        {"Fn::Sub": "arn:${AWS::Partition}:ssm:*:${AWS::AccountId}:parameter${AmiParameterPath}*"},
    ],
    "RolesOfTheFirstScan": [
        {"Fn::Sub": f"{SERVICE_ROLES}/ami.inspector2.amazonaws.com/AWSServiceRoleForAmazonInspector2Ami"},
        {"Fn::Sub": f"{SERVICE_ROLES}/inspector2.amazonaws.com/AWSServiceRoleForAmazonInspector2"},
    ],
    "Scan": ["*"],
    "ScanCis": [CIS],
    "WriteBackToSecurityHub": [{"Fn::Sub": "arn:${AWS::Partition}:securityhub:*:${AWS::AccountId}:hub/default"}],
    "TerminateOursOnly": CREATED[:1],
    "LaunchTagged": CREATED[:1],
    "LaunchTaggedVolumes": CREATED[1:],
    "LaunchFromAnyAmi": [
        {"Fn::Sub": "arn:${AWS::Partition}:ec2:*::image/*"},
        {"Fn::Sub": f"{ALL}network-interface/*"},
        {"Fn::Sub": "arn:${AWS::Partition}:ec2:*:*:security-group/*"},
    ],
    "LaunchInTheseSubnets": [{"Ref": "SubnetArns"}],
    "TagAtLaunchOnly": CREATED,
    "PassTheInstanceRole": [{"Fn::GetAtt": ["InstanceRole", "Arn"]}],
    "TagAmis": [{"Fn::Sub": "arn:${AWS::Partition}:ec2:*::image/*"}],
    "DeprecateAmis": [{"Fn::Sub": "arn:${AWS::Partition}:ec2:*::image/*"}],
}
TO_EC2 = {"StringEquals": {"iam:PassedToService": {"Fn::Sub": "ec2.${AWS::URLSuffix}"}}}


def test_its_statements_are_limited_to_these_resources_and_conditions() -> None:
    assert {one["Sid"]: as_list(one["Resource"]) for one in statements()} == RESOURCES
    assert {one["Effect"] for one in statements()} == {"Allow"}
    conditioned = {one["Sid"]: one["Condition"] for one in statements() if "Condition" in one}
    services = ["ami.inspector2.amazonaws.com", "inspector2.amazonaws.com"]
    assert conditioned.pop("RolesOfTheFirstScan") == {"StringEquals": {"iam:AWSServiceName": services}}
    assert set(conditioned) == {
        "TerminateOursOnly",
        "LaunchTagged",
        "LaunchTaggedVolumes",
        "TagAtLaunchOnly",
        "PassTheInstanceRole",
    }
    assert conditioned["PassTheInstanceRole"] == TO_EC2


def test_keys_are_used_as_by_the_stack() -> None:
    stack = load_yaml((ROOT / "template.yaml").read_text())["Resources"]["UsesAmiKeys"]
    policy = MEMBER["Resources"]["KeysPolicy"]
    assert (policy["Condition"], policy["Properties"]["Roles"]) == ("HasAmiKeys", [{"Ref": "MemberRole"}])
    assert policy["Properties"]["PolicyDocument"] == stack["Properties"]["PolicyDocument"]


def test_only_the_stacks_roles_with_the_external_id_come_in() -> None:
    [trust] = MEMBER["Resources"]["MemberRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {
        "Effect": "Allow",
        "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${HubAccountId}:root"}},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}},
            "ArnEquals": {"aws:PrincipalArn": {"Ref": "HubRoleArns"}},
        },
    }
    assert MEMBER["Parameters"]["ExternalId"]["NoEcho"]
    for name in ("ExternalId", "HubRoleArns"):
        assert "Default" not in MEMBER["Parameters"][name]


def test_its_instances_may_be_looked_at_and_nothing_more() -> None:
    role = MEMBER["Resources"]["InstanceRole"]["Properties"]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": {"Fn::Sub": "ec2.${AWS::URLSuffix}"}}
    names = re.findall(r"policy/(\w+)", json.dumps(role["ManagedPolicyArns"]))
    assert set(names) == {"AmazonSSMManagedInstanceCore", "AmazonInspector2ManagedCisPolicy"}
    assert "Policies" not in role
    assert MEMBER["Resources"]["InstanceProfile"]["Properties"] == {
        "InstanceProfileName": {"Ref": "InstanceProfileName"},
        "Roles": [{"Ref": "InstanceRole"}],
    }


def test_the_stack_tells_which_roles_come(full: Any, plain: Any) -> None:
    told = full.resolver.resolve(full.template["Outputs"]["MemberRoleCallers"]["Value"]).split(",")
    assuming = {
        f"arn:aws:iam::123456789012:role/{name}"
        for name in full.of_type("AWS::IAM::Role")
        if any(one["Action"] == "sts:AssumeRole" for one in full.statements(name))
    }
    assert len(told) == len(set(told))
    assert set(told) == assuming
    pattern = MEMBER["Parameters"]["HubRoleArns"]["AllowedPattern"]
    assert all(re.fullmatch(pattern, arn) for arn in told)
    assert not re.fullmatch(pattern, "arn:aws:iam::123456789012:role/gold-*")
    assert not plain.resolver.condition(plain.template["Outputs"]["MemberRoleCallers"]["Condition"])


def test_the_trust_policy_stays_within_iams_limit() -> None:
    """2,048 characters (IAM quotas, "Role trust policy length"), with the longest names and an external id of 64."""
    [trust] = MEMBER["Resources"]["MemberRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    text = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arns = json.dumps([f"arn:aws-us-gov:iam::123456789012:role/{'r' * 64}"] * 10)
    text = text.replace('{"Ref": "HubRoleArns"}', arns).replace('{"Ref": "ExternalId"}', f'"{"x" * 64}"')
    assert len(re.sub(r"\s", "", text)) < 2048


@pytest.mark.parametrize("name", ["member-role", "member-events"])
def test_cfn_lint_finds_nothing(name: str) -> None:
    found = lint((ROOT / "docs" / f"{name}.yaml").read_text(), config=ManualArgs(regions=["eu-central-1"]))
    assert [(one.rule.id, one.path) for one in found] == []


@pytest.mark.parametrize("name", ["member-role", "member-events"])
def test_it_names_no_partition(name: str) -> None:
    lines = (ROOT / "docs" / f"{name}.yaml").read_text().splitlines()
    assert not [line for line in lines if "arn:aws" in line and "AllowedPattern" not in line]


def test_the_events_that_are_forwarded_are_those_that_the_stack_takes(full: Any) -> None:
    """A pattern here that the stack's bus policy or rules do not know would forward for nothing."""
    events: dict[str, Any] = json.loads(json.dumps(load_yaml((ROOT / "docs" / "member-events.yaml").read_text())))
    pattern = events["Resources"]["InspectorEvents"]["Properties"]["EventPattern"]
    taken = full.resources["MemberEvents"]["Properties"]["Statement"]
    assert set(pattern["source"]) == set(taken["Condition"]["StringEquals"]["events:source"])
    assert taken["Principal"] == {"AWS": ["222222222222", "333333333333"]}
    rules = [
        full.resources[name]["Properties"]["EventPattern"]["$or"][0]
        for name in ("InstanceScanned", "AmiScanned", "AmiFinding")
    ]
    assert set(pattern["detail-type"]) == {kind for rule in rules for kind in rule["detail-type"]}
    assert set(pattern["source"]) == {source for rule in rules for source in rule["source"]}
