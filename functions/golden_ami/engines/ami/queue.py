"""How many findings wait in their queue."""

from __future__ import annotations

from functools import cached_property

from botocore.exceptions import BotoCoreError, ClientError

from golden_ami.aws.clients import Clients
from golden_ami.logs import logger

_NUMBERS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)


class FindingsQueue:
    """The queue of findings that come as events, asked once."""

    def __init__(self, clients: Clients, url: str) -> None:
        self._sqs = clients.client("sqs")
        self._url = url

    @cached_property
    def has_messages(self) -> bool:
        """Whether findings wait, of whatever scan. A queue that cannot be asked counts as empty."""
        try:
            answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=_NUMBERS)
        except (ClientError, BotoCoreError) as error:
            logger.warning("the queue of findings cannot be asked: %s", error)
            return False
        told = answer.get("Attributes", {})
        return any(int(told.get(name, 0)) for name in _NUMBERS)
