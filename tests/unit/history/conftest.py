"""Recorded histories: see tests/fixtures/history/generate.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from golden_ami.storage.objects import DirectoryStore
from golden_ami_cli.history.model import ExecutionHistory
from golden_ami_cli.history.source import history_of

FIXTURES = Path(__file__).parents[2] / "fixtures/history"


@pytest.fixture
def recorded() -> Callable[[str], dict[str, Any]]:
    """The recording of a scenario: description, definition, events, rows."""

    def read(name: str) -> dict[str, Any]:
        recording: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
        return recording

    return read


@pytest.fixture
def history(recorded: Callable[[str], dict[str, Any]], tmp_path: Path) -> Callable[[str], ExecutionHistory]:
    """The parsed history of a scenario."""

    def parsed(name: str) -> ExecutionHistory:
        it = recorded(name)
        return history_of(it["events"], it["definition"], it["description"], it["rows"], DirectoryStore(tmp_path))

    return parsed
