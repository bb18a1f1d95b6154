"""The same golden AMI, built again with nothing fixed: nothing is new and nothing is fixed, whichever engine looks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Behaviour, Image, World

PARAMETER = "ContinuousAssessmentInput"
BUILDS = [
    Image("ami-0a000000000000001", "golden-web-20240801-a1b2c3d"),
    Image("ami-0a000000000000002", "golden-web-20250115-9f8e7d6"),
]
INSPECTOR = ["instance", "ami"]


def package(name: str, version: str, **fields: str) -> dict[str, Any]:
    return {"name": name, "version": version, "fixedInVersion": "9.9.9", "packageManager": "OS"} | fields


def finding(number: int, packages: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    names = ", ".join(one["name"] for one in packages[:2])
    more = f" and {len(packages) - 2} more" if len(packages) > 2 else ""
    vulnerability = fields.pop("id", f"CVE-2024-{number:05}")
    return {
        "findingArn": f"arn:aws:inspector2:us-east-1:123456789012:finding/{number:032x}",
        "type": "PACKAGE_VULNERABILITY",
        "severity": "HIGH",
        "title": f"{vulnerability} - {names}{more}",
        "description": "A weakness.",
        "status": "ACTIVE",
        "fixAvailable": "YES",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": vulnerability,
            "source": "NVD",
            "vulnerablePackages": packages,
        },
    } | fields


def findings(build: int, engine: str) -> list[dict[str, Any]]:
    """Of one build: ARNs, versions (which fix nothing), volumes, architectures and order differ from the other one."""
    volume = f"vol-{build:017x}:/p1:" if engine == "ami" else ""
    place = f"{volume}opt/app/requests-2.{build}.0.dist-info/METADATA"
    clients = [package(name, f"8.{build}", arch=("X86_64", "ARM64")[build]) for name in ("openssh", "openssh-clients")]
    found = [
        finding(1, [package("openssl", f"3.0.{build}", arch="X86_64")]),
        finding(2, [*(clients if build else reversed(clients)), package("openssh-server", f"8.{build}")]),
        finding(3, [package("requests", f"2.{build}.0", packageManager="PYTHONPKG", filePath=place)]),
        finding(4, [package("log4j-core", "2.14.1", packageManager="JAR", filePath=f"{volume}a.jar")], id="MAL-2024-1"),
        finding(5, [package("kernel", f"6.1.{build}")], id="KB5040437"),
        finding(6, [package("sudo", f"1.9.{build}")], id="TEMP-0000006-A1B2C3"),
    ]  # fmt: skip
    for number, one in enumerate(found):
        one["findingArn"] += f"{build}{number}"
    return found if build else list(reversed(found))


CASES = [(first, second, False) for first in INSPECTOR for second in INSPECTOR] + [
    ("ami", "ami", True),
    ("ami", "instance", True),
    ("instance", "ami", True),
]


@pytest.mark.parametrize(("first", "second", "events_lost"), CASES)
def test_nothing_is_new_and_nothing_is_fixed(first: str, second: str, events_lost: bool) -> None:
    behaviours = {"*": Behaviour(findings_events_lost=1_000_000 if events_lost else 0)}
    found = {
        image.image_id: findings(number, engine)
        for number, (image, engine) in enumerate(zip(BUILDS, (first, second), strict=True))
    }
    with Embedded(World(BUILDS, found, behaviours)) as aws:
        _assess(aws, 0, first)
        change = _assess(aws, 1, second)["sincePreviousAmi"]
    assert change["amiId"] == BUILDS[0].image_id
    assert (change.get("new", 0), change["open"], change.get("fixed", 0)) == (0, 6, 0)


def _assess(aws: Embedded, build: int, engine: str) -> Mapping[str, Any]:
    """Assess a build with an engine; what the report says of it."""
    amis = [{"amiId": BUILDS[build].image_id, "engine": engine}]
    aws.put_configuration(PARAMETER, json.dumps({"version": 1, "amis": amis}))
    assert aws.run({"AMIsParamName": PARAMETER}, f"run-{build}")["status"] == "SUCCEEDED"
    answer = aws.client("s3").get_object(Bucket=aws.outputs["ReportBucket"], Key=f"runs/run-{build}/report.json")
    [ami] = json.load(answer["Body"])["amis"]
    assert ami["total"] == 6
    found: Mapping[str, Any] = ami
    return found
