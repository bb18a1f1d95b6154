"""EC2's quota on vCPUs and its rates of requests, as EC2 refuses what is beyond them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ClientError

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.environment import Sandbox, inside
from golden_ami_emulator.quotas import SHUTTING_DOWN, STANDARD
from golden_ami_emulator.throttles import Bucket
from golden_ami_emulator.world import Image, World

AMI = "ami-00000000000000001"


@pytest.fixture
def aws(embedded: Callable[..., Embedded]) -> Embedded:
    return embedded(World([Image(AMI, "web")], {}, vcpu_quota=8), enforce_iam=False)


def launch(aws: Embedded, kind: str = "t3.medium", count: int = 1, **changes: Any) -> list[str]:
    request = {"ImageId": AMI, "InstanceType": kind, "MinCount": count, "MaxCount": count} | changes
    return [str(one["InstanceId"]) for one in aws.client("ec2").run_instances(**request)["Instances"]]


def refused(call: Callable[[], object]) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as raised:
        call()
    answer = raised.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def instances(aws: Embedded) -> int:
    return sum(len(group["Instances"]) for group in aws.client("ec2").describe_instances()["Reservations"])


def test_a_launch_beyond_the_quota_is_refused_and_creates_nothing(aws: Embedded) -> None:
    launch(aws, count=3)
    assert refused(lambda: launch(aws, "m5.xlarge")) == (
        400,
        "VcpuLimitExceeded",
        "You have requested more vCPU capacity than your current vCPU limit of 8 allows for the instance bucket that "
        "the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request "
        "an adjustment to this limit.",
    )
    assert refused(lambda: launch(aws, count=2))[1] == "VcpuLimitExceeded", "all of a request, or none"
    assert instances(aws) == 3
    launch(aws)
    assert refused(lambda: launch(aws))[1] == "VcpuLimitExceeded"


def test_another_kind_of_type_has_a_quota_of_its_own(aws: Embedded) -> None:
    launch(aws, count=4)
    assert launch(aws, "g4dn.xlarge")
    aws.client("ec2", "eu-west-1").run_instances(ImageId=AMI, InstanceType="m5.4xlarge", MinCount=1, MaxCount=1)


def test_an_instance_counts_until_it_has_shut_down(aws: Embedded) -> None:
    ids = launch(aws, count=4)
    aws.client("ec2").terminate_instances(InstanceIds=ids[:1])
    assert refused(lambda: launch(aws))[1] == "VcpuLimitExceeded"
    aws.client("ec2").terminate_instances(InstanceIds=ids[:1])
    aws.clock.sleep(SHUTTING_DOWN)
    assert launch(aws), "a second termination does not prolong the first"
    assert refused(lambda: launch(aws))[1] == "VcpuLimitExceeded"


def test_a_stopped_instance_does_not_count(aws: Embedded) -> None:
    ids = launch(aws, count=4)
    aws.client("ec2").stop_instances(InstanceIds=ids)
    assert launch(aws, count=4)


def test_what_a_token_launched_is_answered_beyond_the_quota(aws: Embedded) -> None:
    first = launch(aws, count=4, ClientToken="token")
    assert launch(aws, count=4, ClientToken="token") == first


def told(aws: Embedded, code: str = STANDARD) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]
    return found


def test_service_quotas_tells_the_worlds_quota(aws: Embedded) -> None:
    quota = told(aws)
    assert (quota["Value"], quota["QuotaCode"], quota["ServiceCode"]) == (8.0, STANDARD, "ec2")
    assert quota["QuotaName"] == "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances"
    aws.world.vcpu_quota = None
    assert told(aws)["Value"] >= 10_000
    assert launch(aws, "m5.12xlarge")
    aws.world.vcpu_quota_told = False
    assert refused(lambda: told(aws))[:2] == (400, "NoSuchResourceException")
    assert refused(lambda: told(aws, "L-DB2E81BA"))[1] == "NoSuchResourceException"


@pytest.fixture
def frozen(aws: Embedded) -> Iterator[Any]:
    """A function's time, which stands still however long the machine takes."""
    with time_machine.travel(aws.clock.now(), tick=False) as traveller, inside(Sandbox("golden-ami-launch", {})):
        yield traveller


def test_launches_are_throttled(aws: Embedded, frozen: Any) -> None:
    ec2, request = aws.client("ec2"), {"ImageId": AMI, "InstanceType": "g4dn.xlarge", "MinCount": 1, "MaxCount": 1}
    for _ in range(5):
        ec2.run_instances(**request)
    assert refused(lambda: ec2.run_instances(**request)) == (
        503,
        "RequestLimitExceeded",
        "Request limit exceeded. Account 123456789012 has been throttled on ec2:RunInstances because it exceeded its "
        "request rate limit.",
    )
    assert instances(aws) == 5
    assert aws.client("ec2", "eu-west-1").run_instances(**request), "in another Region there is another bucket"
    frozen.shift(1)
    for _ in range(2):
        ec2.run_instances(**request)
    assert refused(lambda: ec2.run_instances(**request))[1] == "RequestLimitExceeded"


def test_terminations_are_throttled(aws: Embedded, frozen: Any) -> None:
    [one] = aws.client("ec2").run_instances(ImageId=AMI, MinCount=1, MaxCount=1)["Instances"]
    ec2, instance_id = aws.client("ec2"), one["InstanceId"]
    assert (
        "exceeded its resource rate limit"
        in refused(lambda: ec2.terminate_instances(InstanceIds=[instance_id] * 1_001))[2]
    )
    for _ in range(99):
        ec2.terminate_instances(InstanceIds=[instance_id])
    assert refused(lambda: ec2.terminate_instances(InstanceIds=[instance_id]))[:2] == (503, "RequestLimitExceeded")


def test_a_bucket_fills_no_further_than_its_size() -> None:
    bucket = Bucket(1_000, 2)
    assert bucket.take(1_000, at=100.0)
    assert not bucket.take(2, at=100.5)
    assert bucket.take(2, at=101.0)
    assert not bucket.take(1_001, at=100_000.0)
    assert bucket.take(1_000, at=100_000.0)
