"""The template's parameters and what a user's tools make of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cfn_flip import load_yaml

ROOT = Path(__file__).parents[2]


def hidden_with_default(template: dict[str, Any]) -> list[str]:
    """Parameters at which `sam deploy --guided` does not take Enter: it offers no default for a hidden one.

    It asks until it gets text, and does not save that (SAM CLI 1.170, GuidedContext.prompt_parameters and save_config).
    """
    return [name for name, one in template["Parameters"].items() if one.get("NoEcho") and "Default" in one]


@pytest.mark.parametrize("name", ["template.yaml", "docs/member-role.yaml", "docs/member-events.yaml"])
def test_no_parameter_with_a_default_is_hidden(name: str) -> None:
    assert hidden_with_default(load_yaml((ROOT / name).read_text())) == []


def test_a_hidden_parameter_with_a_default_is_found() -> None:
    assert hidden_with_default({"Parameters": {"Id": {"NoEcho": True, "Default": ""}, "Key": {"NoEcho": True}}}) == [
        "Id"
    ]


def test_every_parameter_has_a_default_a_description_and_one_group(source: dict[str, Any]) -> None:
    groups = source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    named = [name for group in groups for name in group["Parameters"]]
    assert sorted(named) == sorted(source["Parameters"])
    assert [name for name, one in source["Parameters"].items() if not {"Default", "Description"} <= one.keys()] == []


def test_git_ignores_the_answers_of_a_user_and_tracks_the_defaults() -> None:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    assert git("ls-files", "--", "samconfig.*") == "samconfig.yaml"
    assert git("check-ignore", "samconfig.toml") == "samconfig.toml"


def test_the_makefile_looks_for_the_python_of_the_template(source: dict[str, Any]) -> None:
    runtime = re.search(r"^RUNTIME := (.+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert runtime
    assert source["Globals"]["Function"]["Runtime"] == f"python{runtime[1]}"
