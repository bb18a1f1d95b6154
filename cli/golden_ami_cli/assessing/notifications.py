"""What SNS topics deliver, read as any subscriber would: from a queue that is subscribed to them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from golden_ami_cli.assessing.result import Notification

_QUEUE = "golden-ami-notifications"


class Mailbox:
    """A queue, subscribed to topics, that is emptied once at the end."""

    def __init__(self, sns: Any, sqs: Any, topics: Iterable[str]) -> None:
        self._sqs = sqs
        self._url: str = sqs.create_queue(QueueName=_QUEUE)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]
        for topic in topics:
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])

    def empty(self) -> list[Notification]:
        """Every message that has arrived, in the order of their arrival."""
        notifications = []
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                envelope = json.loads(message["Body"])
                notifications.append(
                    Notification(
                        topic=envelope["TopicArn"].rpartition(":")[2],
                        subject=envelope.get("Subject", ""),
                        bytes=len(envelope["Message"].encode()),
                    )
                )
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return notifications
