"""Parameters of the template: every value of Network, and every option on, so that all policies and resources exist."""

from __future__ import annotations

NETWORKS = {
    "own": {"Network": "own"},
    "public": {"Network": "public"},
    "existing": {"Network": "existing", "VpcId": "vpc-0a1b2c3d", "SubnetIds": "subnet-0a1b2c3d,subnet-1b2c3d4e"},
    "none": {"Network": "none"},
}


def every_option(account: str, region: str, *, others: str) -> dict[str, str]:
    """Parameters of a stack in the region; `others` are its AdditionalRegions."""
    return {
        "ScheduleState": "ENABLED",
        "Configuration": '["ami-0a1b2c3d4e5f60001"]',
        "NotificationEmail": "owner@example.com",
        "OwnerTopicArns": f"arn:aws:sns:{region}:{account}:web",
        "AmiKeyArns": f"arn:aws:kms:{region}:{account}:key/11111111-2222-3333-4444-555555555555",
        "CisBenchmark": "true",
        "EnhancedScanning": "true",
        "AdditionalRegions": others,
        "MemberAccountIds": "222222222222,333333333333",
        "MemberRoleName": "GoldenAmiMember",
        "MemberExternalId": "external-id",
        "ClassicEngine": "allowed",
        "EnableInspector": "true",
        "ActOnAmis": "true",
        "PermissionsBoundaryArn": f"arn:aws:iam::{account}:policy/boundary",
        "ObjectLockDays": "30",
    }
