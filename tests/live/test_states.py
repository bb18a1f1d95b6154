"""The cases of the states by AWS's own TestState: every call is mocked, no function is invoked.

Needs `states:TestState` only.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from scenarios import definition
from state_cases import CASES, Case
from state_requests import handled_by, outcome, request, sent
from state_runs import expected

pytestmark = pytest.mark.live


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_state(case: Case, session: Any) -> None:
    answer = session.client("stepfunctions").test_state(**request(case, json.loads(definition())))
    assert outcome(answer) == expected(case)
    assert handled_by(answer) in (None, case.way)
    if case.sent is not None:
        assert sent(answer) == case.sent
