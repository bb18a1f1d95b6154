"""A subnet without free addresses: moto runs out of its generator where EC2 refuses the launch."""

from __future__ import annotations

from typing import Any

from golden_ami_emulator.patching import Patches


class Subnets(Patches):
    """RunInstances into a full subnet answers InsufficientFreeAddressesInSubnet, as in EC2 (error codes of its API)."""

    def __enter__(self) -> Subnets:
        from moto.ec2.exceptions import EC2ClientError
        from moto.ec2.models.subnets import Subnet

        super().__enter__()
        original = Subnet.get_available_subnet_ip

        def address(subnet: Any, instance: Any) -> str:
            try:
                return str(original(subnet, instance))
            except StopIteration:
                message = f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the request."
                raise EC2ClientError("InsufficientFreeAddressesInSubnet", message) from None

        self.set(Subnet, "get_available_subnet_ip", address)
        return self
