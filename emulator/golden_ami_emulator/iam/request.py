"""An API request as it is authorised, and how the needs of operations are written down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from golden_ami_emulator.iam.policy import Need

Needs = Iterable[Need]
Builder = Callable[["Request"], Needs]


@dataclass(frozen=True)
class Request:
    """An API request as it is authorised: in the account whose credentials sign it."""

    service: str  # as boto3 names it
    operation: str
    parameters: Mapping[str, Any]
    region: str
    account: str
    partition: str = "aws"

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """An ARN in the request's place, unless told otherwise."""
        where = self.region if region is None else region
        return f"arn:{self.partition}:{service}:{where}:{self.account if account is None else account}:{resource}"


def tags_of(kind: str, pairs: Mapping[str, str]) -> dict[str, Sequence[str]]:
    """Condition keys of tags; `kind` is aws:RequestTag or aws:ResourceTag."""
    keys: dict[str, Sequence[str]] = {f"{kind}/{key}".lower(): [value] for key, value in pairs.items()}
    if kind == "aws:RequestTag" and pairs:
        keys["aws:tagkeys"] = list(pairs)
    return keys


def on(action: str, resource: Callable[[Request], str | list[str]] | None = None) -> Builder:
    """A builder of one action on the resources that a function of the request names; on "*" without one."""

    def build(request: Request) -> Iterator[Need]:
        named: str | list[str] = resource(request) if resource else "*"
        for arn in named if isinstance(named, list) else [named]:
            yield Need(action, arn)

    return build


def anywhere(service: str, prefix: str, *operations: str) -> dict[str, Builder]:
    """Operations that take no resource and whose action has their name."""
    return {f"{service}:{operation}": on(f"{prefix}:{operation}") for operation in operations}


def through(
    request: Request,
    service: str,
    key: str,
    actions: Sequence[str],
    context: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[Need]:
    """What a service does with a customer's key in the name of who called it. AWS's own keys need no permission."""
    if key.startswith("alias/aws/"):
        return
    arn = key if key.startswith("arn:") else request.arn("kms", f"key/{key}")
    via = {"kms:viaservice": [f"{service}.{request.region}.amazonaws.com"], **(context or {})}
    for action in actions:
        grant = {"kms:grantisforawsresource": ["true"]} if action == "kms:CreateGrant" else {}
        yield Need(action, arn, {**via, **grant})
