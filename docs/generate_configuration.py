"""Writes docs/configuration.md from the schema of the configuration."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from golden_ami.evaluation.verdict import required
from golden_ami.models import Config, Engine, Policy
from golden_ami_cli.configuration.view import fails_on

SCHEMA = Path(__file__).parents[1] / "functions" / "golden_ami" / "schema" / "configuration.schema.json"

HEAD = """# Configuration

<!-- Written by docs/generate_configuration.py from functions/golden_ami/schema; a test holds the two together. -->

The content of the SSM parameter that the state machine's input names:
`{"AMIsParamName": "ContinuousAssessmentInput"}`. JSON in one of three forms:

- the **object form**, below: `{"version": 1, "amis": [{"amiId": "ami-…"}]}`;
- the **array of 2017**: `[{"ami-id": "ami-…", "instanceType": "t3.small", "userData": "…"}]`, with a default for
  everything else, and its names in any of their spellings (`ami-id`, `Ami-Id`, `amiId`, `AmiId`, …);
- a **pointer** to either of the two where it is longer than a parameter holds (4 KB standard, 8 KB advanced):
  `{"document": "s3://<the stack's bucket>/config/<name>.json"}`.

Every error of a configuration is told at once, each with its place, the value and the remedy, before anything is
launched. `golden-ami assess --local --config FILE` tries one without an account, and takes YAML too.
"""
ORDER = ["configuration", "ami", "waits", "policy", "threshold", "exception", "scope", "placement", "act"]
WHERE = {
    "configuration": "The object form",
    "ami": "`amis[]`",
    "waits": "`waits`",
    "policy": "`policy`, `amis[].policy`",
    "threshold": "`policy.failOn`",
    "exception": "`exceptions[]`",
    "scope": "`exceptions[].scope`",
    "placement": "`placement.<region>`",
    "act": "`act`",
}


def resolved(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A node with what it refers to; its own members win."""
    name = node.get("$ref", "").removeprefix("#/$defs/")
    return (definitions[name] | node) if name else node


def kind(node: dict[str, Any], definitions: dict[str, Any]) -> str:
    """The values that a member takes, in words."""
    node = resolved(node, definitions)
    if "const" in node:
        return f"`{json.dumps(node['const'])}`"
    if "enum" in node:
        return " or ".join(f"`{value}`" for value in node["enum"])
    if node.get("type") == "array":
        return f"list of {kind(node['items'], definitions)}"
    if node.get("type") in ("integer", "number"):
        return f"{node['type']}, {node['minimum']:,} to {node['maximum']:,}"
    return {"string": "text", "boolean": "true or false", "object": "object"}[node["type"]]


def default(node: dict[str, Any], *, required: bool, definitions: dict[str, Any]) -> str:
    node = resolved(node, definitions)
    if required:
        return "**required**"
    return f"`{json.dumps(node['default'])}`" if "default" in node else "none"


def rows(definition: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    for name, node in definition["properties"].items():
        about = resolved(node, definitions)
        words = about.get("description", about["title"] + ".")
        example = next(iter(about.get("examples", ())), None)
        if example is not None:
            words += f" Example: `{json.dumps(example, ensure_ascii=False)}`"
        value = default(node, required=name in definition.get("required", ()), definitions=definitions)
        yield f"| `{name}` | {kind(node, definitions)} | {value} | {' '.join(words.split())} |"


ENGINES: tuple[Engine, ...] = ("instance", "ami", "classic")
DEFAULTS = """## Defaults of a policy by engine

What holds where the configuration says nothing. `golden-ami config show` tells it for a configuration, AMI by AMI.
[The report](report.md#evidence) says what each kind of evidence is, [engines](engines.md#what-pass-means) which of it
an engine gives. A policy under which no finding can fail an AMI is refused, unless `reportOnly` says so.

| Engine | `failOn` | `require` |
| --- | --- | --- |
"""


def by_engine() -> Iterator[str]:
    """The rows of what holds by default; with CIS where an engine has the benchmark."""
    for engine in ENGINES:
        needed = required(Policy(), Config(), engine)
        more = [kind for kind in required(Policy(), Config(cis="LEVEL_1"), engine) if kind not in needed]
        kinds = ", ".join(f"`{kind}`" for kind in needed) + "".join(f"; with `{kind}` set, `{kind}`" for kind in more)
        yield f"| `{engine}` | {fails_on(Policy(), engine)} | {kinds} |\n"


def page() -> str:
    """The page's Markdown."""
    definitions: dict[str, Any] = json.loads(SCHEMA.read_text())["$defs"]
    parts = [HEAD]
    for name in ORDER:
        definition = definitions[name]
        lines = [f"## {WHERE[name]}", ""]
        if "description" in definition:
            lines += [definition["description"], ""]
        lines += [
            "| Name | Value | Default | Meaning |",
            "| --- | --- | --- | --- |",
            *rows(definition, definitions),
            "",
        ]
        parts.append("\n".join(lines))
    return "\n".join([*parts, DEFAULTS + "".join(by_engine())])


if __name__ == "__main__":
    sys.stdout.write(page())
