"""Why a step failed for an AMI, kept on its row: of what ends in a Map the execution's state has the error's name only.

An iteration's Cause may have 32 KiB, forty of them more than a state may hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from golden_ami.characters import printable
from golden_ami.errors import AssessmentError, within
from golden_ami.ledger import Ledger
from golden_ami.logs import logger
from golden_ami.models import Ami, Failure
from golden_ami.parallel import side_by_side

# States whose iterations end by themselves when they fail.
LAUNCH, COLLECT = "Launch Instances", "Tag Findings"
_LONGEST = 2_000  # characters of a cause


@contextmanager
def cause_noted(step: str, amis: Sequence[Ami], ledger: Ledger) -> Iterator[None]:
    """Note a fault on the rows of these AMIs, with its text, before it goes on. It does not close them: a retry comes.

    Plan Wave makes it the AMI's failure when none comes any more.
    """
    try:
        yield
    except AssessmentError as fault:
        noted = Failure(step=step, error=type(fault).__name__, cause=within([printable(str(fault))], _LONGEST))
        try:
            side_by_side(lambda ami: ledger.update_ami(ami, last_fault=noted), amis)
        except Exception as failure:  # noqa: BLE001 -- the fault itself goes on, and its name is told without a row
            logger.warning("a fault was not noted", extra={"step": step, "error": str(failure)})
        raise


def failure_of(ami: Ami, step: str, error: str) -> Failure:
    """The failure of an AMI that a step left undone, from the name of the error with which its batch ended.

    A name with a dot is of Lambda or Step Functions: the function has ended without a word.
    """
    told = ami.last_fault
    own = bool(error) and "." not in error
    return told if told and told.step == step and own else Failure(step=step, error=error or "Unknown")
