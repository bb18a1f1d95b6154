"""Policies are evaluated as IAM's user guide says. Examples after its pages on operators, variables and wildcards."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami_emulator.iam.needs import UnknownOperation, needs
from golden_ami_emulator.iam.policy import Need, UnknownOperator, decide, like, statements
from golden_ami_emulator.iam.principals import Principal, decided
from golden_ami_emulator.iam.request import Request

ARN = "arn:aws:s3:::bucket/key"


def says(need: Need, *written: dict[str, Any]) -> str:
    return decide(statements({"Statement": [{"Effect": "Allow", **one} for one in written]}), need)[0]


def meets(condition: dict[str, Any], **context: list[str]) -> bool:
    keys = {name.replace("__", ":"): values for name, values in context.items()}
    return says(Need("s3:Get", ARN, keys), {"Action": "*", "Resource": "*", "Condition": condition}) == "allow"


def test_silence_allows_nothing() -> None:
    assert says(Need("s3:GetObject", ARN)) == "silence"
    assert says(Need("s3:GetObject", ARN), {"Action": "s3:PutObject", "Resource": "*"}) == "silence"


def test_a_denial_wins_in_any_order() -> None:
    allow, deny = {"Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:*", "Resource": ARN}
    assert says(Need("s3:GetObject", ARN), allow, deny) == says(Need("s3:GetObject", ARN), deny, allow) == "deny"
    assert says(Need("s3:GetObject", ARN + "2"), allow, deny) == "allow"


@pytest.mark.parametrize(
    ("statement", "decision"),
    [
        ({"Action": "S3:getobject", "Resource": ARN}, "allow"),  # actions know no case
        ({"Action": "s3:Get*", "Resource": "arn:aws:s3:::bucket/*"}, "allow"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/KEY"}, "silence"),  # resources do
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"}, "silence"),
        ({"Action": "s3:GetObjec?", "Resource": "*"}, "allow"),
        ({"NotAction": "iam:*", "Resource": "*"}, "allow"),
        ({"NotAction": ["s3:*"], "Resource": "*"}, "silence"),
        ({"Action": "*", "NotResource": "arn:aws:s3:::bucket/*"}, "silence"),
    ],
)
def test_actions_and_resources(statement: dict[str, Any], decision: str) -> None:
    assert says(Need("s3:GetObject", ARN), statement) == decision


@pytest.mark.parametrize(
    ("condition", "context", "met"),
    [
        ({"StringEquals": {"aws:x": "a"}}, {"aws__x": ["a"]}, True),
        (
            {"StringEquals": {"AWS:X": ["b", "a"]}},
            {"aws__x": ["a"]},
            True,
        ),  # keys know no case
        ({"StringEquals": {"aws:x": "A"}}, {"aws__x": ["a"]}, False),
        ({"StringEqualsIgnoreCase": {"aws:x": "A"}}, {"aws__x": ["a"]}, True),
        ({"StringEquals": {"aws:x": "a*"}}, {"aws__x": ["ab"]}, False),
        ({"StringLike": {"aws:x": "a*"}}, {"aws__x": ["ab"]}, True),
        ({"StringEquals": {"aws:x": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:x": "a"}}, {}, True),
        ({"StringNotEquals": {"aws:x": "a"}}, {}, True),
        ({"StringNotEquals": {"aws:x": ["a", "b"]}}, {"aws__x": ["b"]}, False),
        ({"StringEquals": {"aws:x": "a"}, "Bool": {"aws:y": True}}, {"aws__x": ["a"], "aws__y": ["false"]}, False),
        ({"Null": {"aws:x": "true"}}, {}, True),
        ({"Null": {"aws:x": False}}, {"aws__x": ["a"]}, True),
        ({"Null": {"aws:x": "false"}}, {}, False),
        ({"ForAllValues:StringEquals": {"aws:x": ["a", "b"]}}, {"aws__x": ["a", "b"]}, True),
        ({"ForAllValues:StringEquals": {"aws:x": ["a"]}}, {"aws__x": ["a", "b"]}, False),
        ({"ForAllValues:StringEquals": {"aws:x": ["a"]}}, {}, True),
        ({"ForAnyValue:StringEquals": {"aws:x": ["a"]}}, {"aws__x": ["a", "b"]}, True),
        ({"ForAnyValue:StringEquals": {"aws:x": ["a"]}}, {}, False),
        ({"ArnLike": {"aws:x": "arn:aws:sns:*:1:t-*"}}, {"aws__x": ["arn:aws:sns:eu-west-1:1:t-1"]}, True),
        ({"ArnLike": {"aws:x": "arn:aws:sns:*:t"}}, {"aws__x": ["arn:aws:sns:eu-west-1:1:t"]}, False),
        ({"NumericLessThan": {"aws:x": "10"}}, {"aws__x": ["9"]}, True),
        ({"StringEquals": {"aws:x": "${aws:y}"}}, {"aws__x": ["a"], "aws__y": ["a"]}, True),
        ({"StringEquals": {"aws:x": "${aws:y}"}}, {"aws__x": ["a"]}, False),
        ({"StringEquals": {"aws:x": "${aws:y, 'a'}"}}, {"aws__x": ["a"]}, True),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, list[str]], met: bool) -> None:
    assert meets(condition, **context) is met


@pytest.mark.parametrize("name", ["GetEc2DeepInspectionConfiguration", "SearchVulnerabilities"])
def test_questions_to_inspector_need_the_action_of_their_name(name: str) -> None:
    request = Request("inspector2", name, {}, "us-east-1", "123456789012")
    assert [(need.action, need.resource) for need in needs(request)] == [(f"inspector2:{name}", "*")]


def test_a_quota_is_a_resource() -> None:
    request = Request("service-quotas", "GetServiceQuota", {"ServiceCode": "ec2", "QuotaCode": "L-1"}, "r", "1" * 12)
    assert [*needs(request)] == [Need("servicequotas:GetServiceQuota", f"arn:aws:servicequotas:r:{'1' * 12}:ec2/L-1")]


def test_what_is_not_known_is_refused_loudly() -> None:
    with pytest.raises(UnknownOperator, match="DateGreaterThan"):
        meets({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}})
    with pytest.raises(UnknownOperation, match="ec2 RebootInstances"):
        needs(Request("ec2", "RebootInstances", {}, "us-east-1", "1" * 12))


@given(st.text(min_size=1), st.text())
def test_a_pattern_without_wildcards_matches_itself_only(value: str, other: str) -> None:
    plain = value.replace("*", "-").replace("?", "-")
    assert like(plain, plain)
    assert like(plain, "*")
    assert like(other, plain) == (other == plain)


def test_who_a_policy_of_a_resource_names() -> None:
    role = Principal("111111111111", "arn:aws:iam::111111111111:role/hub-LaunchRole-1", "launch")
    document = """{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
      "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}}}"""
    need = Need("sts:AssumeRole", "arn:aws:iam::222222222222:role/member", {"sts:externalid": ["secret"]})
    assert decided(document, role, need) == "allow"
    assert decided(document, role, Need(need.action, need.resource)) == "silence"
    assert decided(document, Principal("333333333333", role.role.replace("1" * 12, "3" * 12)), need) == "silence"
    assert decided(document, Principal("111111111111", service="events.amazonaws.com"), need) == "silence"


EVENTBRIDGE = Principal("111111111111", service="events.amazonaws.com")
UNDER = {"Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}}
UNMET = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
PUBLISH = Need("sns:Publish", "arn:aws:sns:us-east-1:111111111111:t", {"aws:sourceaccount": ["111111111111"],
                                                                      "aws:securetransport": ["true"]})  # fmt: skip


@pytest.mark.parametrize("everybody", ["*", {"AWS": "*"}])
def test_where_no_condition_may_be_none_is_taken_for_met(everybody: object) -> None:
    def said(*statements: dict[str, Any], conditions: bool) -> str:
        written = [{"Action": "sns:Publish", "Resource": "*", **one} for one in statements]
        return decided(json.dumps({"Statement": written}), EVENTBRIDGE, PUBLISH, conditions=conditions)

    allowed: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}
    denied: dict[str, Any] = {"Effect": "Deny", "Principal": everybody}
    assert said(allowed, conditions=False) == "allow"
    assert said(allowed | UNDER, conditions=True) == "allow"
    assert said(allowed | UNDER, conditions=False) == "silence"
    assert said(allowed, denied | UNMET, conditions=True) == "allow"
    assert said(allowed, denied | UNMET, conditions=False) == "deny"
    assert said(allowed, denied, conditions=True) == "deny"


def test_a_statement_of_all_but_some_is_refused_loudly() -> None:
    written = {"Effect": "Deny", "NotPrincipal": {"Service": "events.amazonaws.com"}, "Action": "*", "Resource": "*"}
    with pytest.raises(ValueError, match="NotPrincipal"):
        decided(json.dumps({"Statement": written}), EVENTBRIDGE, PUBLISH)
