"""The key with which an account encrypts volumes by default."""

from __future__ import annotations

MANAGED = "alias/aws/ebs"  # AWS's own key, which everybody in the account may use through EC2


def default_key(account: str, region: str) -> str:
    """ARN of the customer managed key that is the account's default for EBS in a Region, or the managed one's alias."""
    from moto.ec2.models import ec2_backends
    from moto.kms.models import kms_backends

    arn = str(ec2_backends[account][region].default_kms_key_id)
    key = kms_backends[account][region].keys.get(arn.rpartition("/")[2])
    return MANAGED if not arn or (key and MANAGED in key.aliases) else arn
