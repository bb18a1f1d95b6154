"""One case for each way out of each state of the definition: what goes in, what the call answers, what must come.

The cases are written by hand: what a state must do is not read from the definition that is tested. They run in the
interpreter of the embedded AWS, in two further interpreters, and by TestState in AWS (see docs/testing.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Data = Mapping[str, Any]

CONTEXT: dict[str, dict[str, Any]] = {
    "Execution": {
        "Id": "arn:aws:states:us-east-1:123456789012:execution:GoldenAmi:run-1",
        "Input": {"AMIsParamName": "ContinuousAssessmentInput"},
        "Name": "run-1",
        "RoleArn": "arn:aws:iam::123456789012:role/none",
        "StartTime": "2026-11-23T06:00:00Z",
    },
    "StateMachine": {"Id": "arn:aws:states:us-east-1:123456789012:stateMachine:GoldenAmi", "Name": "GoldenAmi"},
}
TOKEN = "token"
_RUN_ID, _EXECUTION, _STARTED = (CONTEXT["Execution"][key] for key in ("Name", "Id", "StartTime"))


@dataclass(frozen=True)
class Case:
    """One way out of one state.

    `way` is named as `states.ways_out` names it. `given` is the state's input. `result` is what its call answers, or
    `error` how it fails, for the `retried + 1`th time. `status`, `next` and `output` are TestState's; a state that is
    tried again has no output. `sent` is the event of the function that is invoked.
    """

    state: str
    way: str
    given: Any
    status: str = "SUCCEEDED"
    next: str | None = None
    output: Any = None
    result: Any = None
    error: str | None = None
    cause: str = "why"
    retried: int = 0
    sent: Data | None = None

    def __str__(self) -> str:
        return f"{self.state}, {self.way}" + (f", {self.error} {self.retried + 1}" if self.error else "")


@dataclass(frozen=True)
class _Task:
    """A task: its function's event, the answer, and what the state makes of it."""

    name: str
    given: Any
    sent: Data
    answer: Data
    adds: Data  # what a success adds to the input
    then: str | None
    fault: str  # the state that a fault leads to
    fault_at: str = "error"  # the member of the state that holds the fault; "": none does
    replaces: bool = False  # whether the output has nothing of the input

    def output(self, added: Data) -> Data:
        """The state's output, with what its call added."""
        return added if self.replaces else {**self.given, **added}

    def fault_output(self, fault: Data) -> Data:
        """The output that a fault leaves to the next state."""
        if self.replaces:
            return fault
        return {**self.given, self.fault_at: fault} if self.fault_at else self.given


_CONFIG: dict[str, Any] = {
    "assessable": 2,
    "needsInstances": True,
    "batches": ["ami-0a", "ami-0b"],
    "waits": {"bootSeconds": 1, "agentPollSeconds": 1},
    "assessment": {"nextLookSeconds": 5},
    "duplicateOf": "",
}
_INPUT = CONTEXT["Execution"]["Input"]
_LOADED = {"run": _CONFIG, "launches": [], "findings": []}
_ITEM = {"batch": "ami-0b", "amis": ["ami-0b"]}
_WAVE = {
    "next": "LAUNCH",
    "number": 1,
    "batches": ["ami-0b"],
    "items": [_ITEM],
    "waitSeconds": 0,
    "running": 0,
    "left": 0,
}
_PLANNED = {**_LOADED, "wave": _WAVE}
_AGENTS = {"proceed": True, "ready": 2, "waiting": 0, "failed": 0}
_CHECKED = {
    "over": True,
    "collect": True,
    "batches": ["ami-0a"],
    "items": [{"batch": "ami-0a", "amis": ["ami-0a"]}],
    "completed": 2,
    "running": 0,
    "failed": 0,
    "nextLookSeconds": 5,
}
_OVER = {**_PLANNED, "run": {**_CONFIG, "assessment": _CHECKED}}
_INSTANCES = {"launched": 2, "terminated": 2, "running": 0}
_REPORT = {
    "succeeded": True,
    "error": "",
    "cause": "",
    "output": {
        "runId": "run-1",
        "verdict": "FAIL",
        "amis": {"passed": 1, "failed": 1, "notAssessed": 0},
        "report": "s3://bucket/runs/run-1/report.json",
        "history": "s3://bucket/runs/run-1/history/",
    },
}
_BATCH = {"batch": "ami-0a", "amis": ["ami-0a"]}
_LAUNCH = {**_BATCH, "wave": 1}
_OF_RUN = {"runId": _RUN_ID}
_OF_EXECUTION = {**_OF_RUN, "executionArn": _EXECUTION}

