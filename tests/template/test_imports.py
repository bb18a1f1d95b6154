"""A cold start loads what the function needs and nothing else."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
HANDLERS = sorted(path.stem for path in FUNCTIONS.glob("handlers/[!_]*.py"))

# What is loaded later and only by a run that uses it, by what may load it at once.
HEAVY = {
    "jinja2": set(),
    "pydantic": set(),
    "tomllib": set(),
    "aws_xray_sdk": set(),
    "jsonschema": set(),
    "golden_ami.configuration.config": {"load_config"},
    "golden_ami.configuration.catalog": {"load_config"},
    "golden_ami.history": set(),
    "golden_ami.report": {"aggregate"},
    "golden_ami.evaluation": {"aggregate"},
    "golden_ami.vulnerabilities.answer": {"aggregate"},
    "golden_ami.vulnerabilities.known": {"aggregate"},
    "golden_ami.usage.estimate": set(),
    "golden_ami.scans.coordinate": {"check_agents", "check_run", "ensure_target_template", "start_run"},
    "golden_ami.instances.launch": {"launch_instances"},
    "golden_ami.instances.reaping": {"reap"},
    "golden_ami.scans.collect": {"tag_findings"},
    "golden_ami.scans.messages": {"await_completion", "resume", "store_findings"},
    "golden_ami.engines.ami.adapter": set(),
    "golden_ami.engines.ami.coverage": set(),
    "golden_ami.engines.ami.usage": set(),
    "golden_ami.engines.classic.adapter": set(),
    "golden_ami.engines.classic.coverage": set(),
    "golden_ami.engines.classic.usage": set(),
    "golden_ami.engines.instance.adapter": set(),
    "golden_ami.engines.instance.coverage": set(),
    "golden_ami.engines.instance.usage": set(),
}  # fmt: skip
# What is never in the zip.
FOREIGN = {
    "golden_ami_cli", "boto3", "s3transfer", "moto", "samtranslator", "cfnlint", "typer", "rich", "yaml", "pytest",
}  # fmt: skip

_SCRIPT = "import json, sys; import {0}; print(json.dumps(sorted(sys.modules)))"


def modules_loaded_by(names: str) -> set[str]:
    """The modules that an import loads, as in Lambda: with `functions` alone on the path."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(names)],
        capture_output=True,
        check=True,
        cwd=FUNCTIONS,
        env={"PYTHONPATH": str(FUNCTIONS), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return set(json.loads(done.stdout))


@pytest.fixture(scope="module", params=HANDLERS)
def loaded(request: pytest.FixtureRequest) -> tuple[str, set[str]]:
    """A function, and the modules that importing its handler loads."""
    return request.param, modules_loaded_by(f"handlers.{request.param}")


def test_a_handler_loads_only_what_it_needs(loaded: tuple[str, set[str]]) -> None:
    name, modules = loaded
    assert {heavy for heavy in HEAVY if heavy in modules} == {heavy for heavy, users in HEAVY.items() if name in users}
    assert not {name.split(".")[0] for name in modules} & FOREIGN


def test_the_catalogue_of_reasons_loads_the_models_only() -> None:
    subjects = [f"golden_ami.reasons.{path.stem}" for path in FUNCTIONS.glob("golden_ami/reasons/[!_]*.py")]
    own = {name for name in modules_loaded_by(", ".join(subjects)) if name.startswith("golden_ami")}
    assert own == {"golden_ami", "golden_ami.models", "golden_ami.reasons", *subjects}


def test_what_any_function_may_import_is_in_the_zip() -> None:
    requirements = re.findall(r"^([a-z0-9-]+)==", (FUNCTIONS / "requirements.txt").read_text(), flags=re.MULTILINE)
    packed = {name.replace("-", "_") for name in requirements} | {"golden_ami", "handlers", *sys.stdlib_module_names}
    imported = set[str]()
    for path in FUNCTIONS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).split(".")[0])
    assert "botocore" in imported
    assert imported <= packed
