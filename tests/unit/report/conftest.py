from __future__ import annotations

import pytest
from report_world import World, sample

from golden_ami.report.model import Report


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Report]:
    return sample(tmp_path_factory.mktemp("sample"))
