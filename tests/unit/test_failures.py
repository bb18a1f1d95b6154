"""Which cause an AMI's failure has, when its batch ended with an error."""

from __future__ import annotations

import pytest
from report_world import ami

from golden_ami.failures import COLLECT, LAUNCH, failure_of
from golden_ami.models import Failure

TOLD = Failure(step=LAUNCH, error="AccessDenied", cause="why")


@pytest.mark.parametrize(
    ("step", "error", "expected"),
    [
        (LAUNCH, "AccessDenied", TOLD),
        (LAUNCH, "Throttled", TOLD),  # of another AMI of the batch
        (LAUNCH, "Sandbox.Timedout", Failure(step=LAUNCH, error="Sandbox.Timedout")),  # the last attempt told nothing
        (LAUNCH, "", Failure(step=LAUNCH, error="Unknown")),
        (COLLECT, "AccessDenied", Failure(step=COLLECT, error="AccessDenied")),  # an earlier step's was healed
    ],
)
def test_the_cause_is_that_of_the_step_s_last_attempt(step: str, error: str, expected: Failure) -> None:
    assert failure_of(ami("ami-0a", last_fault=TOLD), step, error) == expected
