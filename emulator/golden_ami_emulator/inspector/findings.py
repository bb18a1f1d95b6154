"""Findings given as data, as the APIs answer them: they follow the instance or image that carries them.

The data has the shape of `aws inspector2 list-findings`; any member may be missing. Beside a finding's own members an
optional member `details` holds what BatchGetFindingDetails adds: `cisaData` (dateAdded, dateDue, action) marks a
vulnerability that CISA lists as known exploited, `cwes`, `ttps`, `tools`, `evidences`, `referenceUrls`, `riskScore`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from golden_ami_emulator.inspector.wire import conform, epoch, output_member

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.instances import Tracked
    from golden_ami_emulator.inspector.region import Region

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")
# What belongs to the resource that carries the finding, not to the finding's data.
_OF_THE_RESOURCE = frozenset({"findingArn", "awsAccountId", "resources", "status"})


@dataclass(frozen=True)
class Body:
    """One finding of the data, without a resource: its members in JSON form, its details, and its identity."""

    key: str
    members: Mapping[str, Any]
    details: Mapping[str, Any]

    @property
    def vulnerability(self) -> str:
        """CVE id, or the empty string."""
        return str(self.members.get("packageVulnerabilityDetails", {}).get("vulnerabilityId", ""))


def bodies(findings: Iterable[Mapping[str, Any]]) -> list[Body]:
    """The findings of an image. Two with one ARN in the data are one finding, listed twice."""
    return [_body(finding, number) for number, finding in enumerate(findings)]


def _body(finding: Mapping[str, Any], number: int) -> Body:
    members = conform(finding, output_member("inspector2", "ListFindings", "findings"))
    members = {name: value for name, value in members.items() if name not in _OF_THE_RESOURCE}
    members.setdefault("type", "PACKAGE_VULNERABILITY")
    members.setdefault("severity", "UNTRIAGED")
    members.setdefault("remediation", {"recommendation": {"text": "None Provided"}})
    if not members.get("description"):
        members["description"] = members.get("title") or "None Provided"
    details = conform(
        finding.get("details") or {}, output_member("inspector2", "BatchGetFindingDetails", "findingDetails")
    )
    return Body(str(finding.get("findingArn") or number), members, details)


def digest(*parts: str) -> str:
    """32 hexadecimal digits that depend on the parts alone."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def counts(findings: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many distinct findings there are, by severity and as TOTAL."""
    found = dict.fromkeys((*SEVERITIES, "TOTAL"), 0)
    for severity in {finding["findingArn"]: str(finding["severity"]) for finding in findings}.values():
        found[severity] = found.get(severity, 0) + 1
        found["TOTAL"] += 1
    return found


def _carried(body: Body, arn: str, account: str, seen: datetime, resource: Mapping[str, Any]) -> dict[str, Any]:
    moment = epoch(seen)
    dates = {"firstObservedAt": moment, "lastObservedAt": moment, "updatedAt": moment}
    own = {"findingArn": arn, "awsAccountId": account, "status": "ACTIVE", "resources": [resource]}
    return {**dates, **body.members, **own}


def on_instance(region: Region, tracked: Tracked) -> list[dict[str, Any]]:
    """The findings of a scanned instance, as ListFindings answers them, and `tracked.details` beside them."""
    resource = _instance_resource(region, tracked)
    found = []
    for body in region.bodies_of(tracked.image_id):
        name = digest(tracked.id, body.key)
        arn = f"arn:{region.partition}:inspector2:{region.name}:{region.account}:finding/{name}"
        found.append(_carried(body, arn, region.account, region.now(), resource))
        tracked.details[arn] = _details(body)
        region.owners[arn] = tracked
    return found


def _details(body: Body) -> dict[str, Any]:
    epss = body.members.get("epss", {}).get("score")
    details = dict(body.details)
    if epss is not None:
        details.setdefault("epssScore", epss)
    cwes = body.members.get("codeVulnerabilityDetails", {}).get("cwes")
    if cwes:
        details.setdefault("cwes", cwes)
    return details


def _instance_resource(region: Region, tracked: Tracked) -> dict[str, Any]:
    host = tracked.host
    details = {
        "type": host.instance_type,
        "imageId": tracked.image_id,
        "ipV4Addresses": [address for address in (host.private_ip, host.public_ip) if address],
        "ipV6Addresses": [],
        "keyName": host.key_name,
        "iamInstanceProfileArn": tracked.profile_arn or None,
        "vpcId": host.vpc_id,
        "subnetId": host.subnet_id,
        "launchedAt": epoch(tracked.launched_at),
        "platform": tracked.platform,
    }
    return {
        "type": "AWS_EC2_INSTANCE",
        "id": tracked.id,
        "partition": region.partition,
        "region": region.name,
        "tags": tracked.tags,
        "details": {"awsEc2Instance": {name: value for name, value in details.items() if value is not None}},
    }


def on_image(region: Region, image_id: str, scan_id: str) -> list[dict[str, Any]]:
    """The findings of an on-demand scan of an image. Repeats are dropped: the scan reports each once."""
    image = region.image(image_id)
    details: dict[str, Any] = {"machineImageId": image_id, "ownerAccountId": region.account}
    tags: Mapping[str, str] = {}
    if image:
        details |= {"name": image.name, "platform": image.platform, "state": image.state}
        details["architecture"] = "ARM64" if image.architecture == "arm64" else "X86_64"
        tags = dict(image.tags)
    resource = {
        "type": "MACHINE_IMAGE",
        "id": image_id,
        "partition": region.partition,
        "region": region.name,
        "tags": tags,
        "details": {"machineImage": details},
    }
    prefix = f"arn:{region.partition}:inspector2:{region.name}:{region.account}:finding/ondemand/{scan_id}"
    found = {}
    for body in region.bodies_of(image_id):
        arn = f"{prefix}/{digest(image_id, body.key)}"
        found[arn] = _carried(body, arn, region.account, region.now(), resource)
    return list(found.values())
