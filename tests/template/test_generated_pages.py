"""Pages of the documentation that are written from the code say what the code says."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def generator(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"generate_{name}", DOCS / f"generate_{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["codes", "configuration", "parameters"])
def test_a_page_is_up_to_date(name: str) -> None:
    written = (DOCS / f"{name}.md").read_text()
    assert generator(name).page() == written, "make pages"


def test_the_contracts_of_the_functions_are_those_of_their_types() -> None:
    module = generator("contracts")
    assert module.page() == (DOCS / "architecture.md").read_text(), "make pages"
    assert (
        "| launch_instances | the state machine | runId, batch, wave? | launched, notLaunched, reasons |"
        in module.table()
    )


def test_the_table_of_worst_cases_is_that_of_the_definition() -> None:
    assert generator("limits").page() == (DOCS / "state-machine.md").read_text(), "make pages"


def test_the_bills_are_those_of_the_prices() -> None:
    module = generator("bills")
    assert module.page() == (DOCS / "costs.md").read_text(), "make pages"
    for row in module.table().splitlines()[2:]:
        assert row.count("$") == 2 * (1 + len(module.SIZES)), row


@pytest.mark.parametrize("name", ["contracts", "bills"])
def test_a_page_without_the_markers_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    module = generator(name)
    monkeypatch.setattr(module, "PAGE", tmp_path / "page.md")
    module.PAGE.write_text(module.BEGIN)
    with pytest.raises(ValueError, match=r"page\.md lacks"):
        module.page()


def test_the_schema_of_a_report_is_that_of_its_model() -> None:
    written = (DOCS.parent / "functions/golden_ami/schema/report.schema.json").read_text()
    assert generator("report_schema").page() == written, "make pages"


def test_the_shipped_graph_is_that_of_the_definition() -> None:
    written = (DOCS.parent / "functions/golden_ami/usage/states.json").read_text()
    assert generator("states").page() == written, "make pages"


def test_no_part_of_the_schema_is_left_out() -> None:
    module = generator("configuration")
    definitions = json.loads(module.SCHEMA.read_text())["$defs"]
    tables = {name for name, one in definitions.items() if "properties" in one}
    assert tables - set(module.ORDER) == {"pointer", "ami2017"}  # these two are told in words
