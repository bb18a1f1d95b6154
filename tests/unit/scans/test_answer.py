"""The answer to a callback token, and what Step Functions may say to it (botocore: errors of SendTaskSuccess)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from golden_ami.ledger import Resumption
from golden_ami.scans.answer import answer

RESUMPTION = Resumption("run-1", "token-1")


def _answered(code: str = "") -> tuple[bool, list[Resumption]]:
    """Whether the execution was resumed, and what the ledger was told, where Step Functions gives this error."""

    def send(**_: Any) -> None:
        if code:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "SendTaskSuccess")

    noted: list[Resumption] = []
    clients: Any = SimpleNamespace(client=lambda _: SimpleNamespace(send_task_success=send))
    ledger: Any = SimpleNamespace(resumed=noted.append)
    return answer(RESUMPTION, clients, ledger), noted


def test_an_execution_that_waits_is_resumed_once() -> None:
    assert _answered() == (True, [RESUMPTION])


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_one_that_waits_no_longer_is_no_fault(code: str) -> None:
    assert _answered(code) == (False, [RESUMPTION])


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "InvalidOutput"])
def test_any_other_error_is_one(code: str) -> None:
    with pytest.raises(ClientError, match=code):
        _answered(code)
