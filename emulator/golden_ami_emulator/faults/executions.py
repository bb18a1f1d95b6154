"""Faults of the execution itself: started twice, aborted in each of its states, timed out, its history full."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Literal

from golden_ami.models import Engine
from golden_ami.usage.estimate import good_run
from golden_ami_emulator.calls import Call
from golden_ami_emulator.events import with_context_attributes
from golden_ami_emulator.faults.fault import ALL, LAUNCHING, InjectableFault, Injection

_LATE = 30  # seconds until EventBridge tells of an end


def faults() -> Iterator[InjectableFault]:
    """A start that is delivered twice, an abort in every state of a run, a time-out, a full history, a redrive."""
    yield InjectableFault(
        "scheduler.fires-twice",
        "the schedule starts the run, and delivers the same instant again once the run has claimed it",
        _fires_twice,
        costs=False,
    )
    for state in states():
        yield InjectableFault(
            f"execution.aborted-in-{named(state)}",
            f"somebody aborts the execution as it enters {state}",
            lambda injection, state=state: _aborted(injection, state),  # type: ignore[misc]
            words=("aborted",),
            engines=_engines(state),
            companions=("inspector.agent-slow",) if state == "Wait For Agents" else (),
        )
    yield InjectableFault(
        "execution.timed-out",
        "the execution reaches its own time-out while it waits for the scan",
        lambda injection: _ended(injection, "time_out"),
        words=("time-out",),
    )
    yield InjectableFault(
        "execution.history-full",
        "the execution reaches the maximum of 25,000 events while it waits for the scan",
        lambda injection: _ended(injection, "fail_full"),
        words=("maximum number of history events",),
    )
    yield InjectableFault(
        "execution.redriven-before-its-end-is-told",
        "somebody aborts the execution as it waits for the scan, and redrives it before EventBridge tells of the abort",
        _redriven_at_once,
        costs=False,
    )
    yield InjectableFault(
        "inspector.agent-slow",
        "the agents answer 100 seconds after the boot wait",
        _slow_agents,
        costs=False,
        engines=LAUNCHING,
    )


def named(state: str) -> str:
    """A state's name in a fault's: "What Is Left?" is "what-is-left"."""
    return state.lower().replace("?", "").replace(" ", "-")


def states() -> tuple[str, ...]:
    """The states that a run without faults enters, those of Maps included, but for its end."""
    *entered, _end = good_run(1, instances=True, agent_polls=1)
    return tuple(entered)


def _engines(state: str) -> frozenset[Engine]:
    return ALL if state in good_run(1, instances=False) else LAUNCHING


def _fires_twice(injection: Injection) -> None:
    """Every run is started as the stack's schedule starts it, each for an instant of its own."""
    struck, aws, numbers = injection.name, injection.aws, count()
    given: dict[str, Any] = {}  # by instant, what the second delivery has still to give

    def start(input: Any, name: str | None = None) -> str:
        schedule = aws.client("scheduler").get_schedule(Name=aws.stack.physical_id("AssessmentSchedule"))
        at = datetime.now(UTC) - timedelta(seconds=next(numbers))
        scheduled = json.loads(with_context_attributes(schedule["Target"]["Input"], schedule["Arn"], at))
        given[scheduled["scheduledTime"]] = scheduled | input
        return str(original(scheduled | input, name))

    def deliver(again: Any) -> None:
        aws.clock.spawn(original, again, name="scheduler")

    def claimed(call: Call) -> None:
        key = call.parameters.get("Item", {}).get("sk", {}).get("S", "")
        if call.operation == "PutItem" and key in given:
            struck()
            again = given.pop(key)
            aws.clock.call_later(1, partial(deliver, again), name="scheduler")

    original = injection.set(aws, "start", start)
    injection.after(claimed)


def _aborted(injection: Injection, state: str) -> None:
    struck = injection.name

    def entered(arn: str, name: str) -> None:
        if name == state:
            struck()
            injection.aws.clock.spawn(
                lambda: injection.aws.client("stepfunctions").stop_execution(
                    executionArn=arn, error="Stopped", cause="aborted by an operator"
                ),
                name="an operator",
            )

    injection.entered(entered)


def _redriven_at_once(injection: Injection) -> None:
    struck, aws, begun = injection.name, injection.aws, set[str]()
    redriven = injection.redriven = aws.clock.event()

    def later(source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
        wait = _LATE if detail["status"] == "ABORTED" else 0
        aws.clock.call_later(wait, partial(publish, source, detail_type, detail, resources), name="EventBridge")

    def operator(arn: str) -> None:
        states = aws.client("stepfunctions")
        aws.clock.sleep(1)
        states.stop_execution(executionArn=arn, error="Stopped", cause="aborted by an operator")
        states.redrive_execution(executionArn=arn)
        redriven.set()

    def entered(arn: str, name: str) -> None:
        if name == "Await Completion" and arn not in begun:
            struck()
            begun.add(arn)
            aws.clock.spawn(operator, arn, name="an operator")

    publish = injection.set(aws._interpreter, "_publish", later)
    injection.entered(entered)


def _ended(injection: Injection, how: Literal["time_out", "fail_full"]) -> None:
    """What the interpreter does at the definition's TimeoutSeconds or at the last event; the day before is left out."""
    struck, interpreter = injection.name, injection.aws._interpreter

    def end(arn: str) -> None:
        getattr(interpreter, how)(interpreter.running(arn))

    def entered(arn: str, name: str) -> None:
        if name == "Await Completion":
            struck()
            injection.aws.clock.call_later(1, partial(end, arn), name=how)

    injection.entered(entered)


def _slow_agents(injection: Injection) -> None:
    injection.name()
    injection.behave("*", agent_after=340)
