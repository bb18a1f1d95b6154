"""The calculated events and seconds against what the interpreter counts, in good runs and in the worst ones."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from machines import CALLBACK, Definition, Machine, open_machine, task
from msgspec import to_builtins
from msgspec.structs import replace
from scenarios import definition

from golden_ami.configuration.config import schema
from golden_ami.configuration.waits import budget_problems
from golden_ami.executions import TIME_LIMIT
from golden_ami.models import BATCHES, Waits
from golden_ami.usage.budget import events_without_faults, most_events, most_seconds, waited

MACHINE: Definition = json.loads(definition())
PASS: Definition = {"Type": "Pass", "End": True}
CHOICE: Definition = {
    "Type": "Choice",
    "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "D"}],
    "Default": "D",
}
MAP: Definition = {
    "Type": "Map",
    "ItemsPath": "$.items",
    "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "P", "States": {"P": PASS}},
    "End": True,
}


@pytest.fixture
def machine() -> Iterator[Machine]:
    with open_machine(Machine()) as machine:
        yield machine


@pytest.mark.parametrize(
    "state",
    [PASS, {"Type": "Succeed"}, {"Type": "Fail", "Error": "E"}, CHOICE, {"Type": "Wait", "Seconds": 1, "End": True},
     task(), MAP],
    ids=lambda state: state["Type"],
)  # fmt: skip
@pytest.mark.parametrize("items", [0, 3])
def test_the_events_of_a_state(machine: Machine, state: Definition, items: int) -> None:
    done = {"D": {"Type": "Succeed"}} if state is CHOICE else {}
    arn = machine.start({"S": state, **done}, input={"items": [*range(items)]})
    machine.finish(arn)
    others = 2 + sum(events_without_faults(one, 0) for one in done.values())  # the execution's start and end
    assert len(machine.kinds(arn)) - others == events_without_faults(state, items)


def test_the_events_of_a_callback(machine: Machine) -> None:
    arn = machine.start({"S": task(CALLBACK, TimeoutSeconds=600)})
    machine.clock.sleep(1)
    machine.client.send_task_success(taskToken=machine.tokens[-1], output="{}")
    machine.finish(arn)
    assert len(machine.kinds(arn)) - 2 == events_without_faults(task(CALLBACK), 0)


# ---------------------------------------------------------------- the definition


class Run(Machine):
    """The definition with a function behind each task; every attempt but the last may hang beyond its time-out."""

    def __init__(self, waits: Waits, batches: int, *, hanging: bool) -> None:
        super().__init__()
        self.waits = waits
        self.batches = [f"{number:02}" for number in range(batches)]
        self.hanging = hanging
        self.attempts: dict[str, int] = {}
        self.deadlines: dict[str, float] = {}
        self.launched = self.collected = False

    def invoke(self, _backend: Any, name: str, _qualifier: Any, body: Any, _headers: Any, _answer: Any) -> bytes:
        name = name.rpartition(":")[2]
        event = json.loads(body)
        key = f"{name} {event.get('batch', '')}"
        self.attempts[key] = self.attempts.get(key, -1) + 1
        if self.hanging and self.attempts[key] % 3 < 2 and name != "AwaitCompletion":
            self.clock.sleep(1000)
        return json.dumps(getattr(self, name, dict)()).encode()

    def LoadConfig(self) -> Any:
        assessment = {"nextLookSeconds": min(self.waits.poll_seconds, self.waits.completion_deadline_seconds)}
        waits = to_builtins(self.waits)
        return {"assessable": len(self.batches), "needsInstances": True, "batches": self.batches, "waits": waits,
                "assessment": assessment, "duplicateOf": ""}  # fmt: skip

    def _left(self, name: str, seconds: int) -> float:
        return self.deadlines.setdefault(name, time.time() + seconds) - time.time()

    def PlanWave(self) -> Any:
        batches, following = ([], "FINISH") if self.collected else (self.batches, "BOOT" if self.launched else "LAUNCH")
        return {"next": following, "number": 1, "batches": batches, "items": self._items(batches), "waitSeconds": 30,
                "running": 0, "left": 0}  # fmt: skip

    @staticmethod
    def _items(batches: list[str]) -> list[dict[str, Any]]:
        return [{"batch": batch, "amis": [batch]} for batch in batches]

    def CheckAgents(self) -> Any:
        over = self._left("agents", self.waits.agent_deadline_seconds) <= 0
        return {"proceed": over, "ready": 0, "waiting": 0, "failed": 0}

    def StartRun(self) -> Any:
        return {"left": self._left("scans", self.waits.completion_deadline_seconds)}

    def CheckRun(self) -> Any:
        left = self._left("scans", self.waits.completion_deadline_seconds)
        look = max(1, round(min(self.waits.poll_seconds, left)))
        over = left <= 0
        batches = self.batches if over else []
        return {"over": over, "collect": over, "batches": batches, "items": self._items(batches), "completed": 0,
                "running": 0, "failed": 0, "nextLookSeconds": look}  # fmt: skip

    def LaunchInstances(self) -> Any:
        self.launched = True
        return {"launched": 1, "notLaunched": 0, "reasons": []}

    def TagFindings(self) -> Any:
        self.collected = True
        return {"amis": 1, "findings": 0}

    def Terminate(self) -> Any:
        return {"launched": 0, "terminated": 0, "running": 0}

    def Aggregate(self) -> Any:
        return {"succeeded": True, "cause": "", "error": "", "output": {}}


def most(member: str) -> int:
    return int(schema()["$defs"]["waits"]["properties"][member]["maximum"])


def longest(amis: int) -> Waits:
    """The waits at their maximum, the completion deadline as long as is accepted with so many AMIs."""
    given = {"boot_seconds": most("bootSeconds"), "agent_deadline_seconds": most("agentDeadlineSeconds")}
    given |= {"agent_poll_seconds": most("agentPollSeconds"), "findings_seconds": most("findingsSeconds")}
    waits = Waits(**given, poll_seconds=600, completion_deadline_seconds=most("completionDeadlineSeconds"))
    over = max(0, most_seconds(waits, amis) - TIME_LIMIT)
    return replace(waits, completion_deadline_seconds=waits.completion_deadline_seconds - over)


CASES = [
    (Waits(), 1),
    (Waits(poll_seconds=150, agent_poll_seconds=20), BATCHES),
    (Waits(poll_seconds=100, agent_deadline_seconds=0, agent_poll_seconds=1), 9),
    (longest(1), 1),
    (longest(BATCHES), BATCHES),
]


@pytest.mark.parametrize("hanging", [False, True])
@pytest.mark.parametrize(("waits", "amis"), CASES, ids=["one", "40", "polls", "longest with one", "longest with 40"])
def test_no_run_takes_more_than_is_calculated(waits: Waits, amis: int, hanging: bool) -> None:
    assert budget_problems(waits, amis) == []
    with open_machine(Run(waits, amis, hanging=hanging)) as run:
        answer = run.finish(arn := run.start(MACHINE["States"], limit=MACHINE["TimeoutSeconds"], name="run"))
        assert answer["status"] == "SUCCEEDED"
        lasted = (answer["stopDate"] - answer["startDate"]).total_seconds()
        assert waited(waits) - waits.agent_poll_seconds <= lasted <= most_seconds(waits, amis)
        assert len(run.interpreter.events(arn)) <= most_events(waits, amis)