_TASKS = [
    _Task(
        "Load Config",
        [],  # any JSON starts an execution; the function gets it from the context object
        {**_OF_EXECUTION, "startedAt": _STARTED, "input": _INPUT},
        _CONFIG,
        _LOADED,
        "Duplicate?",
        "Loading Failed",
        replaces=True,
    ),
    _Task("Ensure Target Template", _LOADED, _OF_RUN, {}, {}, "Plan Wave", "Terminate All"),
    _Task(
        "Plan Wave",
        _LOADED,
        {**_OF_EXECUTION, "launches": [], "findings": []},
        _WAVE,
        {"wave": _WAVE},
        "What Is Left?",
        "Terminate All",
    ),
    _Task(
        "Launch Batch",
        _LAUNCH,
        {**_OF_RUN, "batch": "ami-0a", "wave": 1},
        {"launched": 0, "notLaunched": 1, "reasons": ["ami-0a: INSUFFICIENT_CAPACITY"]},
        {"launch": {"launched": 0, "notLaunched": 1, "reasons": ["ami-0a: INSUFFICIENT_CAPACITY"]}},
        None,
        "Launch Failed",
    ),
    _Task("Check Agents", _LOADED, _OF_RUN, _AGENTS, {"agents": _AGENTS}, "Agents Ready?", "Terminate All"),
    _Task("Start Run", _LOADED, _OF_RUN, {}, {}, "Await Completion", "Terminate All"),
    _Task("Await Completion", _LOADED, {**_OF_RUN, "taskToken": TOKEN}, {}, {}, "Check Run", "Terminate All"),
    _Task(
        "Check Run",
        _LOADED,
        _OF_RUN,
        _CHECKED,
        {"run": {**_CONFIG, "assessment": _CHECKED}},
        "Over?",
        "Terminate All",
    ),
    _Task(
        "Tag Batch",
        _BATCH,
        {**_OF_RUN, "batch": "ami-0a"},
        {"amis": 1, "findings": 7},
        {"tagging": {"amis": 1, "findings": 7}},
        None,
        "Tagging Failed",
    ),
    _Task(
        "Terminate",
        _OVER,
        {**_OF_EXECUTION, "batches": ["ami-0a"]},
        _INSTANCES,
        {"ended": _INSTANCES},
        "Plan Wave",
        "Plan Wave",
        "",
    ),
    _Task(
        "Terminate All",
        _LOADED,
        _OF_EXECUTION,
        _INSTANCES,
        {"instances": _INSTANCES},
        "Aggregate",
        "Aggregate",
        "terminateError",
    ),
    _Task(
        "Aggregate",
        _LOADED,
        {**_OF_EXECUTION, "startedAt": _STARTED, "input": _INPUT, "state": _LOADED},
        _REPORT,
        {"result": _REPORT},
        "Succeeded?",
        "Report Failed",
        "result",
    ),
]
# The retriers of a task in their order: an error that each takes, and how many times it tries again.
_USUAL = [("Lambda.TooManyRequestsException", 20), ("Throttled", 6), ("Lambda.Unknown", 2)]
_RETRIERS = {
    "Tag Batch": [("FindingsIncomplete", 16), *_USUAL],
    "Terminate": [("LaunchNotListed", 20), *_USUAL],
    "Terminate All": [("LaunchNotListed", 20), *_USUAL],
}


def _task_cases(task: _Task) -> Iterator[Case]:
    callback = task.name == "Await Completion"
    result = {"resumed": True} if callback else {"StatusCode": 200, "Payload": task.answer}
    yield Case(
        task.name,
        "Next" if task.then else "End",
        task.given,
        next=task.then,
        output=task.output(task.adds),
        result=result,
        sent=task.sent,
    )
    last = 1 if callback else 0  # the catcher of everything
    yield _caught(task, last, "ServiceRejected", 0)
    for index, (error, attempts) in enumerate(_RETRIERS.get(task.name, _USUAL)):
        for retried in (0, attempts - 1):
            yield Case(task.name, f"Retry {index}", task.given, "RETRIABLE", error=error, retried=retried)
        yield _caught(task, last, error, attempts)


