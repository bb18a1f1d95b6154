"""The cases of the states leave out no way of the definition, and say of it what it says."""

from __future__ import annotations

import pytest
from state_cases import CASES, Case
from states import State, all_states, ways_out

STATES = all_states()


def test_every_way_out_of_every_state_has_a_case() -> None:
    ways = {(name, way) for name, state in STATES.items() for way, _ in ways_out(state)}
    assert {(case.state, case.way) for case in CASES} == ways


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_leads_where_the_definition_does(case: Case) -> None:
    assert dict(ways_out(STATES[case.state]))[case.way] == case.next


def handler(state: State, case: Case) -> str:
    """The retrier that takes the case's error, or the catcher once it has been tried as often as it allows."""
    for index, retrier in enumerate(state.get("Retry", ())):
        if case.error in retrier["ErrorEquals"]:
            if case.retried < retrier["MaxAttempts"]:
                return f"Retry {index}"
            break
    for index, catcher in enumerate(state["Catch"]):
        if {case.error, "States.ALL"} & set(catcher["ErrorEquals"]):
            return f"Catch {index}"
    raise AssertionError(f"nothing takes {case.error} in {case.state}")


@pytest.mark.parametrize("case", [case for case in CASES if case.status in ("RETRIABLE", "CAUGHT_ERROR")], ids=str)
def test_a_case_of_a_fault_is_handled_by_what_it_names(case: Case) -> None:
    assert handler(STATES[case.state], case) == case.way


def test_every_retry_has_its_last_attempt_and_the_one_after_it() -> None:
    for name, state in STATES.items():
        for index, retrier in enumerate(state.get("Retry", ())):
            of_retrier = [case for case in CASES if case.state == name and case.error in retrier["ErrorEquals"]]
            last = {case.retried for case in of_retrier if case.way == f"Retry {index}"}
            after = {case.retried for case in of_retrier if case.way.startswith("Catch")}
            assert max(last) == retrier["MaxAttempts"] - 1, name
            assert retrier["MaxAttempts"] in after, name
