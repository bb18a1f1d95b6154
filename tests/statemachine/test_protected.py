"""An instance that cannot be terminated: the others are assessed all the same, and the run's end tells."""

from __future__ import annotations

import json
from typing import Any

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Behaviour, Image, World

PARAMETER = "ContinuousAssessmentInput"
QUICK, *OTHERS = (f"ami-{number:017x}" for number in range(4))


def test_it_costs_no_other_ami_its_assessment() -> None:
    """It is done with while the scans of the others run."""
    behaviours = {QUICK: Behaviour(scan_seconds=300), "*": Behaviour(scan_seconds=3000)}
    protected: list[str] = []
    with Embedded(World([Image(one, one) for one in (QUICK, *OTHERS)], {}, behaviours)) as aws:
        ec2 = aws.client("ec2")

        def protect() -> None:
            mine = [{"Name": "tag:continuous-assessment-ami", "Values": [QUICK]}]
            [group] = ec2.describe_instances(Filters=mine)["Reservations"]
            protected.append(group["Instances"][0]["InstanceId"])
            ec2.modify_instance_attribute(InstanceId=protected[0], DisableApiTermination={"Value": True})

        entries = [{"amiId": one} for one in (QUICK, *OTHERS)]
        aws.put_configuration(PARAMETER, json.dumps({"version": 1, "amis": entries}))
        aws.clock.call_later(240, protect, name="a person protects it")
        ended = aws.run({"AMIsParamName": PARAMETER})
        assert (ended["status"], ended["error"]) == ("FAILED", "ServiceRejected")
        assert protected[0] in ended["cause"]
        assert [ami["verdict"] for ami in report_of(aws, ended["name"])] == ["PASS"] * 4
        groups = ec2.describe_instances()["Reservations"]
        alive = [
            one["InstanceId"] for group in groups for one in group["Instances"] if one["State"]["Name"] == "running"
        ]
        assert alive == protected


def report_of(aws: Embedded, run_id: str) -> list[dict[str, Any]]:
    key = {"Bucket": aws.outputs["ReportBucket"], "Key": f"runs/{run_id}/report.json"}
    amis: list[dict[str, Any]] = json.load(aws.client("s3").get_object(**key)["Body"])["amis"]
    return amis
