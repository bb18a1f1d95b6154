"""Today's Inspector on bad days, through the real definition: what each AMI of one run ends as."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from golden_ami.ledger import Ledger
from golden_ami.models import Ami
from golden_ami_cli.assessing.assessment import PARAMETER
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.inspector import installed
from golden_ami_emulator.world import ACCOUNT, REGION, Behaviour, Image, World


def finding(number: int) -> dict[str, Any]:
    """One finding as ListFindings answers it."""
    vulnerability = f"CVE-2026-{number:04}"
    package = {"name": "openssl", "version": "3.0.7", "fixedInVersion": "3.0.8"}
    return {
        "findingArn": f"arn:aws:inspector2:us-east-1:{ACCOUNT}:finding/{number:032x}",
        "type": "PACKAGE_VULNERABILITY",
        "severity": "HIGH",
        "title": f"{vulnerability} - openssl",
        "description": "A vulnerability.",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": vulnerability,
            "source": "NVD",
            "vulnerablePackages": [package],
        },
    }


FOUND = [finding(number) for number in range(130)]


class Ended:
    """One run that is over: the ledger's rows and the report, by the name of the image."""

    def __init__(
        self,
        behaviours: Mapping[str, Behaviour],
        config: Mapping[str, Any],
        parameters: Mapping[str, str] | None = None,
        **world: Any,
    ) -> None:
        images = {name: Image(f"ami-{number:08x}", name) for number, name in enumerate(behaviours, 1)}
        by_id = {images[name].image_id: behaviour for name, behaviour in behaviours.items()}
        amis = [{"amiId": image.image_id} for image in images.values()]
        contents = World(list(images.values()), {"*": FOUND}, by_id, **world)
        with Embedded(contents, parameters=parameters or {}) as aws:
            aws.put_configuration(PARAMETER, json.dumps({"version": 1, "amis": amis, **config}))
            arn = aws.start({"AMIsParamName": PARAMETER})
            self.status = aws.wait(arn)["status"]
            self.events: Sequence[Mapping[str, Any]] = aws.history(arn)
            ledger = Ledger(aws.client("dynamodb"), aws.outputs["LedgerTable"])
            rows = ledger.amis(arn.rsplit(":", 1)[1])
            self.amis: dict[str, Ami] = {row.name: row for row in rows}
            key = ledger.run(rows[0].run_id).report_key
            report = json.load(aws.client("s3").get_object(Bucket=aws.outputs["ReportBucket"], Key=key)["Body"])
            self.verdicts = {ami["name"]: ami["verdict"] for ami in report["amis"]}
            self.notifications = sum(sent.topic == aws.outputs["ResultsTopicArn"] for sent in aws.notifications())
            states = {
                i["State"]["Name"]
                for r in aws.client("ec2").describe_instances()["Reservations"]
                for i in r["Instances"]
            }
            self.left = states - {"terminated"}
            self.cis_configurations = installed(REGION, ACCOUNT).cis_configurations if "cis" in config else {}

    def reason(self, name: str) -> str | None:
        reason = self.amis[name].reason
        return reason.code if reason else None

    def happened(self, kind: str) -> int:
        """How often an event of this type stands in the history."""
        return sum(event["type"] == kind for event in self.events)

    def entered(self, state: str) -> int:
        """How often a state was entered."""
        return sum(event.get("stateEnteredEventDetails", {}).get("name") == state for event in self.events)


