"""Load Config: reads and checks the configuration, looks the AMIs up, opens the run in the ledger."""

from __future__ import annotations

from typing import Any

from golden_ami.configuration.execution_input import parameter_of, scheduled_of, started_by_of
from golden_ami.configuration.loading import Start, open_run
from golden_ami.contracts import Contract, FunctionAnswer, FunctionEvent, Text
from golden_ami.lambda_handler import Stack, lambda_handler
from golden_ami.models import Waits
from golden_ami.times import iso, now, read


class Event(FunctionEvent):
    """An execution that has started."""

    run_id: Text  # the execution's name
    execution_arn: Text
    started_at: Text  # ISO 8601
    input: Any  # the execution's, any JSON; what is expected of it: `configuration.execution_input`

    def start(self, usual: str = "") -> Start:
        """The run to open. `usual` is the parameter's name that an error suggests. Raises InvalidEvent."""
        started_at = read(self.started_at) or iso(now())
        return Start(
            run_id=self.run_id,
            execution_arn=self.execution_arn,
            started_at=started_at,
            parameter=parameter_of(self.input, usual),
            started_by=started_by_of(self.input),
            scheduled=scheduled_of(self.input),
        )


class FirstLook(Contract):
    """When Inspector is first asked."""

    next_look_seconds: int  # how long Await Completion waits for a completion before


class Answer(FunctionAnswer):
    """The open run, as the definition needs it."""

    assessable: int  # a count of AMIs
    needs_instances: bool
    batches: list[str]  # items of the Map states
    waits: Waits  # the configuration's, with defaults
    assessment: FirstLook  # replaced by Check Run's answer
    duplicate_of: str  # the run that assesses the same scheduled instant, "" usually; then no run was opened


@lambda_handler(Event, "stack", "bucket")
def handler(event: Event, stack: Stack) -> Answer:
    run = open_run(event.start(stack.settings.parameter_name), *stack)
    return Answer(
        assessable=run.assessable,
        needs_instances=run.needs_instances,
        batches=run.batches,
        waits=run.waits,
        assessment=FirstLook(next_look_seconds=run.next_look_seconds),
        duplicate_of=run.duplicate_of,
    )
