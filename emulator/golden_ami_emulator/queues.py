"""Lambda's event source mappings of SQS queues, which moto makes for one message at a time and without a clock.

Facts: Lambda developer guide, "Using Lambda with Amazon SQS": "Creating and configuring an Amazon SQS event source
mapping", "Configuring scaling behavior for SQS event source mappings", "Handling errors for an SQS event source".
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from golden_ami.events import Event
from golden_ami_emulator.clock import Clock
from golden_ami_emulator.iam.policy import Need
from golden_ami_emulator.lambdas import Functions, InvocationResult
from golden_ami_emulator.patching import Patches

_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_COUNTS = [f"approximate_number_of_messages{suffix}" for suffix in ("", "_delayed", "_not_visible")]
_PAYLOAD = 6_291_456  # bytes of an event; that of a batch ends before
_POLLERS = 5  # batches that are processed at the same time at first; more later, which is left out here
_THROTTLED = (
    1.0  # seconds until the first retry of a batch that is throttled; doubled, while the messages are invisible
)
_SLOWEST = 30.0


class May(Protocol):
    """Whether a function's role allows what Lambda does in its name."""

    def __call__(self, function: str, need: Need) -> bool: ...


@dataclass
class _Mapping:
    """A mapping while it exists."""

    source: Any  # moto's
    queue: Any
    find: Callable[[], Any]  # the function that its name means now: an alias may move
    due: set[float] = field(default_factory=set)  # instants at which it looks into the queue
    running: int = 0

    @property
    def pollers(self) -> int:
        return int((self.source.scaling_config or {}).get("MaximumConcurrency", _POLLERS))

    @property
    def window(self) -> int:
        return int(self.source.max_batch_window or 0)


