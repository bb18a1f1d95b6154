"""A linter that knows AWS's schemas: of the template, and of the definition with its tokens substituted."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]


def findings(template: str, *regions: str) -> list[str]:
    found = lint(template, config=ManualArgs(regions=list(regions)))
    return [f"{one.rule.id} {'/'.join(map(str, one.path or []))}: {one.message}" for one in found]


def test_cfn_lint_finds_nothing_in_the_template() -> None:
    assert findings((ROOT / "template.yaml").read_text(), "eu-central-1", "us-gov-west-1", "cn-north-1") == []


def machine(definition: dict[str, Any]) -> str:
    """A template of the state machine alone; cfn-lint's schema of a definition knows the partition aws only."""
    text = json.dumps(definition).replace("${Partition}", "aws")
    text = text.replace("${", "arn:aws:lambda:us-east-1:123456789012:function:").replace("Arn}", "")
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/x", "Definition": json.loads(text)}
    return json.dumps(
        {"Resources": {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}}
    )


def test_cfn_lint_finds_nothing_in_the_definition(definition: dict[str, Any]) -> None:
    assert findings(machine(definition), "us-east-1") == []


def test_cfn_lint_would_see_a_fault_in_the_definition(definition: dict[str, Any]) -> None:
    broken = copy.deepcopy(definition)
    del broken["States"]["Start Run"]["Retry"][0]["ErrorEquals"]
    assert any("E3601" in text for text in findings(machine(broken), "us-east-1"))
