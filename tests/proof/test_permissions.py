"""Least privilege, proven: nothing is needed that is not allowed, nothing allowed that is not needed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cfnlint  # type: ignore[import-untyped]
import permissions
import places
import pytest

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.iam.policy import like
from golden_ami_emulator.project import ROOT, TEMPLATE

# Allowed, though no run of this suite needs it: function, action and why. Nothing is.
NEVER_NEEDED: dict[tuple[str, str], str] = {}
# AWS's service authorization reference, as cfn-lint carries it.
REFERENCE: dict[str, Any] = json.loads(
    (Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json").read_text()
)
# Newer than the reference, or scoped by Step Functions beyond what it says (see tests/template/test_iam.py).
BEYOND_REFERENCE = {
    "ec2:GetImageFindings",
    "inspector2:GetOnDemandScanStatus",
    "inspector2:ListOnDemandScans",
    "inspector2:StartOnDemandScan",
    "states:SendTaskSuccess",
}


def needed(record: Any, grant: permissions.Grant) -> bool:
    return any(
        (name, policy, sid) == (grant.function, grant.policy, grant.sid)
        and action.lower() == grant.action.lower()
        and like(resource, grant.resource)
        for name, action, resource, policy, sid in record.used
    )


def test_nothing_is_needed_that_is_not_allowed(record: Any) -> None:
    assert sorted(record.denied) == []


def test_nothing_is_allowed_that_is_not_needed(record: Any) -> None:
    idle = {grant for grant in record.grants if not needed(record, grant)}
    assert sorted(grant for grant in idle if (grant.function, grant.action) not in NEVER_NEEDED) == []
    assert {(grant.function, grant.action) for grant in idle} == NEVER_NEEDED.keys(), "a reason that no longer holds"


def test_every_function_was_seen_under_its_role(record: Any) -> None:
    seen = {name for name, *_ in record.used}
    assert seen >= {grant.function for grant in record.grants}


def test_other_accounts_and_regions_are_reached_and_used_by_no_more_than_is_needed(far: Any) -> None:
    role = f"arn:aws:iam::{places.MEMBER}:role/{places.PARAMETERS['MemberRoleName']}"
    used = {("member" if name.endswith(f" as {role}") else name, *rest) for name, *rest in far.used}
    seen = replace(far, used=used)
    assert sorted(far.denied) == []
    assert {grant.policy for grant in far.grants} == {
        "acts-on-amis",
        "assess",
        "launch",
        "uses-members",
        "uses-other-regions",
    }
    assert sorted(grant for grant in far.grants if not needed(seen, grant)) == []


def test_what_was_needed_is_what_the_reference_knows(record: Any) -> None:
    """Ours is a table by hand: each action and its kind of resource must be AWS's."""
    for _, action, resource, *_ in record.used:
        if action in BEYOND_REFERENCE:
            continue
        service, name = action.lower().split(":")
        kinds = REFERENCE[service]["Actions"][name].get("Resources", [])
        formats = [form for kind in kinds for form in REFERENCE[service]["Resources"][kind.lower()]["ARNFormats"]]
        assert any(is_of(resource, form) for form in formats) if kinds else resource == "*", (action, resource)


def is_of(arn: str, form: str) -> bool:
    """Whether an ARN is of the reference's form: `${Name}` and `.*` stand for anything."""
    pattern = re.sub(r"\\\$\\\{\w+\\\}|\\\.\\\*", ".*", re.escape(form))
    return re.fullmatch(pattern, arn) is not None


# ---------------------------------------------------------------- a permission less


@pytest.fixture
def altered(tmp_path: Path) -> Callable[[str, str], Path]:
    """The template with one text in place of another, beside the same code."""

    def alter(old: str, new: str) -> Path:
        text = TEMPLATE.read_text()
        assert text.count(old) == 1, "name a text that occurs once"
        for name in ("functions", "statemachine"):
            (tmp_path / name).symlink_to(ROOT / name)
        path = tmp_path / "template.yaml"
        path.write_text(text.replace(old, new))
        return path

    return alter


