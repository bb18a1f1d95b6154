"""Each part of the report raises, one at a time, in a whole run: it still ends in a report, one message, no instance.

Here all that a module offers to others, in the real definition; tests/adapters/report/test_parts.py has each function.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from report_parts import PARTS, broken

from golden_ami.report.model import Report
from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Image, World

BAD, GOOD, ABSENT = (f"ami-{number:017x}" for number in range(1, 4))
OFFERED: dict[str, list[str]] = {}  # by module
for name in sorted(PARTS):
    module, _, function = name.rpartition(".")
    if function[0] != "_" and module.rpartition(".")[2].islower():
        OFFERED.setdefault(module, []).append(name)


def finding(severity: str) -> dict[str, Any]:
    return {
        "findingArn": f"arn:aws:inspector2:us-east-1:123456789012:finding/{severity.lower()}",
        "awsAccountId": "123456789012", "type": "PACKAGE_VULNERABILITY", "description": "A vulnerability.",
        "title": "CVE-2026-1 - openssl", "severity": severity, "status": "ACTIVE",
        "firstObservedAt": "2026-11-01T00:00:00+00:00", "lastObservedAt": "2026-11-20T00:00:00+00:00",
        "remediation": {"recommendation": {"text": "None Provided"}},
        "resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-0", "region": "us-east-1"}],
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2026-1", "source": "NVD",
            "vulnerablePackages": [{"name": "openssl", "version": "3.0.7", "fixedInVersion": "3.0.8"}],
        },
    }  # fmt: skip


CONFIGURATION = {
    "amis": [{"amiId": BAD, "instanceType": "t3.small"}, {"amiId": GOOD}, {"amiId": ABSENT}],
    "policy": {"failOn": {"severities": ["HIGH"], "epss": 0.9}, "onlyFixable": True, "graceDays": 1},
    "exceptions": [{
        "vulnerability": "CVE-2026-1", "scope": {"ami": GOOD}, "reason": "r", "owner": "o", "expires": "2036-01-01",
    }],
    "routes": {"platform": "arn:aws:sns:us-east-1:123456789012:platform"},
    "act": {"dryRun": False, "tagAmis": True, "events": True, "deprecate": False},
}  # fmt: skip


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    tags = {"Owner": "platform", "Name": "web"}
    world = World(
        [Image(BAD, "web-1", tags), Image(GOOD, "web-2", tags)], {BAD: [finding("HIGH")], GOOD: [finding("HIGH")]}
    )
    with Embedded(world) as opened:
        put_configuration(opened, json.dumps(CONFIGURATION))
        for name in ("first", "second"):  # so that there is a past to compare with
            assert opened.run({"AMIsParamName": PARAMETER}, name)["status"] == "SUCCEEDED"
        yield opened


def report_of(aws: Embedded, run_id: str) -> Report:
    stored = aws.client("s3").get_object(Bucket=aws.outputs["ReportBucket"], Key=f"runs/{run_id}/report.json")
    return msgspec.json.decode(stored["Body"].read(), type=Report)


def running(aws: Embedded) -> list[str]:
    states = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
    reservations = aws.client("ec2").describe_instances(Filters=states)["Reservations"]
    return [instance["InstanceId"] for reservation in reservations for instance in reservation["Instances"]]


@pytest.mark.parametrize("part", sorted(OFFERED))
def test_the_run_ends_in_a_report_and_one_message(aws: Embedded, part: str) -> None:
    run_id = "part-" + part.replace(".", "-")[-70:]
    with broken(*OFFERED[part]) as called:
        execution = aws.run({"AMIsParamName": PARAMETER}, run_id)
        aws.clock.sleep(900)  # on-execution-end with its retries
    report = report_of(aws, run_id)
    about = [each for each in aws.notifications() if f"Run {run_id}," in each.message]
    results = [each for each in about if each.topic == aws.outputs["ResultsTopicArn"]]
    assert len(results) == 1, [each.subject for each in results]
    assert running(aws) == []
    verdicts = {ami.ami_id: ami.verdict for ami in report.amis}
    assert sorted(ami.ami_id for ami in report.amis) == [BAD, GOOD, ABSENT]
    assert verdicts[BAD] in ("FAIL", "NOT_ASSESSED")
    assert verdicts[ABSENT] == "NOT_ASSESSED"
    assert all(ami.reason for ami in report.amis if ami.verdict == "NOT_ASSESSED")
    if not called:
        assert execution["status"] == "SUCCEEDED"
    whole = verdicts == {BAD: "FAIL", GOOD: "PASS", ABSENT: "NOT_ASSESSED"}
    assert execution["status"] == "FAILED" or whole, "a run that says nothing of a fault has every verdict"
    if execution["status"] == "FAILED":
        assert "PASS" not in verdicts.values()
        assert {fault.error for fault in report.run.faults} == {"Broken"}
        assert "golden_ami" not in results[0].message
        assert (execution["error"], "Broken" in execution["cause"]) == ("Broken", True)
        assert "could not complete: Broken" in results[0].subject
