"""One account in which everything that needs a permission happens, once for all tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass

import permissions
import places
import pytest

from golden_ami_cli.local.embedded import Embedded
from golden_ami_cli.local.iam.enforcement import Denied, Used


@dataclass(frozen=True)
class Record:
    """What was used, what was refused, and what the deployed roles allow."""

    stack: str
    used: frozenset[Used]
    denied: frozenset[Denied]
    grants: tuple[permissions.Grant, ...]


@pytest.fixture(scope="session")
def record() -> Record:
    with Embedded(permissions.world(), parameters=permissions.PARAMETERS) as aws:
        permissions.exercise(aws)
        grants = tuple(permissions.grants(aws))
        return Record(aws.stack_name, frozenset(aws.iam.used), frozenset(aws.iam.denied), grants)


@pytest.fixture(scope="session")
def far() -> Record:
    """The same over two accounts and two regions: what the member role allows, and what the stack's roles to reach it.

    A grant of the member role is of the "function" member.
    """
    with places.opened(agent_after=400, findings_events_lost=1, scan_seconds=1200) as aws:
        places.exercise(aws)
        iam = aws.client("iam", account=places.MEMBER)
        role = places.PARAMETERS["MemberRoleName"]
        member = [
            grant
            for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]
            for grant in permissions.granted(
                "member", policy, iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            )
        ]
        reaching = [
            grant for grant in permissions.grants(aws) if grant.policy in ("uses-members", "uses-other-regions")
        ]
        return Record(aws.stack_name, frozenset(aws.iam.used), frozenset(aws.iam.denied), (*member, *reaching))
