"""Writes docs/iam.md from template.yaml: who may do what, on what, on which condition."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from cfn_flip import load_yaml

ROOT = Path(__file__).parents[1]

HEAD = """# Permissions

<!-- Written by docs/generate_iam.py from template.yaml; a test holds the two together. -->

Every function has a role of its own. Beside what stands here, each may write to the stack's log group and to X-Ray
(AWS's managed policies `AWSLambdaBasicExecutionRole` and `AWSXrayWriteOnlyAccess`), and functions with a dead-letter
queue may send to it. `${…}` are the template's parameters, resources and AWS's pseudo parameters. Permissions that an
option adds say so.
"""


def text(value: Any) -> str:
    """An intrinsic function as a person reads it."""
    if not isinstance(value, dict):
        return str(value)
    ((name, argument),) = value.items()
    if name == "Ref":
        return f"${{{argument}}}"
    if name == "Fn::GetAtt":
        parts = argument if isinstance(argument, list) else argument.split(".")
        return f"${{{'.'.join(parts)}}}"
    if name == "Fn::Sub":
        return _sub(argument)
    if name == "Fn::If":
        return " or ".join(text(each) for each in argument[1:] if each != {"Ref": "AWS::NoValue"})
    if name == "Fn::Join":
        return text(argument[1])
    if name == "Fn::Split":
        return text(argument[1])
    raise ValueError(f"no words for {name}")


def _sub(argument: Any) -> str:
    if isinstance(argument, str):
        return argument
    pattern, given = argument
    for name, value in given.items():
        pattern = pattern.replace(f"${{{name}}}", text(value))
    return str(pattern)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def conditions(statement: dict[str, Any]) -> str:
    found = [
        f"`{key}` {operator} `{' or '.join(text(each) for each in as_list(value))}`"
        for operator, keys in statement.get("Condition", {}).items()
        for key, value in keys.items()
    ]
    return "<br>".join(found) or "none"


def rows(statements: list[dict[str, Any]], option: str = "") -> Iterator[str]:
    for statement in statements:
        actions = "<br>".join(f"`{action}`" for action in as_list(statement["Action"]))
        resources = "<br>".join(f"`{text(resource)}`" for resource in as_list(statement["Resource"]))
        name = statement["Sid"] + (f"<br>*if {option}*" if option else "")
        yield f"| {name} | {actions} | {resources} | {conditions(statement)} |"


def own(resource: dict[str, Any]) -> list[dict[str, Any]]:
    documents = (one.get("PolicyDocument", one) for one in resource["Properties"].get("Policies", []))
    return [statement for document in documents for statement in document["Statement"]]


def options(resources: dict[str, Any], role: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for resource in resources.values():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::IAM::Policy" and {"Ref": role} in properties["Roles"]:
            yield resource["Condition"], properties["PolicyDocument"]["Statement"]


def page() -> str:
    """The page's Markdown."""
    resources = json.loads(json.dumps(load_yaml((ROOT / "template.yaml").read_text())))["Resources"]
    parts = [HEAD]
    for name, resource in resources.items():
        if resource["Type"] not in ("AWS::Serverless::Function", "AWS::Serverless::StateMachine", "AWS::IAM::Role"):
            continue
        role = name if resource["Type"] == "AWS::IAM::Role" else f"{name}Role"
        lines = [*rows(own(resource))]
        for option, statements in options(resources, role):
            lines += rows(statements, option)
        if lines:
            about = resource["Properties"].get("Description", "")
            table = ["| What for | Actions | On | Condition |", "| --- | --- | --- | --- |", *lines]
            parts.append("\n".join([f"## {name}", "", *([f"{about}.", ""] if about else []), *table, ""]))
    reasons: dict[str, str] = yaml.safe_load((ROOT / "docs" / "iam-unscoped.yaml").read_text())
    parts.append(
        "\n".join(
            [
                "## Actions on every resource",
                "",
                "| Action | Reason |",
                "| --- | --- |",
                *(f"| `{action}` | {reason} |" for action, reason in sorted(reasons.items())),
                "| `inspector:*`, as listed above | Inspector Classic takes no resources; only if AllowsClassic |",
                "",
            ]
        )
    )
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