def test_engine_instance_on_a_bad_day() -> None:
    ended = Ended(
        {
            "good": Behaviour(),
            # Completes while the other agents are still awaited: nobody waits for it yet.
            "before the token": Behaviour(scan_seconds=1),
            "event lost": Behaviour(events=()),
            "event twice": Behaviour(events=("complete", "complete")),
            "listing lags": Behaviour(listing_lag=2),
            "unmanaged": Behaviour(agent_after=None),
            "also unmanaged": Behaviour(agent_after=None),
            "unsupported": Behaviour(scan_result="UNSUPPORTED_OS"),
            "excluded": Behaviour(scan_result="EXCLUDED_BY_TAG"),
        },
        {"engine": "instance"},
    )
    assert ended.status == "SUCCEEDED"
    assessed = {"good", "before the token", "event lost", "event twice", "listing lags"}
    assert ended.verdicts == {name: "FAIL" if name in assessed else "NOT_ASSESSED" for name in ended.amis}
    assert {ended.amis[name].counts["HIGH"] for name in assessed} == {130}
    assert ended.reason("unmanaged") == ended.reason("also unmanaged") == "AGENT_NOT_REGISTERED"
    assert ended.reason("unsupported") == "INSPECTOR_UNSUPPORTED_OS"
    assert ended.reason("excluded") == "INSPECTOR_EXCLUDED_BY_TAG"
    assert ended.happened("TaskTimedOut") == 0  # the look that the others' messages led to found the lost one, too
    assert not ended.left
    assert ended.notifications == 1


def test_engine_ami_on_a_bad_day() -> None:
    ended = Ended(
        {
            "good": Behaviour(),
            "page of findings lost": Behaviour(findings_events_lost=100),
            "all events lost": Behaviour(events=(), findings_events_lost=130),
            "event twice": Behaviour(events=("complete", "complete")),
            "lvm": Behaviour(scan_result="UNSUPPORTED_OS"),
            "too large": Behaviour(scan_result="STORAGE_LIMIT_EXCEEDED"),
        },
        {"engine": "ami"},
    )
    assert ended.status == "SUCCEEDED"
    for name in ("lvm", "too large"):
        assert ended.verdicts.pop(name) == "NOT_ASSESSED"
        reason = ended.amis[name].reason
        assert reason
        assert "instance" in reason.remedy
    assert set(ended.verdicts.values()) == {"FAIL"}
    assert {ended.amis[name].counts["HIGH"] for name in ended.verdicts} == {130}
    sources = {name: ended.amis[name].findings_source for name in ended.verdicts}
    both = "EventBridge:OnDemand AMI Scan Findings and ec2:GetImageFindings"
    assert sources["good"] == sources["event twice"] == both
    assert sources["page of findings lost"] == f"{both}, ec2:GetImageFindings"
    assert sources["all events lost"] == "ec2:GetImageFindings"
    assert ended.entered("Launch Batch") == 0
    assert ended.notifications == 1


def test_cis_with_zero_checks_is_no_pass() -> None:
    ended = Ended({"checked": Behaviour(), "zero": Behaviour(cis_checks=0)}, {"engine": "instance", "cis": "LEVEL_1"})
    assert ended.status == "SUCCEEDED"
    assert ended.verdicts == {"checked": "FAIL", "zero": "FAIL"}, "what its packages are found to have is known"
    assert [one.code for one in ended.amis["zero"].evidence if one.kind == "cis"] == ["CIS_NO_CHECKS"]
    assert not ended.cis_configurations
    assert not ended.left


def test_inspector_turned_off_fails_before_anything_is_launched() -> None:
    ended = Ended({"good": Behaviour()}, {"engine": "instance"}, inspector_enabled=False)
    assert ended.status == "FAILED"
    assert ended.entered("Launch Batch") == 0
    assert ended.verdicts == {"good": "NOT_ASSESSED"}
    assert ended.notifications == 1


def test_full_subnets_cost_the_amis_that_they_have_no_address_for() -> None:
    names = [f"image {number:02}" for number in range(32)]
    small = {"VpcCidr": "10.66.0.0/26", "SubnetBits": "4"}  # two subnets of 16 addresses, of which EC2 keeps five
    ended = Ended(dict.fromkeys(names, Behaviour()), {"engine": "instance"}, small)
    assert ended.status == "SUCCEEDED"
    refused = {name for name in names if ended.reason(name) == "SUBNET_FULL"}
    assert 4 <= len(refused) <= 10
    assert {ended.verdicts[name] for name in refused} == {"NOT_ASSESSED"}
    assert {ended.verdicts[name] for name in set(names) - refused} == {"FAIL"}
    assert not ended.left
