"""Who asks, and what the policies of resources say of them: topics, queues, buckets, keys, roles to assume."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from golden_ami_emulator.iam.policy import Context, Decision, Need, Statement, decide


@dataclass(frozen=True)
class Principal:
    """A role's session, or a service of AWS."""

    account: str
    role: str = ""  # ARN
    session: str = ""  # its name
    service: str = ""  # "events.amazonaws.com"

    @property
    def arn(self) -> str:
        """As an error message names it."""
        if self.service:
            return self.service
        partition = self.role.split(":")[1]
        return f"arn:{partition}:sts::{self.account}:assumed-role/{self.role.rsplit('/', 1)[-1]}/{self.session}"

    def context(self, region: str, resource: str) -> dict[str, list[str]]:
        """Global condition keys of every request that it makes; botocore speaks TLS."""
        keys = {"aws:requestedregion": [region], "aws:securetransport": ["true"]}
        owner = (resource.split(":") + [""] * 5)[4]
        if owner:
            keys["aws:resourceaccount"] = [owner]
        if self.role:
            keys |= {"aws:principalarn": [self.role], "aws:principalaccount": [self.account]}
        return keys

    def is_named(self, written: Any) -> bool:
        """Whether a policy's Principal element means it.

        `{"AWS": "*"}` is `"*"` (IAM user guide, "AWS JSON policy elements: Principal").
        """
        names = ["*"] if written == "*" else _listed(written.get("AWS", []))
        if self.service:
            return "*" in names or self.service in _listed(written.get("Service", []))
        partition = self.role.split(":")[1]
        mine = {"*", self.account, f"arn:{partition}:iam::{self.account}:root", self.role}
        return any(name in mine for name in names)


def decided(document: str, principal: Principal, need: Need, *, conditions: bool = True) -> Decision:
    """What a resource's policy says of a principal's need.

    Without `conditions`, for a service that AWS's documents allow none, an Allow that has one does not allow and a Deny
    that has one denies.
    """
    parsed = _parsed(document, conditions)
    return decide([part for written, part in parsed if principal.is_named(written)], need)[0]


@lru_cache(maxsize=256)
def _parsed(document: str, conditions: bool) -> list[tuple[Any, Statement]]:
    """Statements with their principals. A role's trust policy names no resource: it is its own."""
    written = _listed(json.loads(document)["Statement"])
    if any("NotPrincipal" in part for part in written):
        raise ValueError("NotPrincipal is not evaluated here; name the principals")
    if not conditions:
        written = [_without_condition(part) for part in written if part["Effect"] == "Deny" or "Condition" not in part]
    return [(part["Principal"], Statement({"Resource": "*", **part})) for part in written]


def _without_condition(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name != "Condition"}


def resource_policy(arn: str) -> str | None:
    """The policy of a topic, queue, bucket, key or function, as moto holds it; None where it has none."""
    _, partition, service, region, account, name = (arn.split(":", 5) + [""] * 6)[:6]
    found: Any = None
    if service == "sns":
        from moto.sns.models import sns_backends

        found = getattr(sns_backends[account][region].topics.get(arn), "policy", None)
    elif service == "sqs":
        from moto.sqs.models import sqs_backends

        found = getattr(sqs_backends[account][region].queues.get(name), "policy", None)
    elif service == "s3":
        found = _bucket_policy(name.split("/")[0], partition)
    elif service == "kms":
        from moto.kms.models import kms_backends

        found = getattr(kms_backends[account][region].keys.get(name.removeprefix("key/")), "policy", None)
    elif service == "events":
        from moto.events.models import events_backends

        found = events_backends[account][region].describe_event_bus(name.removeprefix("event-bus/")).policy
    elif service == "lambda":
        from moto.awslambda.models import lambda_backends

        policy = lambda_backends[account][region].get_function(name.split(":")[1]).policy
        found = {"Statement": [one for one in policy.statements if one["Resource"] == arn]} if policy else None
    text = found.decode() if isinstance(found, bytes) else found
    return text if isinstance(text, str) or text is None else json.dumps(text)


def _bucket_policy(name: str, partition: str) -> bytes | None:
    from moto.s3.models import s3_backends

    for account in list(s3_backends.values()):
        if bucket := account[partition].buckets.get(name):
            policy: bytes | None = bucket.policy
            return policy
    return None


def with_context(need: Need, context: Context) -> Need:
    """The need with further condition keys."""
    return Need(need.action, need.resource, {**context, **need.context})


def trust_of(role: str) -> str | None:
    """A role's trust policy; None where there is no such role."""
    found = role_named(role)
    return str(found.assume_role_policy_document) if found else None


def role_named(arn: str) -> Any:
    """moto's role of an ARN, or None."""
    from moto.iam.models import iam_backends

    _, partition, _, _, account, _ = arn.split(":", 5)
    roles: Mapping[str, Any] = iam_backends[account][partition].roles
    return next((role for role in roles.values() if role.arn == arn), None)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
