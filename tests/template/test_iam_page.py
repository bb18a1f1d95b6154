"""docs/iam.md says what template.yaml says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_permissions_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("generate_iam", DOCS / "generate_iam.py")
    assert spec
    assert spec.loader
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert generator.page() == (DOCS / "iam.md").read_text(), "python docs/generate_iam.py > docs/iam.md"
