"""A linter that knows AWS's schemas: of the template, and of the definition with its tokens substituted."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from cfn_flip import load_yaml
from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]
from stack_options import NETWORKS

from golden_ami_emulator.deployment.template import decided, translate

ROOT = Path(__file__).parents[2]
REGIONS = ("eu-central-1", "us-gov-west-1", "cn-north-1")
UNKNOWN_ACTION = "W3037"


def findings(template: str, *regions: str) -> list[str]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)  # SAM's translator joins the definition line by line, and cfn-lint goes down for each
    try:
        found = lint(template, config=ManualArgs(regions=list(regions)))
    finally:
        sys.setrecursionlimit(limit)
    return [f"{one.rule.id} {'/'.join(map(str, one.path or []))}: {one.message}" for one in found]


def test_cfn_lint_finds_nothing_in_the_template() -> None:
    assert findings((ROOT / "template.yaml").read_text(), *REGIONS) == []


@pytest.mark.parametrize("network", NETWORKS)
def test_cfn_lint_finds_nothing_with_any_value_of_network(network: str) -> None:
    written = (ROOT / "template.yaml").read_text()
    template: dict[str, Any] = json.loads(json.dumps(load_yaml(written)))
    assert template["Parameters"]["Network"]["AllowedValues"] == list(NETWORKS)
    template["Parameters"]["Network"] |= {"AllowedValues": [network], "Default": network}
    always = "W8003"  # an Equals that has one answer with this value
    assert [one for one in findings(json.dumps(template), "eu-central-1") if not one.startswith(always)] == []


@pytest.mark.parametrize("network", NETWORKS)
def test_cfn_lint_finds_nothing_in_what_a_value_of_network_makes(network: str) -> None:
    """The translated template with its conditions decided: cfn-lint need not follow any."""
    made = decided(translate(ROOT / "template.yaml", {}, "eu-central-1"), NETWORKS[network])
    assert not any(word in json.dumps(made) for word in ("Fn::If", "AWS::NoValue", '"Condition": "'))
    known, unused = operations("inspector2", "ec2"), "W2001"  # a parameter that conditions alone use
    found = findings(json.dumps(made), "eu-central-1")
    assert [one for one in found if unknown(one, known) and not one.startswith(unused)] == []


def operations(*services: str) -> set[str]:
    """Operations of the services in lower case, as botocore's models name them."""
    session = botocore.session.get_session()
    return {name.lower() for service in services for name in session.get_service_model(service).operation_names}


def unknown(finding: str, known: set[str]) -> bool:
    """Whether a finding is a fault, and not an action that is newer than cfn-lint's list of actions."""
    action = finding.partition(": '")[2].partition("'")[0]
    return not finding.startswith(UNKNOWN_ACTION) or action not in known


def test_cfn_lint_finds_nothing_in_the_translated_template() -> None:
    """What CloudFormation gets: resources that AWS's translator makes of the SAM ones are checked, too."""
    known = operations("inspector2", "ec2")
    translated = json.dumps(translate(ROOT / "template.yaml", {}, "eu-central-1"))
    assert [one for one in findings(translated, *REGIONS) if unknown(one, known)] == []


def test_cfn_lint_would_see_a_fault_in_the_translated_template() -> None:
    translated = translate(ROOT / "template.yaml", {}, "eu-central-1")
    translated["Resources"]["LoadConfig"]["Properties"]["Runtime"] = "python3.99"
    [role] = [one for name, one in translated["Resources"].items() if name == "StartRunRole"]
    role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]["Action"] = ["inspector2:NoSuchAction"]
    found = [one for one in findings(json.dumps(translated), "eu-central-1") if unknown(one, operations("inspector2"))]
    assert [one.partition(" ")[0] for one in found if one.startswith(("E3030", UNKNOWN_ACTION))]
    assert any("LoadConfig/Properties/Runtime" in one for one in found)
    assert any("nosuchaction" in one for one in found)


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
