"""Instance types that are dearer than the assessment needs. They are told, and never changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from golden_ami.aws.filters import FILTER_VALUES
from golden_ami.configuration.zones import zones_of
from golden_ami.models import Ami
from golden_ami.parallel import chunks
from golden_ami.subnets import subnets_of
from golden_ami.usage.prices import INSTANCES, shipped
from golden_ami_cli.doctor.model import Diagnosis, Patient, ok

# Our rule: AWS tells no least memory of the SSM agent or of Inspector's plugin. The shipped prices are of Linux.
MEMORY_MIB = 1024
_PLATFORM = "Linux/UNIX"
Description = Mapping[str, Any]


def instance_sizes(patient: Patient) -> Diagnosis:
    """The cheapest type of those with a price that boots an AMI and has memory for the agent."""
    check = "instance types"
    cheaper: Counter[tuple[str, str]] = Counter()
    for region, amis in patient.regions(patient.launched).items():
        cheaper.update(_cheaper(patient, region, [ami for ami in amis if ami.platform == _PLATFORM]))
    if not cheaper:
        return ok(check, "none is dearer than needed, as far as prices are known")
    told = [
        f"{smaller} would do for {count} AMI{'s' if count > 1 else ''} on {kind} "
        f"(${_price(smaller)} an hour instead of ${_price(kind)}, us-east-1)"
        for (kind, smaller), count in sorted(cheaper.items())
    ]
    return ok(check, f"{'; '.join(told)}: set instanceType if you like")


def _cheaper(patient: Patient, region: str, amis: Sequence[Ami]) -> list[tuple[str, str]]:
    """For each AMI whose type is dearer than needed, that type and the cheapest that would do."""
    priced = sorted(name.partition(".")[2] for name in shipped().rows if name.startswith(f"{INSTANCES}."))
    if not any(ami.entry.instance_type in priced for ami in amis):
        return []
    ec2 = patient.client("ec2", region)
    kinds = _described(ec2, "describe_instance_types", "instance-type", priced, "InstanceTypes", "InstanceType")
    images = _described(ec2, "describe_images", "image-id", [ami.ami_id for ami in amis], "Images", "ImageId")
    subnets = {one for ami in amis for one in subnets_of(patient.config, ami, patient.account.settings)}
    zones = zones_of(ec2, subnets, priced)
    found = []
    for ami in amis:
        current = ami.entry.instance_type
        own = subnets_of(patient.config, ami, patient.account.settings)
        fitting = [
            kind
            for kind in kinds
            if current in kinds
            and ami.ami_id in images
            and _price(kind) < _price(current)
            and boots(images[ami.ami_id], kinds[kind], kinds[current])
            and not set(zones.lacking(kind, own)) - set(zones.lacking(current, own))
        ]
        if fitting:
            found.append((current, min(fitting, key=lambda kind: (_price(kind), kind))))
    return found


def boots(image: Description, kind: Description, current: Description) -> bool:
    """Whether a type boots an image as its current type does, and has memory for the agent.

    Architecture, virtualization, boot mode and ENA as EC2 asks for them (EC2 User Guide, "Compatibility for changing
    the instance type"; API Reference, InstanceTypeInfo and Image). The hypervisor stays, as drivers depend on it.
    """
    architectures = kind.get("ProcessorInfo", {}).get("SupportedArchitectures", [])
    mode = str(image.get("BootMode") or ("uefi" if image.get("Architecture") == "arm64" else "legacy-bios"))
    modes = kind.get("SupportedBootModes") or [mode]
    needs_ena = kind.get("NetworkInfo", {}).get("EnaSupport") == "required"
    has_ena = image.get("EnaSupport") or current.get("NetworkInfo", {}).get("EnaSupport") == "required"
    return (
        image.get("Architecture") in architectures
        and image.get("VirtualizationType", "hvm") in kind.get("SupportedVirtualizationTypes", ["hvm"])
        and (mode in modes or mode == "uefi-preferred")
        and bool(has_ena or not needs_ena)
        and kind.get("Hypervisor") == current.get("Hypervisor")
        and kind.get("MemoryInfo", {}).get("SizeInMiB", 0) >= MEMORY_MIB
    )


def _price(kind: str) -> float:
    return shipped()[f"{INSTANCES}.{kind}"].price


def _described(
    ec2: Any, operation: str, name: str, values: Sequence[str], key: str, identity: str
) -> dict[str, Description]:
    """By filter, as one unknown value would fail the request for all."""
    return {
        found[identity]: found
        for some in chunks(values, FILTER_VALUES)
        for page in ec2.get_paginator(operation).paginate(Filters=[{"Name": name, "Values": some}])
        for found in page[key]
    }
