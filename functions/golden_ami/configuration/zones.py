"""Which Availability Zones offer an instance type, and which of them subnets are in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami.aws.filters import FILTER_VALUES
from golden_ami.parallel import chunks


class Zones(NamedTuple):
    """What EC2 tells of zones, by their names. That a zone offers a type does not say that it has capacity."""

    of_subnets: Mapping[str, str]  # zone by subnet id; without subnets that do not exist or are on an Outpost
    offering: Mapping[str, frozenset[str]]  # zones by instance type

    def lacking(self, instance_type: str, subnets: Sequence[str]) -> list[str]:
        """The subnets in zones that are known not to offer the type."""
        offering = self.offering.get(instance_type, frozenset())
        zones = self.of_subnets
        return [one for one in subnets if offering and one in zones and zones[one] not in offering]


def zones_of(ec2: Any, subnets: Collection[str], types: Collection[str]) -> Zones:
    """Two calls, whatever their number up to 200; nothing is known where EC2 cannot be asked: a launch then tells.

    EC2 API Reference, DescribeSubnets and DescribeInstanceTypeOfferings: both answer page by page. A type that is
    offered in a Region need not be in each zone; us-east-1e lacks t3 (ned1313/Getting-Started-Terraform#44).
    """
    try:
        of_subnets = {
            found["SubnetId"]: str(found["AvailabilityZone"])
            for found in _listed(ec2.get_paginator("describe_subnets"), "Subnets", "subnet-id", subnets)
            if found.get("AvailabilityZone") and not found.get("OutpostArn")
        }
        offering: dict[str, set[str]] = {}
        pages = ec2.get_paginator("describe_instance_type_offerings")
        in_zones = {"LocationType": "availability-zone"}
        for found in _listed(pages, "InstanceTypeOfferings", "instance-type", types, **in_zones):
            offering.setdefault(found.get("InstanceType", ""), set()).add(found.get("Location", ""))
    except (ClientError, BotoCoreError):
        return Zones({}, {})
    return Zones(of_subnets, {name: frozenset(zones) for name, zones in offering.items()})


def _listed(pages: Any, key: str, name: str, values: Collection[str], **request: str) -> Iterator[dict[str, Any]]:
    """By filter, as one unknown id in SubnetIds would fail the request for all."""
    for some in chunks(sorted(values), FILTER_VALUES):
        for page in pages.paginate(Filters=[{"Name": name, "Values": some}], **request):
            yield from page[key]