def _caught(task: _Task, index: int, error: str, retried: int) -> Case:
    output = task.fault_output({"Error": error, "Cause": "why"})
    return Case(
        task.name, f"Catch {index}", task.given, "CAUGHT_ERROR", task.fault, output, error=error, retried=retried
    )


def _choice(state: str, given: Data, way: str, following: str) -> Case:
    return Case(state, way, given, next=following, output=given)


def _choices() -> Iterator[Case]:
    def run(**changed: Any) -> Data:
        return {"run": {**_CONFIG, **changed}}

    yield _choice("Duplicate?", run(), "Choices 0", "Anything To Assess?")
    yield _choice("Duplicate?", run(duplicateOf="run-0"), "Default", "End As Duplicate")
    yield _choice("Anything To Assess?", run(assessable=0), "Choices 0", "Aggregate")
    yield _choice("Anything To Assess?", run(), "Default", "Ensure Target Template")
    for index, (left, following) in enumerate(
        {
            "LAUNCH": "Launch Instances",
            "BOOT": "Wait For Boot",
            "START": "Start Run",
            "AWAIT": "Await Completion",
            "WAIT": "Wait For Room",
        }.items()
    ):
        yield _choice("What Is Left?", {"wave": {**_WAVE, "next": left}}, f"Choices {index}", following)
    yield _choice("What Is Left?", {"wave": {**_WAVE, "next": "FINISH"}}, "Default", "Terminate All")
    yield _choice("Agents Ready?", {"agents": _AGENTS}, "Choices 0", "Start Run")
    yield _choice("Agents Ready?", {"agents": {**_AGENTS, "proceed": False}}, "Default", "Wait For Agents")
    yield _choice("Over?", run(assessment={**_CHECKED, "over": False}), "Choices 0", "Tag Findings")
    yield _choice("Over?", run(assessment={**_CHECKED, "collect": False}), "Default", "Await Completion")
    yield _choice("Succeeded?", {"result": _REPORT}, "Choices 0", "Assessment Complete")
    yield _choice("Succeeded?", {"result": {**_REPORT, "succeeded": False}}, "Default", "Assessment Failed")


def _maps() -> Iterator[Case]:
    for state, given, member, results, following in (
        ("Launch Instances", _PLANNED, "launches", [{**_ITEM, "wave": 1}], "Plan Wave"),
        ("Tag Findings", _OVER, "findings", [_BATCH], "Terminate"),
    ):
        yield Case(state, "Next", given, next=following, output={**given, member: results}, result=results)
        fault = {**given, "error": {"Error": "Broken", "Cause": "why"}}
        yield Case(state, "Catch 0", given, "CAUGHT_ERROR", "Terminate All", fault, error="Broken")


def _others() -> Iterator[Case]:
    fault = {"Error": "ServiceRejected", "Cause": "why"}
    duplicate = {"run": {**_CONFIG, "duplicateOf": "run-0"}}
    yield Case("End As Duplicate", "End", duplicate, output={"duplicateOf": "run-0"})
    yield Case("Loading Failed", "Next", fault, next="Terminate All", output={"error": fault})
    # The poll interval is over and nobody has answered: not a fault, so it leaves nothing in the state.
    yield Case("Await Completion", "Catch 0", _LOADED, "CAUGHT_ERROR", "Check Run", _LOADED, error="States.Timeout")
    for state in ("Wait For Boot", "Wait For Agents"):
        yield Case(state, "Next", _LOADED, next="Check Agents", output=_LOADED)
    room = {**_PLANNED, "wave": {**_WAVE, "next": "WAIT", "waitSeconds": 1}}
    yield Case("Wait For Room", "Next", room, next="Plan Wave", output=room)
    for state, item in (("Launch Failed", _LAUNCH), ("Tagging Failed", _BATCH)):
        given = {**item, "error": fault}
        yield Case(state, "End", given, output={**item, "error": "ServiceRejected"})
    yield Case("Assessment Complete", "End", {**_LOADED, "result": _REPORT}, output=_REPORT["output"])
    told = {"result": {**_REPORT, "succeeded": False, "error": "ServiceRejected"}}
    told["result"]["cause"] = "why"
    yield Case("Assessment Failed", "End", told, "FAILED", error="ServiceRejected")
    yield Case(
        "Report Failed", "End", {"result": {"Error": "AccessDenied", "Cause": "why"}}, "FAILED", error="AccessDenied"
    )


CASES = [*(case for task in _TASKS for case in _task_cases(task)), *_choices(), *_maps(), *_others()]