class QueuePollers(Patches):
    """The pollers of one embedded AWS, while open."""

    def __init__(self, clock: Clock, functions: Functions, may: May | None) -> None:
        super().__init__()
        self._clock = clock
        self._functions = functions
        self._may = may
        self._mappings: dict[str, _Mapping] = {}  # by the queue's ARN
        self._lock = threading.RLock()

    def __enter__(self) -> QueuePollers:
        from moto.awslambda.models import LambdaBackend
        from moto.sqs.models import Queue

        super().__enter__()
        self._count_no_messages_for_sending()
        create, delete = LambdaBackend.create_event_source_mapping, LambdaBackend.delete_event_source_mapping
        update, add = LambdaBackend.update_event_source_mapping, Queue.add_message

        def created(backend: Any, spec: dict[str, Any]) -> Any:
            find = partial(backend.get_function, spec["FunctionName"])
            queue = _queue(spec["EventSourceArn"])
            self._check(spec, find(), queue)
            source = create(backend, spec)
            queue.lambda_event_source_mappings.clear()  # moto's own poller
            mapping = self._mappings[queue.queue_arn] = _Mapping(source, queue, find)
            self._look_later(mapping, mapping.window)
            return source

        def updated(backend: Any, uuid: str, spec: dict[str, Any]) -> Any:
            source = update(backend, uuid, spec)
            for mapping in self._mappings.values():
                if mapping.source.uuid == uuid:
                    self._look_later(mapping, mapping.window)
            return source

        def deleted(backend: Any, uuid: str) -> Any:
            self._mappings = {arn: one for arn, one in self._mappings.items() if one.source.uuid != uuid}
            return delete(backend, uuid)

        def added(queue: Any, message: Any) -> None:
            add(queue, message)
            if mapping := self._mappings.get(queue.queue_arn):
                self._look_later(mapping, mapping.window)

        self.set(LambdaBackend, "create_event_source_mapping", created)
        self.set(LambdaBackend, "update_event_source_mapping", updated)
        self.set(LambdaBackend, "delete_event_source_mapping", deleted)
        self.set(Queue, "add_message", added)
        return self

    def _count_no_messages_for_sending(self) -> None:
        """For each message that is sent, moto counts all messages of the queue, to read another of its attributes."""
        from moto.sqs.models import Queue, SQSBackend

        sending = threading.local()
        send = SQSBackend.send_message

        def sent(backend: Any, *args: Any, **kwargs: Any) -> Any:
            sending.now = True
            try:
                return send(backend, *args, **kwargs)
            finally:
                sending.now = False

        def uncounted(count: Callable[[Any], int]) -> property:
            return property(lambda queue: 0 if getattr(sending, "now", False) else count(queue))

        self.set(SQSBackend, "send_message", sent)
        for name in _COUNTS:
            self.set(Queue, name, uncounted(getattr(Queue, name).fget))

    def _check(self, spec: Event, function: Any, queue: Any) -> None:
        """What Lambda checks when a mapping is made."""
        from moto.awslambda.exceptions import InvalidParameterValueException

        visible, timeout = int(queue.visibility_timeout), int(function.timeout)
        if timeout > visible:
            why = f"Queue visibility timeout: {visible} seconds is less than Function timeout: {timeout} seconds"
        elif spec.get("BatchSize", 10) > 10 and not spec.get("MaximumBatchingWindowInSeconds"):
            why = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        elif not self._reads(function, queue):
            why = "The provided execution role does not have permissions to call ReceiveMessage on SQS"
        else:
            return
        raise InvalidParameterValueException(why)

    def _reads(self, function: Any, queue: Any) -> bool:
        needs = [Need(action, queue.queue_arn) for action in _ACTIONS]
        return self._may is None or all(self._may(function.function_name, need) for need in needs)

    # ------------------------------------------------------------ polling

    def _look_later(self, mapping: _Mapping, seconds: float) -> None:
        at = time.time() + seconds
        with self._lock:
            if any(due <= at for due in mapping.due):
                return
            mapping.due.add(at)
        self._clock.call_later(seconds, lambda: self._look(mapping, at), name=f"poll {mapping.queue.name}")

    def _look(self, mapping: _Mapping, at: float) -> None:
        with self._lock:
            mapping.due.discard(at)
            if self._mappings.get(mapping.queue.queue_arn) is not mapping or not mapping.source.enabled:
                return
            while mapping.running < mapping.pollers and (batch := self._received(mapping)):
                mapping.running += 1
                self._clock.spawn(self._process, mapping, batch, name=f"batch of {mapping.queue.name}")

    def _received(self, mapping: _Mapping) -> list[Any]:
        """The next batch, invisible to others from now on; what was received too often goes to the dead letters."""
        queue, size, taken = mapping.queue, 0, list[Any]()
        policy = queue.redrive_policy or {}
        visible = queue.messages
        letters = [one for one in visible if _too_often(one, policy)]
        if letters:
            _remove(queue, letters)
            for letter in letters:
                queue.dead_letter_queue.add_message(letter)
        if not self._reads(mapping.find(), queue):
            return []
        for message in visible:
            if _too_often(message, policy):
                continue
            size += len(message.body.encode()) + 1_000  # attributes and names around it
            if taken and (size > _PAYLOAD or len(taken) == mapping.source.batch_size):
                break
            message.mark_received(visibility_timeout=int(queue.visibility_timeout))
            queue.pending_messages.add(message)
            taken.append(message)
        return taken

    def _process(self, mapping: _Mapping, batch: Sequence[Any]) -> None:
        until = time.time() + int(mapping.queue.visibility_timeout)
        event = json.dumps({"Records": [_record(mapping.queue, message) for message in batch]})
        result, delay = self._functions.attempt(mapping.find(), event), _THROTTLED
        while result is None and time.time() + delay < until:
            self._clock.sleep(delay)
            delay = min(2 * delay, _SLOWEST)
            result = self._functions.attempt(mapping.find(), event)
        done = [] if result is None else _processed(mapping, batch, result)
        with self._lock:
            _remove(mapping.queue, done)
            mapping.running -= 1
        if len(done) < len(batch):
            self._look_later(mapping, until - time.time() + 0.001)
        self._look_later(mapping, 0)


def _processed(mapping: _Mapping, batch: Sequence[Any], result: InvocationResult) -> list[Any]:
    """The messages that Lambda deletes. An answer with an item that is not of the batch fails it as a whole."""
    if result.failed:
        return []
    if "ReportBatchItemFailures" not in (mapping.source.function_response_types or ()):
        return list(batch)
    answer = json.loads(result.payload) or {}
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    failed = {one.get("itemIdentifier") for one in failures or ()}
    return [] if failed - {one.id for one in batch} else [one for one in batch if one.id not in failed]


def _too_often(message: Any, policy: Event) -> bool:
    return bool(policy) and message.approximate_receive_count >= int(policy["maxReceiveCount"])


def _remove(queue: Any, messages: Collection[Any]) -> None:
    gone = {id(message) for message in messages}
    with queue._messages_lock:
        queue._messages = [one for one in queue._messages if id(one) not in gone]
    queue.pending_messages.difference_update(messages)


def _record(queue: Any, message: Any) -> Event:
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(int(message.sent_timestamp)),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(int(message.approximate_first_receive_timestamp)),
        },
        "messageAttributes": {},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": queue.region,
    }


def _queue(arn: str) -> Any:
    from moto.sqs.models import sqs_backends

    _, _, _, region, account, name = arn.split(":")
    return sqs_backends[account][region].get_queue(name)
