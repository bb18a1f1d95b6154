"""One pool of threads in all functions, and no client is made in it (tests/conftest.py watches every test for that)."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from botocore.session import get_session

from golden_ami import parallel
from golden_ami.parallel import side_by_side

FUNCTIONS = Path(__file__).parents[2] / "functions"
_MAKERS = {"ThreadPoolExecutor", "ProcessPoolExecutor", "Thread", "Timer", "start_new_thread", "Pool"}


def test_threads_are_started_in_one_place_only() -> None:
    for path in FUNCTIONS.rglob("*.py"):
        names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        names |= {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert not names & _MAKERS or path.name == "parallel.py", path


def test_a_client_that_is_made_in_a_pool_is_found() -> None:
    with pytest.raises(AssertionError, match="made in a pool's thread"):
        side_by_side(lambda region: get_session().create_client("sns", region_name=region), ["us-east-1", "eu-west-1"])


def test_after_a_fault_what_is_under_way_ends_and_no_more_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended, closing = set[int](), set[int](), Event()

    class Pool(ThreadPoolExecutor):
        """Tells when it is being shut down."""

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            closing.set()
            super().shutdown(wait=wait)

    def act(number: int) -> None:
        begun.add(number)
        if number == 0:
            raise ZeroDivisionError
        closing.wait(10)
        ended.add(number)

    monkeypatch.setattr(parallel, "ThreadPoolExecutor", Pool)
    with pytest.raises(ZeroDivisionError):
        side_by_side(act, range(50), workers=2)
    assert begun <= {0, 1, 2}, "the two that were begun, and one in the place of that which failed"
    assert ended == begun - {0}
