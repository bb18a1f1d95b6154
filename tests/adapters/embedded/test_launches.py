"""A ClientToken launches once, and a launch may be listed late, as EC2's documents say."""

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


def launch(aws: Embedded, token: str = "", **changes: Any) -> str:
    request: dict[str, Any] = {"ImageId": AMI, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1} | changes
    answer = aws.client("ec2").run_instances(**request, **({"ClientToken": token} if token else {}))
    return str(answer["Instances"][0]["InstanceId"])


def test_a_token_launches_once(aws: Embedded) -> None:
    first = launch(aws, "token-1")
    assert launch(aws, "token-1") == first
    assert launch(aws, "token-2") != first
    assert launch(aws) != launch(aws)
    aws.client("ec2").terminate_instances(InstanceIds=[first])
    assert launch(aws, "token-1") == first, "a terminated instance keeps its token"


def test_a_token_with_other_parameters_is_refused(aws: Embedded) -> None:
    launch(aws, "token-1")
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        launch(aws, "token-1", InstanceType="t3.large")


def test_a_token_is_of_one_region(aws: Embedded) -> None:
    launch(aws, "token-1")
    there = aws.client("ec2", "eu-west-1")
    other = there.register_image(Name="web", RootDeviceName="/dev/xvda")["ImageId"]
    assert there.run_instances(ImageId=other, MinCount=1, MaxCount=1, ClientToken="token-1")["Instances"]


def test_a_function_is_told_of_a_launch_later_than_the_operator(aws: Embedded) -> None:
    aws.launches.listed_after = 10
    first = launch(aws)
    ec2 = aws.client("ec2")

    def seen() -> int:
        return len(ec2.describe_instances()["Reservations"])

    def seen_by_a_function() -> int:
        with inside(Sandbox("golden-ami-reap", {})):
            return seen()

    assert (seen(), seen_by_a_function()) == (1, 0)
    with inside(Sandbox("golden-ami-reap", {})):
        for call in (ec2.describe_instances, ec2.terminate_instances):
            with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
                call(InstanceIds=[first])
    aws.clock.sleep(11)
    assert [seen_by_a_function() for _ in range(4)] == [1, 0, 1, 0], "one good answer is not the last"
    aws.clock.sleep(10)
    assert [seen_by_a_function() for _ in range(2)] == [1, 1]
    assert launch(aws) != first
    assert seen_by_a_function() == 1


def test_a_world_may_list_late(embedded: Callable[..., Embedded]) -> None:
    assert embedded(World([], {}, listed_after=90), enforce_iam=False).launches.listed_after == 90


def test_a_function_is_told_for_an_hour_of_what_has_terminated(aws: Embedded) -> None:
    first, other = launch(aws), launch(aws)
    ec2 = aws.client("ec2")
    ec2.terminate_instances(InstanceIds=[first])
    with inside(Sandbox("golden-ami-terminate", {})):
        aws.clock.sleep(3500)
        assert len(ec2.describe_instances()["Reservations"]) == 2
        aws.clock.sleep(200)
        assert len(ec2.describe_instances()["Reservations"]) == 1
        with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
            ec2.terminate_instances(InstanceIds=[first, other])
    assert len(ec2.describe_instances()["Reservations"]) == 2
