"""What Availability Zones lack, as EC2 refuses it; and whose a ClientToken is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.environment import Sandbox, inside
from golden_ami_emulator.world import Image, World

AMI = "ami-00000000000000001"


@pytest.fixture
def aws(embedded: Callable[..., Embedded]) -> Embedded:
    return embedded(World([Image(AMI, "web")], {}), enforce_iam=False)


def subnet_in(aws: Embedded, zone: str) -> str:
    found = aws.client("ec2").describe_subnets(
        Filters=[{"Name": "availability-zone", "Values": [zone]}, {"Name": "default-for-az", "Values": ["true"]}]
    )
    return str(found["Subnets"][0]["SubnetId"])


def launch(aws: Embedded, zone: str, kind: str = "t3.medium", token: str = "token") -> dict[str, Any]:
    interface = {"DeviceIndex": 0, "SubnetId": subnet_in(aws, zone)}
    request = {"ImageId": AMI, "InstanceType": kind, "MinCount": 1, "MaxCount": 1, "ClientToken": token}
    found: dict[str, Any] = aws.client("ec2").run_instances(**request, NetworkInterfaces=[interface])["Instances"][0]
    return found


def refused(aws: Embedded, zone: str, kind: str = "t3.medium") -> tuple[int, str, str]:
    with pytest.raises(ClientError) as raised:
        launch(aws, zone, kind)
    answer = raised.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def test_a_zone_that_does_not_offer_a_type(aws: Embedded) -> None:
    assert refused(aws, "us-east-1e") == (
        400,
        "Unsupported",
        "Your requested instance type (t3.medium) is not supported in your requested Availability Zone (us-east-1e). "
        "Please retry your request by not specifying an Availability Zone or choosing us-east-1a, us-east-1b, "
        "us-east-1c, us-east-1d, us-east-1f.",
    )
    assert launch(aws, "us-east-1e", "t2.micro")["Placement"]["AvailabilityZone"] == "us-east-1e"


def test_a_zone_without_capacity(aws: Embedded) -> None:
    aws.world.full_zones = ["us-east-1a"]
    with inside(Sandbox("golden-ami-launch", {})):
        status, code, message = refused(aws, "us-east-1a")
    assert (status, code) == (500, "InsufficientInstanceCapacity")
    assert message.startswith("We currently do not have sufficient t3.medium capacity in the Availability Zone you ")
    assert message.endswith("choosing us-east-1b, us-east-1c, us-east-1d, us-east-1f.")
    assert launch(aws, "us-east-1b")["Placement"]["AvailabilityZone"] == "us-east-1b"


def test_a_token_is_of_one_zone(aws: Embedded) -> None:
    first = launch(aws, "us-east-1a")["InstanceId"]
    assert launch(aws, "us-east-1b")["InstanceId"] != first
    aws.world.full_zones = ["us-east-1a"]
    assert launch(aws, "us-east-1a")["InstanceId"] == first, "what has been launched is answered whatever is full now"
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        launch(aws, "us-east-1a", "t3.large")


def test_offerings_by_zone_page_by_page(aws: Embedded) -> None:
    aws.world.lacking_types = {"us-east-1a": ["t3.medium"], "us-east-1b": ["*"]}
    ec2 = aws.client("ec2")
    wanted = [{"Name": "instance-type", "Values": ["t3.medium", "t2.micro"]}]
    pages = ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone", Filters=wanted, PaginationConfig={"PageSize": 5}
    )
    sizes, told = [], set()
    for page in pages:
        sizes.append(len(page["InstanceTypeOfferings"]))
        told |= {(one["InstanceType"], one["Location"][-1]) for one in page["InstanceTypeOfferings"]}
    assert (sizes, told) == ([5, 3], {*(("t3.medium", zone) for zone in "cdf"), *(("t2.micro", z) for z in "acdef")})
    assert ec2.describe_instance_type_offerings(Filters=wanted)["InstanceTypeOfferings"], "of the Region"
