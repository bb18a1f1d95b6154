"""Resume: reads Inspector's messages and wakes the executions that await nothing more."""

from __future__ import annotations

from typing import Any

from msgspec import field

from golden_ami.contracts import FunctionAnswer, FunctionEvent
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.probes import without_probes
from golden_ami.scans.callback import resume


class Event(FunctionEvent):
    """SNS's event. One record that cannot be read does not keep the others: each is looked at by itself."""

    sender = "SNS"

    records: Any = field(default=None, name="Records")  # a list; of each, `Sns.Message` is Inspector's message


class Answer(FunctionAnswer):
    """What the messages did."""

    resumed: int  # a count of executions


@lambda_handler(Event)
def handler(event: Event, stack: Stack) -> Answer:
    return Answer(resumed=resume(without_probes(event.records, stack.ledger), *stack))
