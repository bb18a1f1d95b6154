"""Availability Zones: which offer an instance type, and which have capacity. moto asks neither at a launch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from golden_ami_emulator.inspector.paging import InvalidToken, Pages
from golden_ami_emulator.patching import Patches
from golden_ami_emulator.server_errors import server_error
from golden_ami_emulator.world import World

_ZONES = "availability-zone"


class Zones(Patches):
    """While open, EC2 refuses what a zone lacks, in its own words and with its own status.

    Offerings are moto's, which were read from AWS (us-east-1e lacks t3, as users report), without what a world's zones
    lack. DescribeInstanceTypeOfferings answers page by page, as its model has it.
    """

    def __init__(self, worlds: Mapping[tuple[str, str], World]) -> None:
        """`worlds` by account and region."""
        super().__init__()
        self._worlds = worlds
        self._pages = Pages()

    def __enter__(self) -> Zones:
        from moto.ec2.responses.instances import InstanceResponse

        super().__enter__()
        original: Any = InstanceResponse.describe_instance_type_offerings

        def offerings(response: Any) -> Any:
            return self._page(response, original(response).result["InstanceTypeOfferings"])

        self.set(InstanceResponse, "describe_instance_type_offerings", offerings)
        return self

    def refuse(self, response: Any, zone: str) -> None:
        """Refuse a launch in a zone that lacks the type or has no capacity; "" is for EC2 to choose, which finds one.

        Texts and status as users' reports have them: ned1313/Getting-Started-Terraform#44, openshift/installer#7088.
        """
        from moto.ec2.exceptions import EC2ClientError

        world = self._world_of(response)
        kind = str(response._get_param("InstanceType", ""))
        if not (world and zone and kind):
            return
        offering = self._offering(response, kind)
        if offering and zone not in offering:
            raise EC2ClientError(
                "Unsupported",
                f"Your requested instance type ({kind}) is not supported in your requested Availability Zone ({zone}). "
                f"Please retry your request by not specifying an Availability Zone or choosing {_listed(offering)}.",
            )
        if zone in world.full_zones:
            others = [one for one in offering if one not in world.full_zones]
            raise server_error(
                "InsufficientInstanceCapacity",
                f"We currently do not have sufficient {kind} capacity in the Availability Zone you requested ({zone}). "
                "Our system will be working on provisioning additional capacity. You can currently get "
                f"{kind} capacity by not specifying an Availability Zone in your request or choosing "
                f"{_listed(others)}.",
            )

    def _offering(self, response: Any, kind: str) -> list[str]:
        """The zones that offer a type, by name."""
        found = response.ec2_backend.describe_instance_type_offerings(_ZONES, {"instance-type": [kind]})
        return sorted(one["Location"] for one in found if not self._lacks(response, one))

    def _lacks(self, response: Any, offering: Mapping[str, str]) -> bool:
        world = self._world_of(response)
        if world is None or offering["LocationType"] != _ZONES:
            return False
        lacking = world.lacking_types.get(offering["Location"], ())
        return "*" in lacking or offering["InstanceType"] in lacking

    def _world_of(self, response: Any) -> World | None:
        return self._worlds.get((response.current_account, response.region))

    def _page(self, response: Any, found: list[Any]) -> Any:
        from moto.core.responses import ActionResult
        from moto.ec2.exceptions import EC2ClientError

        limit = int(response._get_param("MaxResults", 1000))
        rows = [one for one in found if not self._lacks(response, one)]
        try:
            page, token = self._pages.page("offerings", response._get_param("NextToken", ""), limit, lambda: rows)
        except InvalidToken:
            raise EC2ClientError("InvalidNextToken", "The token is not valid.") from None
        return ActionResult({"InstanceTypeOfferings": page} | ({"NextToken": token} if token else {}))


def _listed(zones: Iterable[str]) -> str:
    return ", ".join(zones)