@pytest.mark.parametrize(
    ("old", "new", "function", "action"),
    [
        pytest.param(
            "                - inspector2:ListCoverage\n                - ssm:DescribeInstanceInformation\n",
            "                - inspector2:ListCoverage\n",
            "check-agents",
            "ssm:DescribeInstanceInformation",
            id="action",
        ),
        pytest.param(  # a condition that the request does not meet
            "                  aws:RequestTag/continuous-assessment-stack: !Ref AWS::StackName\n"
            "                  ec2:MetadataHttpTokens: required\n",
            "                  aws:RequestTag/continuous-assessment-stack: !Ref AWS::StackName\n"
            "                  ec2:MetadataHttpTokens: optional\n",
            "launch-instances",
            "ec2:RunInstances",
            id="condition",
        ),
        pytest.param(  # a resource that is not the one asked for
            "Resource: !Sub ${ReportBucket.Arn}/runs/*/findings/*",
            "Resource: !Sub ${ReportBucket.Arn}/runs/*/other/*",
            "tag-findings",
            "s3:PutObject",
            id="resource",
        ),
    ],
)
def test_a_permission_less_fails_the_run_by_name(
    altered: Callable[[str, str], Path], old: str, new: str, function: str, action: str
) -> None:
    with Embedded(permissions.world(), template=altered(old, new)) as aws:
        aws.client("inspector2").enable(accountIds=[aws.account], resourceTypes=["EC2"])
        document = {"version": 1, "engine": "instance", "amis": [{"amiId": permissions.AMIS[1]}]}
        ended = permissions.run(aws, document)
        told = " ".join([ended.get("cause") or "", *(one.message for one in aws.notifications())])
        assert {(name, denied) for name, denied, _ in aws.iam.denied} == {(aws.lambda_name(function), action)}
        assert "AccessDenied" in told, "the report or the cause says what kind of fault it was"
        logged = "\n".join(aws.functions.logs(aws.lambda_name(function)))
        assert f"{aws.lambda_name(function)} is not authorized to perform: {action}" in logged


def report_of(aws: Embedded, ended: Mapping[str, Any]) -> Any:
    """report.json of an execution."""
    name = ended["executionArn"].rpartition(":")[2]
    key = {"Bucket": aws.outputs["ReportBucket"], "Key": f"runs/{name}/report.json"}
    return json.load(aws.client("s3").get_object(**key)["Body"])


@pytest.mark.parametrize(
    ("old", "action"),
    [
        pytest.param(
            "            Action: sns:Publish\n            Resource: !Ref CompleteTopic\n          - !If\n",
            "sns:Publish",
            id="topic",
        ),
        pytest.param(
            "            Principal: {Service: events.amazonaws.com}\n"
            "            Action: [kms:Decrypt, kms:GenerateDataKey*]\n"
            '            Resource: "*"\n',
            "kms:Decrypt",
            id="key",
        ),
    ],
)
def test_what_eventbridge_needs_under_a_condition_is_refused_and_polled(
    altered: Callable[[str, str], Path], old: str, action: str
) -> None:
    lines = old.splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if "Resource" in line) + 1
    condition = "            Condition: {StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}\n"
    path = altered(old, "".join([*lines[:at], condition, *lines[at:]]))
    with Embedded(permissions.world(), template=path) as aws:
        aws.client("inspector2").enable(accountIds=[aws.account], resourceTypes=["EC2"])
        ended = permissions.run(aws, {"version": 1, "engine": "instance", "amis": [{"amiId": permissions.AMIS[2]}]})
        assert {(service, denied) for service, denied, _ in aws.iam.denied} == {("events.amazonaws.com", action)}
        assert [ami["verdict"] for ami in report_of(aws, ended)["amis"]] == ["FAIL"]


def test_inspectors_roles_that_may_not_be_made_cost_the_amis_that_need_them(
    altered: Callable[[str, str], Path],
) -> None:
    allowed = "iam:AWSServiceName: [ami.inspector2.amazonaws.com, inspector2.amazonaws.com]"
    path = altered(allowed, allowed.replace("[ami.", "[other."))
    with Embedded(permissions.world(), template=path) as aws:
        aws.client("inspector2").enable(accountIds=[aws.account], resourceTypes=["EC2"])
        amis = [{"amiId": permissions.AMIS[1], "engine": "ami"}, {"amiId": permissions.AMIS[2], "engine": "instance"}]
        ended = permissions.run(aws, {"version": 1, "amis": amis})
        assert ended["status"] == "SUCCEEDED"
        denied = {(action, resource.rpartition("/")[2]) for _, action, resource in aws.iam.denied}
        assert denied == {("iam:CreateServiceLinkedRole", "AWSServiceRoleForAmazonInspector2Ami")}
        amis = report_of(aws, ended)["amis"]
        told = {ami["amiId"]: (ami["verdict"], ami.get("reason", {}).get("code")) for ami in amis}
        assert told == {
            permissions.AMIS[1]: ("NOT_ASSESSED", "AMI_SCAN_NEEDS_ROLE"),
            permissions.AMIS[2]: ("FAIL", None),
        }
