"""One account in which everything that needs a permission happens, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import permissions
import places
import pytest

from golden_ami_emulator.embedded import Embedded


@dataclass(frozen=True)
class Record:
    """What was used, what was refused, and what the deployed roles allow. Functions are named as their folders."""

    used: frozenset[tuple[str, ...]]
    denied: frozenset[tuple[str, ...]]
    grants: tuple[permissions.Grant, ...]


@pytest.fixture(scope="session")
def record() -> Record:
    with Embedded(permissions.world(), parameters=permissions.PARAMETERS) as aws:
        permissions.exercise(aws)
        grants = tuple(permissions.grants(aws))
        return Record(named(aws, aws.iam.used), named(aws, aws.iam.denied), grants)


def named(aws: Embedded, entries: Iterable[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    """The entries with a function's folder in place of the name that CloudFormation gave it."""

    def short(name: str) -> str:
        function, assumed, role = name.partition(" as ")
        return f"{aws.function_of(function) or function}{assumed}{role}"

    return frozenset((short(name), *rest) for name, *rest in entries)


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
        return Record(named(aws, aws.iam.used), named(aws, aws.iam.denied), (*member, *reaching))
