"""LocalStack, started once; the tests that use it are skipped where it is not installed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import localstack
import pytest


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[localstack.LocalStack]:
    """LocalStack, as a process."""
    python = os.environ.get(localstack.PYTHON)
    if not python:
        pytest.skip(f"{localstack.PYTHON} names no Python with LocalStack: make test-interpreters")
    with localstack.running(python, tmp_path_factory.mktemp("localstack")) as running:
        yield running
