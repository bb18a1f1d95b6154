"""Findings events that Inspector did not send: what arrives at Store Findings, and in which order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.faults import Injection, chosen
from golden_ami_emulator.world import ACCOUNT, Image, World

AMI = "ami-0123456789abcdef0"
PARAMETER = "ContinuousAssessmentInput"
NAMES = ["message.finding-forged", "message.finding-of-another-account", "message.finding-replaced"]


def finding(number: int) -> dict[str, Any]:
    details = {"vulnerabilityId": f"CVE-2026-{number:04}", "source": "NVD"}
    return {"severity": "HIGH", "title": str(number), "packageVulnerabilityDetails": details}


def arrived(injection: Injection) -> Iterator[dict[str, Any]]:
    for _, event in injection.invocations:
        for record in json.loads(event).get("Records", []) if '"Records"' in event else []:
            if "body" in record:
                yield json.loads(record["body"])


def test_forged_findings_come_during_the_scan_and_replaced_ones_after_each(
    embedded: Callable[..., Embedded],
) -> None:
    aws = embedded(World([Image(AMI, "web")], {"*": [finding(1), finding(2)]}))
    aws.put_configuration(PARAMETER, json.dumps({"version": 1, "amis": [{"amiId": AMI, "engine": "ami"}]}))
    with Injection(aws, chosen(NAMES), [AMI]) as injection:
        aws.run({"AMIsParamName": PARAMETER})
    messages = list(arrived(injection))
    assert injection.struck == set(NAMES)
    assert len({message["detail"]["scanId"] for message in messages}) == 1
    told = [(message["account"] == ACCOUNT, message["detail"]["severity"]) for message in messages]
    assert sorted(told[:2]) == [(False, "LOW"), (True, "LOW")]
    of_arn: dict[str, list[str]] = {}
    for message in messages[2:]:
        of_arn.setdefault(message["detail"]["findingArn"], []).append(message["detail"]["severity"])
    assert list(of_arn.values()) == [["HIGH", "INFORMATIONAL"]] * 2
