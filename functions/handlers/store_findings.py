"""Store Findings: keeps the findings that Amazon Inspector sends as events, one each, until Tag Findings reads them."""

from __future__ import annotations

from typing import Any

from msgspec import field

from golden_ami.contracts import Contract, FunctionAnswer, FunctionEvent
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.probes import apart, unanswered
from golden_ami.scans.event_findings import store_findings


class Event(FunctionEvent):
    """SQS's event. One record that cannot be read does not keep the others: each is looked at by itself."""

    sender = "SQS"

    records: Any = field(default=None, name="Records")  # a list; of each, `body` is Inspector's event


class Failure(Contract):
    """A message that comes again."""

    item_identifier: str  # the message's id


class Answer(FunctionAnswer):
    """What Lambda asks for (developer guide, "Handling errors for an SQS event source": partial batch responses)."""

    batch_item_failures: list[Failure]


@lambda_handler(Event, "bucket")
def handler(event: Event, stack: Stack) -> Answer:
    records, probes = apart(event.records)
    failed = store_findings(records, stack.settings, stack.clients) + unanswered(probes, stack.ledger)
    return Answer(batch_item_failures=[Failure(item_identifier=one) for one in failed])
