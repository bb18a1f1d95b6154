"""Scenarios of the state machine: its tasks' answers are in MockConfigFile.json, what must come of them is here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MOCK_CONFIG = ROOT / "tests" / "sfn_local" / "MockConfigFile.json"
MACHINE = "GoldenAmi"  # its name in MockConfigFile.json
INPUT = {"AMIsParamName": "ContinuousAssessmentInput"}
# What the mock of LostCompletion throws. The States Language keeps names that begin with "States." for the interpreter
# (https://states-language.net/spec.html#errors), and LocalStack refuses them in a mock; so the scenarios' definition
# catches the time-out under this name too.
NO_COMPLETION = "NoCompletion"

_LOADED = ["Load Config", "Duplicate?"]
_PLAN = ["Plan Wave", "What Is Left?"]
_UNTIL_RUN = [*_LOADED, "Anything To Assess?", "Ensure Target Template", *_PLAN, "Launch Instances"]
_LAUNCH = ["Launch Batch"] * 2
_FAILED = ["Launch Failed"] * 2
_REST = [
    "Wait For Boot",
    "Check Agents",
    "Agents Ready?",
    "Start Run",
    "Await Completion",
    "Check Run",
    "Over?",
    "Tag Findings",
]
_TAG = ["Tag Batch"] * 2
_END = ["Terminate All", "Aggregate"]
_WHOLE = [*_UNTIL_RUN, *_LAUNCH, *_REST, *_TAG, "Terminate", *_END]


@dataclass(frozen=True)
class Expected:
    """How an execution ends, and the states that it enters; `retried` are faults that were tried again."""

    status: str
    error: str | None
    states: list[str]
    retried: int = 0


EXPECTED = {
    "Happy": Expected("SUCCEEDED", None, [*_WHOLE, "Succeeded?", "Assessment Complete"]),
    "Throttled": Expected("SUCCEEDED", None, [*_WHOLE, "Succeeded?", "Assessment Complete"], retried=2),
    "LostCompletion": Expected("SUCCEEDED", None, [*_WHOLE, "Succeeded?", "Assessment Complete"]),
    "AgentNeverReady": Expected(
        "SUCCEEDED",
        None,
        [*_UNTIL_RUN, *_LAUNCH, *_REST, "Terminate", *_END, "Succeeded?", "Assessment Complete"],
    ),
    "Duplicate": Expected("SUCCEEDED", None, [*_LOADED, "End As Duplicate"]),
    "LoadingFails": Expected(
        "FAILED", "ServiceRejected", ["Load Config", "Loading Failed", *_END, "Succeeded?", "Assessment Failed"]
    ),
    "LaunchFails": Expected(
        "FAILED",
        "ServiceRejected",
        [
            *_UNTIL_RUN,
            *_LAUNCH,
            *_FAILED,
            *_REST,
            "Terminate",
            *_END,
            "Succeeded?",
            "Assessment Failed",
        ],
    ),
    "TaggingFails": Expected(
        "FAILED",
        "ServiceRejected",
        [
            *_UNTIL_RUN,
            *_LAUNCH,
            *_REST,
            *_TAG,
            *["Tagging Failed"] * 2,
            "Terminate",
            *_END,
            "Succeeded?",
            "Assessment Failed",
        ],
    ),
    "ReportFails": Expected("FAILED", "AccessDenied", [*_WHOLE, "Report Failed"]),
}


def definition() -> str:
    """The definition with an invented ARN for each of its tokens."""
    text = (ROOT / "statemachine" / "assessment.asl.json").read_text().replace("${Partition}", "aws")
    return re.sub(r"\$\{(\w+)Arn\}", r"arn:aws:lambda:us-east-1:123456789012:function:\1", text)


def of_one_turn(machine: dict[str, Any]) -> dict[str, Any]:
    """A definition that does not go round: a mock answers every visit of a state alike, and the loop would not end."""
    for end in (machine["States"]["Terminate"], *machine["States"]["Terminate"]["Catch"]):
        end["Next"] = "Terminate All"
    machine["States"]["Launch Instances"]["Next"] = "Wait For Boot"
    return machine


def mocked_definition() -> str:
    """The definition for the mock configuration file: the callback's time-out has the name that a mock may throw."""
    machine = of_one_turn(json.loads(definition()))
    catchers = machine["States"]["Await Completion"]["Catch"]
    [catcher] = [each for each in catchers if each["ErrorEquals"] == ["States.Timeout"]]
    catcher["ErrorEquals"].append(NO_COMPLETION)
    return json.dumps(machine)


def mock_config() -> dict[str, Any]:
    """The mock configuration file, as Step Functions Local reads it."""
    loaded: dict[str, Any] = json.loads(MOCK_CONFIG.read_text())
    return loaded


def by_attempt(responses: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A mocked response of the configuration file by attempt: "0-1" stands for two of them."""
    answers: list[dict[str, Any]] = []
    for span, response in responses.items():
        first, _, last = span.partition("-")
        answers += [dict(response)] * (int(last or first) - int(first) + 1)
    return answers


def changes_nothing(state: Mapping[str, Any]) -> bool:
    """Whether it is a Pass state whose output is its input: no test asks for one, and none minds one."""
    return state["Type"] == "Pass" and "Next" in state and state.keys() <= {"Type", "Comment", "Next"}


def entered(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of the states that a history enters and that do something; those inside a Map are in no order."""
    states = json.loads(definition())["States"]
    names = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
    return [name for name in names if name not in states or not changes_nothing(states[name])]


def outside_maps(names: Iterable[str]) -> list[str]:
    """Those of the states that no Map runs."""
    states = json.loads(definition())["States"]
    return [name for name in names if name in states]


def check(name: str, execution: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> None:
    """Hold an execution (DescribeExecution) and its history (GetExecutionHistory) to the scenario."""
    expected, history = EXPECTED[name], list(events)
    assert (execution["status"], execution.get("error")) == (expected.status, expected.error)
    assert sorted(entered(history)) == sorted(expected.states)
    assert outside_maps(entered(history)) == outside_maps(expected.states)
    throttled = [event for event in history if event.get("taskFailedEventDetails", {}).get("error") == "Throttled"]
    assert len(throttled) == expected.retried
