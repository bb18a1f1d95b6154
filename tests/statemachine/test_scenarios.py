"""The scenarios of Step Functions Local's mock configuration, on the interpreter of the embedded AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
from interpreter_mocks import mocked
from scenarios import EXPECTED, INPUT, MACHINE, NO_COMPLETION, by_attempt, check, mock_config, of_one_turn, outside_maps
from states import all_states, ways_out

from golden_ami_emulator.embedded import Embedded

STATES = all_states()
# Check Agents and Plan Wave answer this way only once in a mock: the scenario would wait for ever. The states' cases
# have it.
NOT_ENTERED = {"Wait For Agents", "Wait For Room"}


def _by_its_name(response: Mapping[str, Any]) -> dict[str, Any]:
    """The deployed definition knows the time-out by its own name only, and moto takes that from a mock."""
    if response.get("Throw", {}).get("Error") == NO_COMPLETION:
        return {"Throw": {**response["Throw"], "Error": "States.Timeout"}}
    return dict(response)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_scenario(name: str, embedded: Callable[..., Embedded], monkeypatch: pytest.MonkeyPatch) -> None:
    config = mock_config()
    named = config["StateMachines"][MACHINE]["TestCases"][name]
    aws = embedded()
    mocks = {state: by_attempt(config["MockedResponses"][answer]) for state, answer in named.items()}
    mocked(monkeypatch, {state: [*map(_by_its_name, answers)] for state, answers in mocks.items()})
    states, machine = aws.client("stepfunctions"), aws.outputs["StateMachineArn"]
    deployed = json.loads(states.describe_state_machine(stateMachineArn=machine)["definition"])
    states.update_state_machine(stateMachineArn=machine, definition=json.dumps(of_one_turn(deployed)))
    request = {
        "stateMachineArn": machine,
        "input": json.dumps(INPUT),
        "name": name,
    }  # no alias
    execution = aws.wait(states.start_execution(**request)["executionArn"])
    check(name, execution, aws.history(execution["executionArn"]))


def test_every_task_of_every_scenario_is_mocked_and_every_answer_used() -> None:
    config = mock_config()
    tasks = {name for name, state in STATES.items() if state["Type"] == "Task"}
    cases = config["StateMachines"][MACHINE]["TestCases"]
    assert cases.keys() == EXPECTED.keys()
    assert all(set(case) == tasks for case in cases.values())
    assert {answer for case in cases.values() for answer in case.values()} == set(config["MockedResponses"])


def test_a_mocked_answer_has_what_its_state_selects() -> None:
    config = mock_config()
    for case in config["StateMachines"][MACHINE]["TestCases"].values():
        for state, answer in case.items():
            for response in config["MockedResponses"][answer].values():
                selector = json.dumps(STATES[state].get("ResultSelector", {}))
                selected = set(re.findall(r'"\$\.Payload\.(\w+)"', selector))
                assert selected <= set(response.get("Return", {}).get("Payload", selected)), state


def test_the_scenarios_enter_every_state() -> None:
    entered = {state for scenario in EXPECTED.values() for state in scenario.states}
    assert entered == set(STATES) - NOT_ENTERED


@pytest.mark.parametrize("name", EXPECTED)
def test_a_scenario_goes_where_the_definition_does(name: str) -> None:
    """The loop's last turn apart: a scenario has one turn (of_one_turn), and Plan Wave leads on to Terminate All."""
    path = outside_maps(EXPECTED[name].states)
    states = of_one_turn({"States": deepcopy(STATES)})["States"]
    for state, following in pairwise(path):
        assert following in {head for _, head in ways_out(states[state])}, state
    assert ("End", None) in ways_out(states[path[-1]])
