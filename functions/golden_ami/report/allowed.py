"""EC2 Allowed AMIs criteria that admit what passed.

Source of shape: EC2 ReplaceImageCriteriaInAllowedImagesSettings (ImageCriterionRequest). Limits: 10 criteria an
account and region, 50 names a criterion (AWS documentation of Allowed AMIs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from golden_ami.report.model import AmiReport
from golden_ami.report.verdicts import value_of_ami

_NAMES = 50
_CRITERIA = 10


def criteria(amis: Sequence[AmiReport], owners: Mapping[str, str]) -> str:
    """A command for each region that admits its AMIs that passed, and no deprecated one; "" without any.

    One whose findings are only reported has passed nothing. `owners` are the accounts that own the images, by the
    AMI's key: EC2 compares the provider with the owner.
    """
    regions: dict[str, dict[str, list[str]]] = {}
    for ami in amis:
        if value_of_ami(ami) == "PASS" and ami.name:
            regions.setdefault(ami.region, {}).setdefault(owners.get(ami.key) or ami.account, []).append(ami.name)
    return "\n".join(_command(region, accounts) for region, accounts in sorted(regions.items()))


def _command(region: str, accounts: dict[str, list[str]]) -> str:
    found = [
        {
            "ImageProviders": [account],
            "ImageNames": names[at : at + _NAMES],
            "DeprecationTimeCondition": _NOT_DEPRECATED,
        }
        for account, names in sorted(accounts.items())
        for at in range(0, len(names), _NAMES)
    ]
    over = f"  # {len(found) - _CRITERIA} criteria more than EC2 takes: left out" if len(found) > _CRITERIA else ""
    text = msgspec.json.encode(found[:_CRITERIA]).decode().replace("'", "'\\''")
    return (
        f"aws ec2 replace-image-criteria-in-allowed-images-settings --region {region} --image-criteria '{text}'{over}"
    )


_NOT_DEPRECATED = {"MaximumDaysSinceDeprecated": 0}
