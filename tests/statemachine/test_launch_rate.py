"""EC2's rate of RunInstances, in whole runs: what is throttled is launched a little later."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from golden_ami_emulator.calls import Call
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.throttles import Bucket, Kind, Throttles
from golden_ami_emulator.world import Image, World

PARAMETER = "ContinuousAssessmentInput"


def run(count: int) -> tuple[list[str], list[Call]]:
    """The verdicts of so many AMIs, and the calls that launched them."""
    ids = [f"ami-{number:017x}" for number in range(count)]
    with Embedded(World([Image(one, one) for one in ids], {})) as aws:
        aws.put_configuration(PARAMETER, json.dumps({"version": 1, "amis": [{"amiId": one} for one in ids]}))
        ended = aws.run({"AMIsParamName": PARAMETER})
        key = {"Bucket": aws.outputs["ReportBucket"], "Key": f"runs/{ended['name']}/report.json"}
        report = json.load(aws.client("s3").get_object(**key)["Body"])
        return [ami["verdict"] for ami in report["amis"]], [c for c in aws.calls.made if c.operation == "RunInstances"]


def test_more_amis_than_batches_are_launched_within_the_rate() -> None:
    verdicts, launches = run(45)
    assert verdicts == ["PASS"] * 45
    assert Counter(call.error for call in launches) == {None: 45}


def test_a_launch_that_stays_throttled_costs_a_retry_and_no_ami(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others in the account launch as well: EC2 takes one launch in four seconds."""
    usual = Throttles.bucket

    def bucket(operation: str, kind: Kind) -> Bucket:
        slow = (operation, kind) == ("RunInstances", "request")
        return Bucket(1, 0.25) if slow else usual(operation, kind)

    monkeypatch.setattr(Throttles, "bucket", staticmethod(bucket))
    verdicts, launches = run(8)
    assert verdicts == ["PASS"] * 8
    assert {call.error for call in launches} == {None, "RequestLimitExceeded"}
