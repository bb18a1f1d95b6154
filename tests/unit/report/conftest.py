from __future__ import annotations

from pathlib import Path

import pytest
from report_world import World, sample

from golden_ami.report.model import Report


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Report]:
    return sample(tmp_path_factory.mktemp("sample"))
