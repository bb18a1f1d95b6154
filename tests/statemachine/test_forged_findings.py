"""Whole runs of engine ami in which events of findings are invented, lost or not taken in: no verdict gets better."""

from __future__ import annotations

import json
from typing import Any

import pytest

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.faults import Injection, chosen
from golden_ami_emulator.world import Behaviour, Image, World

AMI = "ami-0123456789abcdef0"
PARAMETER = "ContinuousAssessmentInput"
OUT_OF_SUPPORT = {
    "severity": "INFORMATIONAL",
    "title": "Amazon Linux AMI 2018.03 is out of support",
    "type": "PACKAGE_VULNERABILITY",
}
POLICY = {"failOn": {"discontinuedOs": True, "knownExploited": False}}


def assessed(*faults: str, **behaviour: Any) -> dict[str, Any]:
    """The AMI in the report of a run."""
    world = World([Image(AMI, "web")], {"*": [OUT_OF_SUPPORT]}, {"*": Behaviour(**behaviour)})
    with Embedded(world) as aws:
        aws.put_configuration(
            PARAMETER, json.dumps({"version": 1, "policy": POLICY, "amis": [{"amiId": AMI, "engine": "ami"}]})
        )
        with Injection(aws, chosen(list(faults)), [AMI]):
            run = aws.run({"AMIsParamName": PARAMETER})
        body = aws.client("s3").get_object(Bucket=aws.outputs["ReportBucket"], Key=f"runs/{run['name']}/report.json")
        ami: dict[str, Any] = json.loads(body["Body"].read())["amis"][0]
        return ami


def test_the_end_of_support_is_one_finding() -> None:
    ami = assessed()
    assert (ami["verdict"], ami["counts"]) == ("FAIL", {"INFORMATIONAL": 1})


@pytest.mark.parametrize(("faults", "behaviour"), [(["message.finding-forged"], {}), ([], {"findings_events_lost": 1})])
def test_an_invented_or_a_lost_event_makes_no_verdict_better(faults: list[str], behaviour: dict[str, Any]) -> None:
    assert assessed(*faults, **behaviour)["verdict"] == "FAIL"
