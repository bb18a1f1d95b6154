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
AT_HOME = re.compile(r"dynamodb:|s3:|sns:|sqs:|states:|kms:|logs:|lambda:|sts:|iam:CreateServiceLinkedRole|inspector:")


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in ("MemberRole", "LaunchPolicy"):
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
    # The configuration's own parameter is read at home; enabling Inspector and acting on AMIs is the account's affair.
    home_only = {"ssm:GetParameter", "inspector2:Enable", "events:PutEvents", "ec2:EnableImageDeprecation"}
    assert here == there - home_only


def test_launch_and_termination_are_conditioned_as_in_the_stack(full: Any) -> None:
    theirs = {statement["Sid"]: statement for statement in statements()}
    for role, sids in {
        "LaunchInstancesRole": ("LaunchTagged", "LaunchTaggedVolumes", "TagAtLaunchOnly"),
        "TerminateRole": ("TerminateOursOnly",),
    }.items():
        for mine in full.statements(role):
            if mine.get("Sid") in sids:
                condition = json.dumps(theirs[mine["Sid"]]["Condition"])
                assert json.loads(condition.replace('{"Ref": "HubStackName"}', '"gold"')) == mine["Condition"]


def test_only_the_stacks_roles_with_the_external_id_come_in() -> None:
    [trust] = MEMBER["Resources"]["MemberRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"] == {"sts:ExternalId": {"Ref": "ExternalId"}}
    assert "${HubStackName}-*Role-*" in trust["Condition"]["ArnLike"]["aws:PrincipalArn"]["Fn::Sub"]
    assert MEMBER["Parameters"]["ExternalId"]["NoEcho"]
    assert "Default" not in MEMBER["Parameters"]["ExternalId"]


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
        full.resources[name]["Properties"]["EventPattern"] for name in ("InstanceScanned", "AmiScanned", "AmiFinding")
    ]
    assert set(pattern["detail-type"]) == {kind for rule in rules for kind in rule["detail-type"]}
    assert set(pattern["source"]) == {source for rule in rules for source in rule["source"]}
