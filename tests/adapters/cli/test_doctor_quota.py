"""What the doctor says of the quota on vCPUs: all at once, in waves, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_cli.doctor.model import Diagnosis, Patient
from golden_ami_cli.doctor.quota_check import quota
from golden_ami_cli.embedded import account_of
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Image, World

IDS = [f"ami-{number:017x}" for number in range(5)]


@pytest.fixture(scope="module")
def opened() -> Iterator[Embedded]:
    with Embedded(World([Image(one, one) for one in IDS], {})) as aws:
        yield aws


@pytest.fixture
def aws(opened: Embedded) -> Iterator[Embedded]:
    configure(opened)
    yield opened
    opened.world.vcpu_quota, opened.world.vcpu_quota_told = None, True


def configure(aws: Embedded, **first: Any) -> None:
    amis = [{"amiId": one, "instanceType": "t3.medium"} for one in IDS]  # of two vCPUs
    put_configuration(aws, json.dumps({"version": 1, "amis": [amis[0] | first, *amis[1:]]}))


def told(aws: Embedded, limit: int | None) -> Diagnosis:
    aws.world.vcpu_quota = limit
    diagnosis = quota(Patient(account_of(aws), PARAMETER))
    assert bool(diagnosis.remedy) == (diagnosis.status != "ok")
    return diagnosis


def test_all_fit_at_once(aws: Embedded) -> None:
    diagnosis = told(aws, 10)
    assert (diagnosis.status, diagnosis.cause) == (
        "ok",
        "10 vCPUs planned and 0 running of 10 in us-east-1: all 5 instances fit at once",
    )
    assert told(aws, None).status == "ok"


@pytest.mark.parametrize(("limit", "fitting", "waves"), [(9, 4, 2), (8, 4, 2), (4, 2, 3), (2, 1, 5)])
def test_some_fit_at_once(aws: Embedded, limit: int, fitting: int, waves: int) -> None:
    diagnosis = told(aws, limit)
    assert diagnosis.status == "warning"
    assert diagnosis.cause.endswith(f"{fitting} of 5 instances fit at once, {waves} waves")
    assert "--quota-code L-1216C47A --region us-east-1" in diagnosis.remedy


def test_not_even_one_of_a_type_fits(aws: Embedded) -> None:
    configure(aws, instanceType="m5.2xlarge")
    assert told(aws, 8).status == "warning"
    diagnosis = told(aws, 7)
    assert diagnosis.status == "error"
    assert f"{IDS[0]}: not even one m5.2xlarge (8 vCPUs) fits" in diagnosis.cause


def test_others_use_it_up(aws: Embedded) -> None:
    ec2 = aws.client("ec2")
    request = {"ImageId": IDS[0], "InstanceType": "m5.large", "MinCount": 1, "MaxCount": 1}
    instance = ec2.run_instances(**request)["Instances"][0]["InstanceId"]
    try:
        assert told(aws, 3).cause.endswith("2 running of 3 in us-east-1: none fits until others end")
        assert told(aws, 6).cause.endswith("2 of 5 instances fit at once, 3 waves")
    finally:
        ec2.terminate_instances(InstanceIds=[instance])


def test_a_type_counts_against_its_own_quota(aws: Embedded) -> None:
    configure(aws, instanceType="g4dn.xlarge")
    assert "does not tell quota L-DB2E81BA" in told(aws, 8).cause
    aws.world.vcpu_quota_told = False
    assert "does not tell quota L-1216C47A in us-east-1" in told(aws, 8).cause


def test_no_instance_is_needed(aws: Embedded) -> None:
    put_configuration(aws, json.dumps({"version": 1, "engine": "ami", "amis": [{"amiId": IDS[0]}]}))
    assert told(aws, 1).cause == "not needed: no AMI needs an instance"
