"""Availability Zones that lack what a launch needs, in whole runs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Image, World

NAMES = [f"golden-{number}" for number in range(6)]
PARAMETER = "ContinuousAssessmentInput"


def run(aws: Embedded) -> Any:
    ids = [f"ami-{number:017x}" for number in range(len(NAMES))]
    aws.put_configuration(PARAMETER, json.dumps({"version": 1, "amis": [{"amiId": one} for one in ids]}))
    ended = aws.run({"AMIsParamName": PARAMETER})
    key = {"Bucket": aws.outputs["ReportBucket"], "Key": f"runs/{ended['name']}/report.json"}
    return json.load(aws.client("s3").get_object(**key)["Body"])["amis"]


def opened(**given: Any) -> Embedded:
    images = [Image(f"ami-{number:017x}", name) for number, name in enumerate(NAMES)]
    parameters = given.pop("parameters", {})
    return Embedded(World(images, {}, **given), parameters=parameters)


def zones_of(aws: Embedded) -> list[str]:
    found = aws.client("ec2").describe_instances()["Reservations"]
    return [one["Placement"]["AvailabilityZone"] for group in found for one in group["Instances"]]


def test_amis_are_spread_over_the_zones_that_were_chosen() -> None:
    zones = "us-east-1e,us-east-1b,us-east-1f"
    with opened(parameters={"AvailabilityZones": zones}) as aws:
        assert {ami["verdict"] for ami in run(aws)} == {"PASS"}
        assert set(zones_of(aws)) == {"us-east-1b", "us-east-1f"}, "us-east-1e offers no t3"


def test_a_zone_without_the_type_costs_no_call_of_a_launch() -> None:
    with opened(parameters={"AvailabilityZones": "us-east-1e,us-east-1b"}) as aws:
        assert {ami["verdict"] for ami in run(aws)} == {"PASS"}
        launches = [call for call in aws.calls.made if call.operation == "RunInstances"]
        assert [call.error for call in launches] == [None] * len(NAMES)


def test_a_type_that_no_zone_offers_launches_nothing() -> None:
    with opened(parameters={"AvailabilityZones": "us-east-1e"}) as aws:
        amis = run(aws)
        assert {(ami["verdict"], ami["reason"]["code"]) for ami in amis} == {
            ("NOT_ASSESSED", "INSTANCE_TYPE_NOT_IN_ZONES")
        }
        assert not [call for call in aws.calls.made if call.operation == "RunInstances"]


def test_zones_that_are_all_full_are_named() -> None:
    with opened(full_zones=["us-east-1a", "us-east-1b"]) as aws:
        for ami in run(aws):
            message = ami["reason"]["message"]
            assert "t3.medium" in message
            assert "us-east-1a" in message
            assert "us-east-1b" in message


def test_other_zones_need_other_addresses() -> None:
    """CloudFormation makes a subnet before it deletes the one that it replaces."""
    with opened() as aws:
        network = aws.stack.physical_id("OwnVpc")
        with pytest.raises(ClientError, match="conflicts with another subnet"):
            aws.update({"AvailabilityZones": "us-east-1a,us-east-1c"})
        assert aws.stack.physical_id("OwnVpc") == network
        aws.update({"AvailabilityZones": "us-east-1a,us-east-1b,us-east-1c"})
        assert aws.stack.physical_id("OwnVpc") == network, "a further zone replaces nothing"
        aws.update({"AvailabilityZones": "us-east-1c,us-east-1d", "VpcCidr": "10.67.0.0/20"})
        assert aws.stack.physical_id("OwnVpc") != network
        assert [one for one in aws.client("ec2").describe_vpcs()["Vpcs"] if one["VpcId"] == network] == []
        assert {ami["verdict"] for ami in run(aws)} == {"PASS"}
        assert set(zones_of(aws)) == {"us-east-1c", "us-east-1d"}
