"""A quota of vCPUs below what a run needs at once: every AMI that can be assessed is, in its turn."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.quotas import STANDARD
from golden_ami_emulator.world import Image, World

PARAMETER = "ContinuousAssessmentInput"


def ids(count: int) -> list[str]:
    return [f"ami-{number:017x}" for number in range(count)]


def opened(count: int, **world: Any) -> Embedded:
    return Embedded(World([Image(one, one) for one in ids(count)], {}, **world))


def assessed(aws: Embedded, count: int, **types: str) -> list[dict[str, Any]]:
    """The AMIs of the report; `types` by the AMI's place in the configuration."""
    entries = [{"amiId": one} for one in ids(count)]
    for place, kind in types.items():
        entries[int(place.removeprefix("at"))]["instanceType"] = kind
    aws.put_configuration(PARAMETER, json.dumps({"version": 1, "amis": entries}))
    ended = aws.run({"AMIsParamName": PARAMETER})
    key = {"Bucket": aws.outputs["ReportBucket"], "Key": f"runs/{ended['name']}/report.json"}
    amis: list[dict[str, Any]] = json.load(aws.client("s3").get_object(**key)["Body"])["amis"]
    return amis


def verdicts(amis: list[dict[str, Any]]) -> Counter[str]:
    return Counter(ami["verdict"] for ami in amis)


def left(aws: Embedded) -> list[str]:
    pages = aws.client("ec2").get_paginator("describe_instances").paginate()
    found = (one for page in pages for group in page["Reservations"] for one in group["Instances"])
    return [one["InstanceId"] for one in found if one["State"]["Name"] != "terminated"]


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("count", [4, 5, 12])
def test_every_ami_is_assessed_whatever_fits_at_once(count: int, told: bool) -> None:
    """Eight vCPUs are four instances. Untold, the run learns it from refusals."""
    with opened(count, vcpu_quota=8, vcpu_quota_told=told) as aws:
        assert verdicts(assessed(aws, count)) == {"PASS": count}
        assert left(aws) == []
        refused = sum(call.error == "VcpuLimitExceeded" for call in aws.calls.made if call.operation == "RunInstances")
        assert not (told and refused), "a quota that is told is not tried out"


def test_a_type_of_which_not_even_one_fits_costs_its_own_ami() -> None:
    with opened(6, vcpu_quota=8) as aws:
        amis = assessed(aws, 6, at0="m5.4xlarge")
        assert verdicts(amis) == {"PASS": 5, "NOT_ASSESSED": 1}
        [reason] = [ami["reason"] for ami in amis if ami["verdict"] == "NOT_ASSESSED"]
        assert reason["code"] == "VCPU_LIMIT"
        assert "m5.4xlarge, which has 16 vCPUs" in reason["message"]
        assert STANDARD in reason["remedy"]


def test_what_others_run_leaves_less_room() -> None:
    with opened(4, vcpu_quota=8) as aws:
        request = {"ImageId": ids(1)[0], "InstanceType": "t3.xlarge", "MinCount": 1, "MaxCount": 1}
        other = aws.client("ec2").run_instances(**request)["Instances"][0]["InstanceId"]
        assert verdicts(assessed(aws, 4)) == {"PASS": 4}
        assert left(aws) == [other]


def test_nothing_fits_while_others_use_it_all() -> None:
    with opened(2, vcpu_quota=8) as aws:
        request = {"ImageId": ids(1)[0], "InstanceType": "m5.2xlarge", "MinCount": 1, "MaxCount": 1}
        other = aws.client("ec2").run_instances(**request)["Instances"][0]["InstanceId"]
        amis = assessed(aws, 2)
        assert {(ami["verdict"], ami["reason"]["code"]) for ami in amis} == {("NOT_ASSESSED", "VCPU_LIMIT")}
        assert left(aws) == [other]


def test_another_quota_is_another_room() -> None:
    """G instances have a quota of their own, which nobody tells here."""
    with opened(6, vcpu_quota=8) as aws:
        assert verdicts(assessed(aws, 6, at0="g4dn.xlarge", at1="g4dn.xlarge")) == {"PASS": 6}


@pytest.mark.parametrize("kind", ["t3.xlarge", "m5.2xlarge"])
def test_what_others_hold_for_minutes_costs_minutes(kind: str) -> None:
    """Half of the quota, or all of it: every AMI is assessed, and long before the day of the execution is over."""
    with opened(8, vcpu_quota=8) as aws:
        request = {"ImageId": ids(1)[0], "InstanceType": kind, "MinCount": 1, "MaxCount": 1}
        other = aws.client("ec2").run_instances(**request)["Instances"][0]["InstanceId"]
        gone = lambda: aws.client("ec2").terminate_instances(InstanceIds=[other])  # noqa: E731
        aws.clock.call_later(300, gone, name="others")
        began = aws.clock.now()
        assert verdicts(assessed(aws, 8)) == {"PASS": 8}
        assert (aws.clock.now() - began).total_seconds() < 3 * 3600
        assert left(aws) == []
