"""Faults of one Availability Zone, of those that the stack's network has."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from golden_ami_emulator.calls import Call, client_error
from golden_ami_emulator.faults.fault import LAUNCHING, InjectableFault, Injection

_LISTING = "DescribeInstanceTypeOfferings"


def faults() -> Iterator[InjectableFault]:
    """None costs an AMI its assessment while another zone has what the launch needs."""
    yield InjectableFault(
        "ec2.zone-lacks-type",
        "the first zone of the network offers no instance type",
        _lacks_type,
        costs=False,
        words=("not tried",),
        engines=LAUNCHING,
    )
    yield InjectableFault(
        "ec2.zone-lacks-type-untold",
        "the zone of the first launch offers no instance type, and EC2 tells nobody what zones offer",
        _lacks_type_untold,
        costs=False,
        words=("Unsupported",),
        engines=LAUNCHING,
    )
    yield InjectableFault(
        "ec2.zone-lacks-capacity",
        "the zone of the first launch has no capacity",
        _lacks_capacity,
        costs=False,
        words=("InsufficientInstanceCapacity",),
        engines=LAUNCHING,
    )


def _lacks_type(injection: Injection) -> None:
    struck = injection.name
    injection.set(injection.aws.world, "lacking_types", {_zone_of(injection, _subnets(injection)[0]): ["*"]})

    def rule(call: Call) -> BaseException | None:
        if call.operation == _LISTING:
            struck()
        return None

    injection.before(rule)


def _lacks_type_untold(injection: Injection) -> None:
    def denied(call: Call) -> BaseException | None:
        return client_error("UnauthorizedOperation", _LISTING, status=403) if call.operation == _LISTING else None

    injection.before(denied)
    _at_first_launch(injection, lambda zone: injection.set(injection.aws.world, "lacking_types", {zone: ["*"]}))


def _lacks_capacity(injection: Injection) -> None:
    _at_first_launch(injection, lambda zone: injection.set(injection.aws.world, "full_zones", [zone]))


def _at_first_launch(injection: Injection, strike: Callable[[str], object]) -> None:
    """Strike the zone in which the stack launches first."""
    struck, subnets = injection.name, _subnets(injection)
    waiting = [True]

    def rule(call: Call) -> None:
        if not waiting or call.operation != "RunInstances":
            return
        subnet = call.parameters["NetworkInterfaces"][0].get("SubnetId", "")
        if subnet in subnets:
            waiting.clear()
            strike(_zone_of(injection, subnet))
            struck()

    injection.before(rule)


def _subnets(injection: Injection) -> list[str]:
    resources = injection.aws.stack.resources.values()
    return [one.made.id for one in resources if one.type == "AWS::EC2::Subnet"]


def _zone_of(injection: Injection, subnet: str) -> str:
    """Of moto's own data: no API is called within another's call."""
    from moto.ec2.models import ec2_backends

    zones = ec2_backends[injection.aws.account][injection.aws.region].subnets.values()
    return next(str(zone[subnet].availability_zone) for zone in zones if subnet in zone)
