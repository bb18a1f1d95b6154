"""Deliveries that moto leaves out: SNS to Lambda, EventBridge rules to their targets, schedules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol
from uuid import uuid4

from golden_ami.events import Event
from golden_ami_emulator.clock import Clock
from golden_ami_emulator.event_api import EventApi, note_failed_invocation
from golden_ami_emulator.patching import Patches

_LATENCY = 0.1  # emulated seconds from an event to its targets


class Deliver(Protocol):
    """How Lambda is invoked asynchronously."""

    def __call__(self, arn: str, event: Event) -> None: ...


class Permits(Protocol):
    """Whether a service may use a resource for a source: by the resource's policy, or by the role that it was given.

    All but the service are ARNs; an event that is forwarded to a bus is given as well.
    """

    def __call__(self, service: str, resource: str, source: str, role: str = "", event: str = "") -> bool: ...


class OperatorClients(Protocol):
    """A boto3 client of the operator."""

    def __call__(self, service: str, region: str | None = None) -> Any: ...


class Bus(Patches):
    """The routes between services, while open."""

    def __init__(self, clock: Clock, deliver: Deliver, client: OperatorClients, account: str, region: str) -> None:
        super().__init__()
        self._clock = clock
        self._deliver = deliver
        self._client = client
        self._account = account
        self._region = region
        self._queue_urls: dict[str, str] = {}  # by ARN
        self.permits: Permits | None = None

    def __enter__(self) -> Bus:
        from moto.events.models import Rule
        from moto.sns.models import Subscription

        super().__enter__()
        self.enter_context(EventApi())
        publish = Subscription.publish

        def publish_to(subscription: Any, message: str, message_id: str, **kwargs: Any) -> None:
            if subscription.protocol == "lambda":
                self._notify(subscription, message, message_id, **kwargs)
            elif subscription.protocol != "email":
                publish(subscription, message, message_id, **kwargs)

        self.set(Subscription, "publish", publish_to)
        self.set(Rule, "send_to_targets", lambda rule, event, *_, **__: self._route(rule, event))
        return self

    def publish(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str],
        *,
        account: str | None = None,
        region: str | None = None,
        time: datetime | None = None,
    ) -> None:
        """Put an event of an AWS service on the default bus (PutEvents refuses sources of AWS)."""
        account, region = account or self._account, region or self._region
        event: Event = {
            "version": "0",
            "id": str(uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": account,
            "time": _second(time or datetime.now(UTC)),
            "region": region,
            "resources": list(resources),
            "detail": json.loads(json.dumps(detail)),
        }
        self._take(f"arn:aws:events:{region}:{account}:event-bus/default", event)

    def _take(self, bus: str, event: Event) -> None:
        """Give an event to the rules of a bus, which may be another than the one that it was first put on."""
        from moto.events.models import events_backends

        _, _, _, region, account, name = bus.split(":", 5)
        found = events_backends[account][region].describe_event_bus(name.removeprefix("event-bus/"))
        for rule in list(found.rules.values()):
            self._route(rule, event)

    def fire_schedule(self, name: str, group: str = "default", at: datetime | None = None) -> None:
        """Invoke a schedule's target with its input, as EventBridge Scheduler does when it is due.

        `at` is the scheduled instant, by default now; give the same again for an instant that is delivered twice.
        """
        schedule = self._client("scheduler").get_schedule(Name=name, GroupName=group)
        target = schedule["Target"]
        text = with_context_attributes(target.get("Input", "{}"), schedule["Arn"], at or datetime.now(UTC))
        permitted = self.permits is None or self.permits(
            "scheduler.amazonaws.com", target["Arn"], schedule["Arn"], target["RoleArn"]
        )
        letters = target.get("DeadLetterConfig", {}).get("Arn", "")
        if permitted:
            self._send(target["Arn"], text)
        elif letters and self.permits and self.permits("scheduler.amazonaws.com", letters, "", target["RoleArn"]):
            self._send(letters, text)

    def send(self, arn: str, message: str, attributes: Mapping[str, str]) -> None:
        """A message to a queue or a topic."""
        region = arn.split(":")[3]
        values = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        if ":sqs:" in arn:
            sqs = self._client("sqs", region)
            if arn not in self._queue_urls:
                self._queue_urls[arn] = sqs.get_queue_url(QueueName=arn.split(":")[-1])["QueueUrl"]
            sqs.send_message(QueueUrl=self._queue_urls[arn], MessageBody=message, MessageAttributes=values)
        elif ":sns:" in arn:
            self._client("sns", region).publish(TopicArn=arn, Message=message, MessageAttributes=values)
        else:
            raise NotImplementedError(f"the embedded AWS cannot send to {arn}")

    # ------------------------------------------------------------ rules

    def _route(self, rule: Any, event: Event) -> None:
        pattern = rule.event_pattern.get_pattern()
        if rule.state != "ENABLED" or not pattern:
            return
        event = _as_delivered(event)
        if not rule.event_pattern.matches_event(event):
            return
        for target in list(rule.targets):
            text = _input(target, event)
            arn = target["Arn"]
            letters = target.get("DeadLetterConfig", {}).get("Arn", "")
            dispatch = partial(self._dispatch, rule.arn, target.get("RoleArn", ""), arn, text, letters)
            self._clock.call_later(_LATENCY, dispatch, name=f"event to {arn}")

    def _dispatch(self, rule: str, role: str, arn: str, text: str, letters: str) -> None:
        """To the target, or to the rule's dead-letter queue when the target's policy refuses; nowhere when both do."""
        for target in filter(None, (arn, letters)):
            if self.permits is None or self.permits("events.amazonaws.com", target, rule, role, text):
                self._clock.spawn(self._send, target, text, name=f"event to {target}")
                return
            if target == arn:
                note_failed_invocation(rule)

    def _send(self, arn: str, text: str) -> None:
        service = arn.split(":")[2]
        if service == "lambda":
            self._deliver(arn, json.loads(text))
        elif service == "events":
            self._take(arn, json.loads(text))
        elif service == "states":
            self._client("stepfunctions", arn.split(":")[3]).start_execution(stateMachineArn=arn, input=text)
        else:
            self.send(arn, text, {})

    # ------------------------------------------------------------ topics

    def _notify(
        self,
        subscription: Any,
        message: str,
        message_id: str,
        subject: str | None = None,
        message_attributes: Mapping[str, Any] | None = None,
        message_structure: str | None = None,
        **_: Any,
    ) -> None:
        matcher = subscription._filter_policy_matcher
        if matcher is not None and not matcher.matches(message_attributes, message):
            return
        if message_structure == "json":
            message = subscription._parse_message_structure(message, "lambda")
        attributes = {
            name: {"Type": value["Type"], "Value": str(value["Value"])}
            for name, value in (message_attributes or {}).items()
        }
        notification = {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": subscription.topic.arn,
            "Subject": subject,
            "Message": message,
            "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": "1",
            "Signature": "embedded",
            "SigningCertUrl": "https://sns.amazonaws.com/embedded.pem",
            "UnsubscribeUrl": f"https://sns.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
            "MessageAttributes": attributes,
        }
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription.arn,
            "Sns": notification,
        }
        if self.permits is None or self.permits("sns.amazonaws.com", subscription.endpoint, subscription.topic.arn):
            self._deliver(subscription.endpoint, {"Records": [record]})


def with_context_attributes(text: str, schedule: str, at: datetime) -> str:
    """A target's input as EventBridge Scheduler delivers it: of the schedule with this ARN, for the scheduled instant.

    The keywords are those of its User Guide, "Adding context attributes"; the time is written as there. That a repeated
    delivery has the same time is inferred from "the time you specified for the schedule to invoke its target".
    """
    values = {
        "schedule-arn": schedule,
        "scheduled-time": _second(at),
        "execution-id": uuid4().hex[:16],
        "attempt-number": "1",
    }
    for name, value in values.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def _second(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _as_delivered(event: Event) -> Event:
    """An event as targets see it; moto's own PutEvents writes times as numbers and adds a member."""
    delivered = {key: value for key, value in event.items() if key != "ingestion-time"}
    if isinstance(delivered["time"], int | float):
        delivered["time"] = _second(datetime.fromtimestamp(delivered["time"], UTC))
    return delivered


def _input(target: Mapping[str, Any], event: Event) -> str:
    from moto.events.utils import EventTemplateParser

    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        value: Any = event
        for name in target["InputPath"].removeprefix("$").strip(".").split("."):
            value = value[name] if name else value
        return json.dumps(value)
    transformer = target.get("InputTransformer")
    if transformer:
        paths = transformer.get("InputPathsMap", {})
        stamped: Any = {**event, "ingestion-time": event["time"]}
        parsed = EventTemplateParser.parse(transformer["InputTemplate"], paths, stamped)
        return parsed if isinstance(parsed, str) else json.dumps(parsed)
    return json.dumps(event)
