"""One pool of threads in all functions, and no client is made in it (tests/conftest.py watches every test for that)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from botocore.session import get_session

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
