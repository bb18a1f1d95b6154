"""One module spells the keys of objects and rows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from golden_ami.storage import keys

ROOT = Path(__file__).parents[3]
LAYOUT = re.compile(
    r"(^|/)runs/|/?(findings|standings|urgent|history)/$|^config/|^(RUN|AMI|TOKEN|MADE|SENT|AWAIT|SCAN|FINDING|LINEAGE)#"
)


def spelled(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Texts of the code that begin or end as a key does; docstrings are none."""
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in documents else None
        if isinstance(node, ast.Constant) and isinstance(text, str) and LAYOUT.search(text):
            yield node.lineno, text


def test_no_other_module_spells_a_key() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for folder in ("functions", "cli", "emulator")
        for path in (ROOT / folder).rglob("*.py")
        if path != ROOT / "functions" / "golden_ami" / "storage" / "keys.py"
        for line, text in spelled(ast.parse(path.read_text()))
    ]
    assert found == []


def test_a_key_that_is_spelled_elsewhere_is_found() -> None:
    code = 'x = [f"runs/{run}/x", f"AWAIT#{run}", f"s3://{bucket}/runs/{run}", "config/x.json", "runs"]'
    assert sorted(text for _, text in spelled(ast.parse(code))) == ["/runs/", "AWAIT#", "config/x.json", "runs/"]


def test_objects_of_a_run() -> None:
    assert keys.findings_key("run-1", "ami-1") == "runs/run-1/findings/ami-1.ndjson"
    assert keys.standings_key("run-1", "1/eu-west-1/ami-1") == "runs/run-1/standings/1/eu-west-1/ami-1.ndjson"
    assert keys.urgent_key("run-1", "ami-1") == "runs/run-1/urgent/ami-1.ndjson"
    assert keys.report_key("run-1") == "runs/run-1/report.json"
    assert keys.report_key("run-1", "report.html") == "runs/run-1/report.html"
    assert keys.history_prefix("run-1") == "runs/run-1/history/"
    assert keys.event_findings_prefix("s-1") == "scans/s-1/findings/"
    assert keys.event_findings_key("s-1", "0a") == "scans/s-1/findings/0a.ndjson"
    assert keys.configuration_key("/golden/input") == "config/golden/input.json"


def test_rows_of_the_ledger() -> None:
    assert keys.run_row("r") == ("RUN#r", "RUN")
    assert keys.ami_row("r", "b", "ami-1") == ("RUN#r", "AMI#b#ami-1")
    assert keys.callback_row("r") == ("RUN#r", "TOKEN")
    assert keys.made_row("r", "cis") == ("RUN#r", "MADE#cis")
    assert keys.sent_row("r", "results") == ("RUN#r", "SENT#results")
    assert keys.reporting_row("r") == ("RUN#r", "REPORTING")
    assert keys.history_row("r") == ("RUN#r", "HISTORY")
    assert keys.awaited_row("r", "s") == ("AWAIT#r", "s")
    assert keys.waiting_run_row("s", "r") == ("SCAN#s", "RUN#r")
    assert keys.completion_row("s") == ("SCAN#s", "DONE")
    assert keys.run_index_row("2026-04-01", "r") == ("RUNS", "2026-04-01#r")
    assert keys.lineage_partition("1/eu/web") == "LINEAGE#1/eu/web"
    assert keys.register_row("1/eu/web") == ("REGISTER#1/eu/web", "CURRENT")
    assert keys.known_ami_row("1", "eu", "ami-1") == ("AMI#1/eu/ami-1", "KNOWN")
    assert keys.trend_row("/golden", "2026-04-01", "r") == ("TREND#/golden", "2026-04-01#r")
