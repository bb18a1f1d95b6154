"""What the Step Functions console shows of a run: output, error and cause, and the iterations of its Maps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.faults import Injection, chosen
from golden_ami_emulator.world import Image, World

HIGH = {
    "findingArn": "arn:aws:inspector2:us-east-1:123456789012:finding/1",
    "type": "PACKAGE_VULNERABILITY",
    "title": "CVE-2026-1 - openssl",
    "description": "A vulnerability.",
    "severity": "HIGH",
    "status": "ACTIVE",
    "firstObservedAt": "2026-11-01T00:00:00+00:00",
    "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2026-1", "source": "NVD", "vulnerablePackages": []},
}


def ami_id(number: int) -> str:
    return f"ami-{number:017x}"


CLEAN, VULNERABLE, FULL = ami_id(1), ami_id(2), ami_id(3)
FOUND: dict[str, list[dict[str, Any]]] = {"*": [], VULNERABLE: [HIGH]}


def start(aws: Embedded, *amis: str) -> str:
    put_configuration(aws, json.dumps({"engine": "instance", "amis": [{"amiId": ami} for ami in amis]}))
    return aws.start({"AMIsParamName": PARAMETER})


def opened(count: int = 3) -> Embedded:
    images = [Image(ami_id(number), f"image {number}") for number in range(1, count + 1)]
    return Embedded(World(images, FOUND))


def exits(aws: Embedded, arn: str, state: str) -> Iterator[dict[str, Any]]:
    for event in aws.history(arn):
        details: Mapping[str, Any] = event.get("stateExitedEventDetails", {})
        if details.get("name") == state:
            yield json.loads(details["output"])


def entries(aws: Embedded, arn: str, state: str) -> Iterator[dict[str, Any]]:
    for event in aws.history(arn):
        details: Mapping[str, Any] = event.get("stateEnteredEventDetails", {})
        if details.get("name") == state:
            yield json.loads(details["input"])


@pytest.mark.parametrize(
    ("amis", "verdict", "counts"),
    [
        ([CLEAN], "PASS", {"passed": 1, "failed": 0, "notAssessed": 0}),
        ([CLEAN, VULNERABLE, ami_id(9)], "FAIL", {"passed": 1, "failed": 1, "notAssessed": 1}),
        ([ami_id(9)], "NOT_ASSESSED", {"passed": 0, "failed": 0, "notAssessed": 1}),
    ],
)
def test_the_output_of_a_run(amis: list[str], verdict: str, counts: dict[str, int]) -> None:
    with opened() as aws:
        ended = aws.wait(start(aws, *amis))
        aws.clock.sleep(60)  # on_execution_end archives
        assert ended["status"] == "SUCCEEDED"
        output = json.loads(ended["output"])
        address = f"s3://{aws.outputs['ReportBucket']}/runs/{ended['name']}"
        assert output == {
            "runId": ended["name"],
            "verdict": verdict,
            "amis": counts,
            "report": f"{address}/report.json",
            "history": f"{address}/history/",
        }
        kept = aws.client("s3").list_objects_v2(Bucket=aws.outputs["ReportBucket"])["Contents"]
        keys = {f"s3://{aws.outputs['ReportBucket']}/{one['Key']}" for one in kept}
        assert output["report"] in keys
        assert any(key.startswith(output["history"]) for key in keys)


def test_a_failed_run_shows_its_error_and_cause() -> None:
    with opened() as aws, Injection(aws, chosen(["launch-instances.denied"]), [CLEAN]):
        arn = start(aws, CLEAN)
        ended = aws.wait(arn)
        assert (ended["status"], ended["error"], ended.get("output")) == ("FAILED", "AccessDenied", None)
        assert ended["cause"].startswith("Nothing was assessed: Launch Instances failed")
        [failed] = entries(aws, arn, "Launch Failed")
        assert (failed["amis"], failed["error"]["Error"]) == ([CLEAN], "AccessDenied")
        assert "RunInstances" in failed["error"]["Cause"]
        [told] = exits(aws, arn, "Launch Failed")
        assert told == {"batch": CLEAN, "amis": [CLEAN], "wave": 1, "error": "AccessDenied"}


def test_an_iteration_shows_its_ami() -> None:
    with opened() as aws, Injection(aws, chosen(["ec2.one-bad-ami"]), [FULL]):
        arn = start(aws, CLEAN, FULL)
        aws.wait(arn)
        assert sorted(one["amis"] for one in entries(aws, arn, "Launch Batch")) == [[CLEAN], [FULL]]
        by_ami = {one["amis"][0]: one["launch"] for one in exits(aws, arn, "Launch Batch")}
        assert by_ami[CLEAN] == {"launched": 1, "notLaunched": 0, "reasons": []}
        [reason] = by_ami[FULL]["reasons"]
        assert reason.startswith(f"{FULL}: ")
        assert [one["amis"] for one in exits(aws, arn, "Tag Batch")] == [[CLEAN]]


def test_above_40_amis_an_iteration_shows_those_of_its_batch() -> None:
    with opened(90) as aws:
        arn = start(aws, *(ami_id(number) for number in range(1, 91)))
        assert aws.wait(arn)["status"] == "SUCCEEDED"
        launched = [one["amis"] for one in entries(aws, arn, "Launch Batch")]
        assert len(launched) == 40
        assert sorted(ami for amis in launched for ami in amis) == [ami_id(number) for number in range(1, 91)]
