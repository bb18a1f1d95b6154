"""Inspector Classic's side of SNS: the notifications, and whether a topic accepts them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3

from golden_ami_emulator.inspector.classic_model import PACKAGES_ACCOUNT
from golden_ami_emulator.inspector.classic_state import invalid, no_such
from golden_ami_emulator.inspector.errors import Refusal
from golden_ami_emulator.inspector.wire import iso

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.region import InspectorRegion


def publish(region: InspectorRegion, topic: str, message: str) -> None:
    """Publish as Inspector does. Raises ClientError."""
    if region.sns is None:
        # Inspector's own credentials: the caller's must not be credited with its calls. The header names the account.
        session = boto3.session.Session("INSPECTOR00000000000", "inspector")
        region.sns = session.client("sns", region_name=region.name)
        region.sns.meta.events.register("before-sign.sns", partial(_name_account, region.account))
    region.sns.publish(TopicArn=topic, Message=message)


def _name_account(account: str, request: Any, **_: object) -> None:
    request.headers["x-moto-account-id"] = account


def enabled(region: InspectorRegion, template: str, target: str, topic: str) -> Callable[[], None]:
    """The delivery of the message that a new subscription brings; it names no run."""
    message = {"template": template, "time": iso(region.now()), "event": "ENABLE_ASSESSMENT_NOTIFICATIONS"}
    body = json.dumps({**message, "target": target}, separators=(",", ":"))
    return lambda: publish(region, topic, body)


def check_topic(region: InspectorRegion, topic_arn: str) -> None:
    """Refuse a topic that is none, does not exist, or whose policy does not let Inspector publish. Raises Refusal."""
    from moto.sns.models import sns_backends

    parts = topic_arn.split(":")
    if len(parts) != 6 or parts[2] != "sns":
        raise invalid("INVALID_SNS_TOPIC_ARN", f"{topic_arn} is not the ARN of a topic")
    topic = sns_backends[parts[4]][parts[3]].topics.get(topic_arn) if parts[3] == region.name else None
    if topic is None:
        raise no_such("SNS_TOPIC", topic_arn)
    policy = json.loads(topic.policy or "{}")
    if not any(_lets_inspector_publish(statement) for statement in _listed(policy.get("Statement", []))):
        text = f"The policy of {topic_arn} does not allow inspector.{region.name}.amazonaws.com to publish"
        raise Refusal("AccessDeniedException", text, errorCode="ACCESS_DENIED_TO_SNS_TOPIC", canRetry=True)


def _lets_inspector_publish(statement: dict[str, Any]) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    actions = {str(action).lower() for action in _listed(statement.get("Action", []))}
    if not actions & {"sns:publish", "sns:*", "*"}:
        return False
    principal = statement.get("Principal", {})
    if principal == "*":
        return True
    services, accounts = _listed(principal.get("Service", [])), _listed(principal.get("AWS", []))
    return "inspector.amazonaws.com" in services or any(name == "*" or PACKAGES_ACCOUNT in name for name in accounts)


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
