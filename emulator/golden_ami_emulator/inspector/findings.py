"""Findings as the APIs answer them: they follow the instance or image that carries them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from golden_ami_emulator.inspector.bodies import Body, digest, end_of_support
from golden_ami_emulator.inspector.updates import arn_on_instance, is_updated
from golden_ami_emulator.inspector.wire import epoch

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.instances import Tracked
    from golden_ami_emulator.inspector.region import InspectorRegion


def _carried(body: Body, arn: str, account: str, seen: datetime, resource: Mapping[str, Any]) -> dict[str, Any]:
    moment = epoch(seen)
    dates = {"firstObservedAt": moment, "lastObservedAt": moment, "updatedAt": moment}
    own = {"findingArn": arn, "awsAccountId": account, "status": "ACTIVE", "resources": [resource]}
    return {**dates, **body.members, **own}


def on_instance(region: InspectorRegion, tracked: Tracked, *, of_language_packages: bool) -> list[dict[str, Any]]:
    """The findings of a scanned instance, as ListFindings answers them, and `tracked.details` beside them.

    Those that are on packages of programming languages alone, or the others.
    """
    resource = _instance_resource(region, tracked)
    found = []
    for body, suppressed in _of_instance(region, tracked):
        if body.of_language_packages != of_language_packages:
            continue
        arn = arn_on_instance(region, tracked, body)
        carried = _carried(body, arn, region.account, region.now(), resource)
        found.append({**carried, "status": "SUPPRESSED" if suppressed else "ACTIVE"})
        tracked.details[arn] = _details(body)
        region.owners[arn] = tracked
    return found


def _of_instance(region: InspectorRegion, tracked: Tracked) -> Iterator[tuple[Body, bool]]:
    """What is found on an instance, and whether a suppression rule hides it. Nothing, once its system is silent."""
    today = region.now().date()
    if tracked.system.is_silent(today):
        return
    keys: dict[str, bool] = {}
    for body in region.bodies_of(tracked.image_id):
        if tracked.updated_at and is_updated(body):
            continue
        keys.setdefault(body.key, body.suppressed or len(keys) < tracked.behaviour.suppressed)
        yield body, keys[body.key]
    if tracked.system.is_discontinued(today):
        yield end_of_support(tracked.system.name), False


def _details(body: Body) -> dict[str, Any]:
    epss = body.members.get("epss", {}).get("score")
    details = dict(body.details)
    if epss is not None:
        details.setdefault("epssScore", epss)
    cwes = body.members.get("codeVulnerabilityDetails", {}).get("cwes")
    if cwes:
        details.setdefault("cwes", cwes)
    return details


def _instance_resource(region: InspectorRegion, tracked: Tracked) -> dict[str, Any]:
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


def on_image(region: InspectorRegion, image_id: str, scan_id: str) -> list[dict[str, Any]]:
    """The findings of an on-demand scan of an image. Repeats are dropped: the scan reports each once.

    It evaluates a software inventory, so it finds vulnerable packages only (Inspector User Guide, "Running on-demand
    machine image scans"): no code, and no network that could be reached.
    """
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
        if body.members["type"] != "PACKAGE_VULNERABILITY":
            continue
        arn = f"{prefix}/{digest(image_id, body.key)}"
        found[arn] = _carried(body, arn, region.account, region.now(), resource)
    return list(found.values())
