"""load-config: which zones offer the instance types of a run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from golden_ami.configuration.zones import Zones, zones_of
from golden_ami.models import Ami

if TYPE_CHECKING:
    from tests.adapters.ec2.conftest import Stack

ACCOUNT = "123456789012"


def ami_id(number: int) -> str:
    return f"ami-{number:017x}"


def rows(stack: Stack) -> dict[str, Ami]:
    return {ami.key: ami for ami in stack.ledger.amis("run-1")}


def codes(stack: Stack) -> dict[str, str]:
    return {key: ami.reason.code for key, ami in rows(stack).items() if ami.reason}


@pytest.fixture
def zones(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Subnets of the stack by the last letter of their zones; t3 is not offered in e."""
    ec2 = stack.client("ec2")
    found = {
        one["AvailabilityZone"][-1]: one["SubnetId"]
        for one in ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    }
    monkeypatch.setenv("SUBNET_IDS", f"{found['a']},{found['e']}")
    return found


def test_a_zone_without_the_type_is_kept_with_the_ami(stack: Stack, zones: dict[str, str]) -> None:
    entries = [{"amiId": stack.image(ami_id(1))}, {"amiId": stack.image(ami_id(2)), "instanceType": "t2.micro"}]
    entries += [{"amiId": stack.image(ami_id(number))} for number in range(3, 9)]
    assert stack.load({"amis": entries})["assessable"] == 8
    amis = rows(stack)
    assert amis[ami_id(1)].lacking_subnets == [zones["e"]]
    assert amis[ami_id(2)].lacking_subnets == [], "t2 is offered there"
    assert len(stack.calls.of("DescribeSubnets")) == 2, "one is the test's"
    [call] = stack.calls.of("DescribeInstanceTypeOfferings")
    assert call["LocationType"] == "availability-zone"


def test_a_type_that_no_zone_offers_is_told_at_once(
    stack: Stack, zones: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUBNET_IDS", zones["e"])
    entries = [{"amiId": stack.image(ami_id(1))}, {"amiId": stack.image(ami_id(2)), "engine": "ami"}]
    assert stack.load({"amis": entries})["batches"] == [ami_id(2)]
    assert codes(stack) == {ami_id(1): "INSTANCE_TYPE_NOT_IN_ZONES"}
    reason = rows(stack)[ami_id(1)].reason
    assert reason
    assert reason.message == (
        f"instance type t3.medium is not offered in us-east-1e, where the subnets in us-east-1 of account {ACCOUNT} are"
    )
    assert "us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1f" in reason.remedy
    assert "instanceType" in reason.remedy


@pytest.mark.parametrize("operation", ["DescribeSubnets", "DescribeInstanceTypeOfferings"])
@pytest.mark.parametrize(("code", "status"), [("UnauthorizedOperation", 403), ("RequestLimitExceeded", 503)])
def test_zones_that_ec2_does_not_tell_are_no_fault(
    stack: Stack, zones: dict[str, str], operation: str, code: str, status: int
) -> None:
    assert zones
    stack.calls.fail(operation, code, status=status, times=9)
    assert stack.load({"amis": [{"amiId": stack.image(ami_id(1))}]})["assessable"] == 1
    assert rows(stack)[ami_id(1)].lacking_subnets == []


def test_a_subnet_of_placement_is_looked_at_and_one_unknown_costs_nothing(stack: Stack, zones: dict[str, str]) -> None:
    named = [zones["e"], "subnet-0123456789abcdef0"]
    placement = {"us-east-1": {"subnetIds": named, "subnetId": zones["b"]}}
    stack.load({"amis": [{"amiId": stack.image(ami_id(1))}], "placement": placement})
    assert rows(stack)[ami_id(1)].lacking_subnets == [zones["e"]]


def test_without_named_subnets_no_zone_is_asked_for(stack: Stack) -> None:
    stack.load({"amis": [{"amiId": stack.image(ami_id(1))}]})
    assert stack.calls.of("DescribeSubnets") == stack.calls.of("DescribeInstanceTypeOfferings") == []


def test_an_outpost_is_in_no_list_of_zones() -> None:
    answers = {
        "describe_subnets": [
            {"SubnetId": "subnet-a", "AvailabilityZone": "us-east-1e"},
            {"SubnetId": "subnet-on-an-outpost", "AvailabilityZone": "us-east-1e", "OutpostArn": "arn:aws:outposts:…"},
            {"SubnetId": "subnet-of-no-zone"},
        ],
        "describe_instance_type_offerings": [{"InstanceType": "t3.medium", "Location": "us-east-1a"}],
    }

    def paginator(name: str) -> Any:
        key = "Subnets" if name == "describe_subnets" else "InstanceTypeOfferings"
        return SimpleNamespace(paginate=lambda **_: [{key: [one]} for one in answers[name]])

    ec2 = SimpleNamespace(get_paginator=paginator)
    known = zones_of(ec2, ["subnet-a", "subnet-on-an-outpost"], ["t3.medium"])
    assert known == Zones({"subnet-a": "us-east-1e"}, {"t3.medium": frozenset({"us-east-1a"})})
    assert known.lacking("t3.medium", ["subnet-a", "subnet-on-an-outpost"]) == ["subnet-a"]
    assert known.lacking("not-told", ["subnet-a"]) == []
