"""Faults of the execution itself: aborted in each of its states, timed out."""

from __future__ import annotations

from collections.abc import Iterator

from golden_ami.models import Engine
from golden_ami.usage.estimate import good_run
from golden_ami_emulator.faults.fault import ALL, LAUNCHING, InjectableFault, Injection


def faults() -> Iterator[InjectableFault]:
    """One for every state of the definition that a run passes through, and the time-out."""
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
        _timed_out,
        words=("time-out",),
    )
    yield InjectableFault(
        "inspector.agent-slow",
        "the agents answer 100 seconds after the boot wait",
        _slow_agents,
        costs=False,
        engines=LAUNCHING,
    )


def named(state: str) -> str:
    """A state's name in a fault's: "Run Over?" is "run-over"."""
    return state.lower().replace("?", "").replace(" ", "-")


def states() -> tuple[str, ...]:
    """The states that a run without faults enters, those of Maps included, but for its end."""
    *entered, _end = good_run(1, instances=True, agent_polls=1)
    return tuple(entered)


def _engines(state: str) -> frozenset[Engine]:
    return ALL if state in good_run(1, instances=False) else LAUNCHING


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


def _timed_out(injection: Injection) -> None:
    struck = injection.name

    def entered(arn: str, name: str) -> None:
        if name == "Await Completion":
            struck()
            injection.aws.clock.call_later(1, lambda: _end(injection, arn), name="time-out")

    injection.entered(entered)


def _end(injection: Injection, arn: str) -> None:
    """What the interpreter does when the definition's TimeoutSeconds have passed; a day of waiting is left out."""
    interpreter = injection.aws._interpreter
    interpreter.time_out(interpreter.running(arn))


def _slow_agents(injection: Injection) -> None:
    injection.name()
    injection.behave("*", agent_after=340)
