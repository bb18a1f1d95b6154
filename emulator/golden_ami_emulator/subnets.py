"""Subnets without free addresses, and such as another account shares: moto knows neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from golden_ami_emulator.patching import Patches


class Subnets(Patches):
    """RunInstances into a full subnet answers InsufficientFreeAddressesInSubnet, as in EC2 (error codes of its API).
    The text is that of osbuild/osbuild-composer#1575.

    `owners` are the accounts that share the default subnets of a place, by account and region, with it (VPC User Guide,
    "Share your VPC subnets with other accounts"). Their ARN is of their owner's account, and so RunInstances is
    authorised for that.
    """

    def __init__(self, owners: Mapping[tuple[str, str], str]) -> None:
        super().__init__()
        self._owners = dict(owners)

    def __enter__(self) -> Subnets:
        from moto.ec2.exceptions import EC2ClientError
        from moto.ec2.models.subnets import Subnet

        super().__enter__()
        original = Subnet.get_available_subnet_ip

        def address(subnet: Any, instance: Any) -> str:
            try:
                return str(original(subnet, instance))
            except StopIteration:
                message = (
                    f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of "
                    "instances."
                )
                raise EC2ClientError("InsufficientFreeAddressesInSubnet", message) from None

        def owner(subnet: Any) -> str:
            account, region = subnet.ec2_backend.account_id, subnet.ec2_backend.region_name
            shared = self._owners.get((account, region), "") if subnet.default_for_az else ""
            return shared or str(account)

        self.set(Subnet, "get_available_subnet_ip", address)
        self.set(Subnet, "owner_id", property(owner))
        return self
