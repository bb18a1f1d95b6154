"""What Inspector Classic finds on an agent: the world's findings in Classic's shape and with its severities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from golden_ami_emulator.inspector.bodies import Body, digest
from golden_ami_emulator.inspector.classic_model import BEST_PRACTICES, CVE, NETWORK, ClassicFinding
from golden_ami_emulator.inspector.classic_state import package_arn

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.classic_model import AssessmentRun
    from golden_ami_emulator.inspector.instances import Tracked
    from golden_ami_emulator.inspector.region import InspectorRegion

SEVERITY = {
    "CRITICAL": "High",  # Classic has no CRITICAL
    "HIGH": "High",
    "MEDIUM": "Medium",
    "LOW": "Low",
    "INFORMATIONAL": "Informational",
    "UNTRIAGED": "Undefined",
}
_NUMERIC = {"High": 9.0, "Medium": 6.0, "Low": 3.0, "Informational": 0.0, "Undefined": 0.0}
_PACKAGE = {"PACKAGE_VULNERABILITY": CVE, "NETWORK_REACHABILITY": NETWORK, "CODE_VULNERABILITY": BEST_PRACTICES}


def of_run(region: InspectorRegion, run: AssessmentRun) -> Iterator[ClassicFinding]:
    """The findings of a run's healthy agents, by the rules packages that the run has."""
    for tracked in run.healthy:
        asset = _asset(tracked)
        for number, body in enumerate({body.key: body for body in region.bodies_of(tracked.image_id)}.values()):
            package = package_arn(region, _PACKAGE.get(str(body.members["type"]), CVE))
            if package in run.packages:
                members = _members(region, run, body, package, asset, f"0-{digest(tracked.id, body.key)[:12]}")
                yield ClassicFinding(run, members, repeated=number < tracked.behaviour.repeat_arns)


def _members(
    region: InspectorRegion, run: AssessmentRun, body: Body, package: str, asset: dict[str, Any], name: str
) -> dict[str, Any]:
    severity = SEVERITY.get(str(body.members["severity"]), "Undefined")
    title = str(body.members.get("title") or body.members["description"])
    text = body.members["remediation"].get("recommendation", {}).get("text", "None Provided")
    return {
        "arn": f"{run.arn}/finding/{name}",
        "schemaVersion": 1,
        "service": "Inspector",
        "serviceAttributes": {"schemaVersion": 1, "assessmentRunArn": run.arn, "rulesPackageArn": package},
        "assetType": "ec2-instance",
        "assetAttributes": asset,
        "id": body.vulnerability or title[:128],
        "title": f"Instance {asset['agentId']} is vulnerable to {body.vulnerability}" if body.vulnerability else title,
        "description": str(body.members["description"]),
        "recommendation": str(text),
        "severity": severity,
        "numericSeverity": _NUMERIC[severity],
        "confidence": 10,
        "indicatorOfCompromise": False,
        "attributes": _attributes(region, body),
        "userAttributes": list(run.attributes),
        "createdAt": region.now(),
        "updatedAt": region.now(),
    }


def _attributes(region: InspectorRegion, body: Body) -> list[dict[str, str]]:
    details = body.members.get("packageVulnerabilityDetails", {})
    pairs = {
        "INSPECTOR_SCORE": body.members.get("inspectorScore"),
        "CVE_ID": body.vulnerability,
        "package_name": ", ".join(_affected(package) for package in details.get("vulnerablePackages", [])),
        "CVSS_VECTOR": next((str(cvss.get("scoringVector", "")) for cvss in details.get("cvss", [])), ""),
    }
    if network := body.members.get("networkReachabilityDetails"):
        ports = network.get("openPortRange", {})
        pairs |= {"PORT": ports.get("begin"), "PROTOCOL": network.get("protocol"), "REGION": region.name}
    return [{"key": key, "value": str(value)[:256]} for key, value in pairs.items() if value not in (None, "")]


def _affected(package: dict[str, Any]) -> str:
    """A package as Classic names it: name-epoch:version-release."""
    version = str(package.get("version", "")) + (f"-{package['release']}" if package.get("release") else "")
    return f"{package.get('name', '')}-{package.get('epoch', 0)}:{version}"


def _asset(tracked: Tracked) -> dict[str, Any]:
    tags = [{"key": key, "value": value} for key, value in tracked.tags.items() if value]
    return {
        "schemaVersion": 1,
        "agentId": tracked.id,
        "amiId": tracked.image_id,
        "hostname": str(tracked.host.private_dns_name),
        "ipv4Addresses": [str(tracked.host.private_ip)],
        "tags": tags,
    }
