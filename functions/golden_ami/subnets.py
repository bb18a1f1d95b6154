"""The subnets in which an AMI's instance may be launched, in the order in which they are tried. Pure."""

from __future__ import annotations

import hashlib

from msgspec.structs import replace

from golden_ami.models import Ami, Config, Placement
from golden_ami.places import Place, home, place_of
from golden_ami.settings import Settings


def placement_of(config: Config, ami: Ami | Place) -> Placement:
    """What the configuration says of the account and region, else of the region."""
    placement = config.placement
    return placement.get(f"{ami.account}/{ami.region}") or placement.get(ami.region) or Placement()


def public_address(config: Config, ami: Ami | Place) -> bool:
    """Whether instances in the account and region have a public address."""
    return config.public_address or placement_of(config, ami).public_address


def with_addresses(config: Config, settings: Settings) -> Config:
    """The configuration as the stack runs it: with Network=public, instances in its subnets have a public address."""
    return addressed_at(home(settings), config) if settings.public_address else config


def addressed_at(place: Place, config: Config) -> Config:
    """The configuration with public addresses in the stack's subnets, at its place; not in subnets that it names."""
    placement = placement_of(config, place)
    if placement.subnet_ids or placement.subnet_id:
        return config
    addressed = replace(placement, public_address=True)
    return replace(config, placement={**config.placement, f"{place.account}/{place.region}": addressed})


def subnets_of(config: Config, ami: Ami, settings: Settings) -> list[str]:
    """The subnets of the AMI's placement, else at home the stack's; none where EC2 is to choose a default one.

    Each AMI has an order of its own, always the same, so that the AMIs of a run are spread over the subnets.
    """
    placement = placement_of(config, ami)
    named = dict.fromkeys([*placement.subnet_ids, *filter(None, [placement.subnet_id])])
    stacks_own = settings.subnet_ids if place_of(ami, settings) == home(settings) else ()
    return sorted(named or stacks_own, key=lambda subnet: hashlib.sha256(f"{ami.key} {subnet}".encode()).digest())
