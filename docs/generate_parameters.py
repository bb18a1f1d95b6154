"""Writes docs/parameters.md from the parameters of template.yaml."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfn_flip import load_yaml

TEMPLATE = Path(__file__).parents[1] / "template.yaml"

HEAD = """# Parameters of the stack

<!-- Written by docs/generate_parameters.py from template.yaml; a test holds the two together. -->

`sam deploy --guided` asks for each of them and offers the default, or what you answered last time, and saves your
answers to `samconfig.toml`. [Change a choice](start.md#change-a-choice) has the details. A list is separated by commas,
without spaces.
"""


def values(parameter: dict[str, Any]) -> str:
    """The values that a parameter takes, in words."""
    if "AllowedValues" in parameter:
        return ", ".join(f"`{value}`" for value in parameter["AllowedValues"])
    if parameter["Type"] == "Number":
        return f"{parameter['MinValue']:,} to {parameter['MaxValue']:,}"
    kind = "list" if parameter["Type"] == "CommaDelimitedList" else "text"
    if "MaxLength" in parameter:
        kind += f", at most {parameter['MaxLength']:,} characters"
    if "ConstraintDescription" in parameter:
        return f"{kind}: {parameter['ConstraintDescription']}"
    if "AllowedPattern" in parameter:
        pattern = parameter["AllowedPattern"].replace("|", "\\|")
        return f"{kind} that matches `{pattern}`" if kind == "text" else f"{kind}; matches `{pattern}`"
    return kind


def default(parameter: dict[str, Any]) -> str:
    return f"`{parameter['Default']}`" if parameter["Default"] != "" else "empty"


def rows(names: list[str], parameters: dict[str, Any]) -> Iterator[str]:
    for name in names:
        one = parameters[name]
        yield f"| `{name}` | {values(one)} | {default(one)} | {' '.join(one['Description'].split())} |"


def page() -> str:
    """The page's Markdown."""
    template = load_yaml(TEMPLATE.read_text())
    parts = [HEAD]
    for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
        table = rows(group["Parameters"], template["Parameters"])
        lines = ["| Name | Value | Default | Meaning |", "| --- | --- | --- | --- |", *table, ""]
        parts.append("\n".join([f"## {group['Label']['default']}", "", *lines]))
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
