"""The subnets in which an AMI's instance may be launched, in the order in which they are tried. Pure."""

from __future__ import annotations

import hashlib

from golden_ami.models import Ami, Config, Placement
from golden_ami.places import home, place_of
from golden_ami.settings import Settings


def placement_of(config: Config, ami: Ami) -> Placement:
    """What the configuration says of the AMI's account and region, else of its region."""
    placement = config.placement
    return placement.get(f"{ami.account}/{ami.region}") or placement.get(ami.region) or Placement()


def subnets_of(config: Config, ami: Ami, settings: Settings) -> list[str]:
    """The subnets of the AMI's placement, else at home the stack's; none where EC2 is to choose a default one.

    Each AMI has an order of its own, always the same, so that the AMIs of a run are spread over the subnets.
    """
    placement = placement_of(config, ami)
    named = dict.fromkeys([*placement.subnet_ids, *filter(None, [placement.subnet_id])])
    stacks_own = settings.subnet_ids if place_of(ami, settings) == home(settings) else ()
    return sorted(named or stacks_own, key=lambda subnet: hashlib.sha256(f"{ami.key} {subnet}".encode()).digest())
