"""Writes into docs/security.md which resources each value of the parameter Network makes."""

from __future__ import annotations

import json
from pathlib import Path

from cfn_flip import load_yaml
from marked import with_part

from golden_ami_emulator.deployment.template import Template, decided

PAGE = Path(__file__).with_name("security.md")
TEMPLATE = Path(__file__).parents[1] / "template.yaml"
BEGIN = "<!-- Below: written by docs/generate_network.py from template.yaml -->"
END = "<!-- Above: written by docs/generate_network.py -->"
MOST = {
    "AvailabilityZones": "us-east-1a,us-east-1b,us-east-1c",
    "CisBenchmark": "true",
    "EnhancedScanning": "true",
}
GIVEN = {"existing": {"VpcId": "vpc-0a1b2c3d", "SubnetIds": "subnet-0a1b2c3d"}}


def table() -> str:
    """How many resources of each type, by value; a row of those that are the same with each."""
    template = json.loads(json.dumps(load_yaml(TEMPLATE.read_text(encoding="utf-8"))))
    values = template["Parameters"]["Network"]["AllowedValues"]
    least = {name: _made(template, name, {}) for name in values}
    most = {name: _made(template, name, MOST) for name in values}
    names = {name: kind for made in most.values() for name, kind in made.items()}
    same = {name for name in names if all(name in made for made in least.values())}
    kinds = sorted({kind for name, kind in names.items() if name not in same})
    heads = " | ".join(f"`{name}`" for name in values)
    lines = [f"| Type | Resources | {heads} |", f"| --- | --- |{' ---: |' * len(values)}"]
    for kind in kinds:
        which = [name for name, of in names.items() if of == kind and name not in same]
        cells = [_between(_count(least[one], which), _count(most[one], which)) for one in values]
        lines.append(f"| `{kind}` | {', '.join(which)} | {' | '.join(cells)} |")
    return "\n".join([*lines, f"| all others | | {' | '.join([str(len(same))] * len(values))} |"])


def _made(template: Template, network: str, options: dict[str, str]) -> dict[str, str]:
    """The resources' types by name."""
    made = decided(template, options | GIVEN.get(network, {}) | {"Network": network})["Resources"]
    return {name: resource["Type"] for name, resource in made.items()}


def _count(made: dict[str, str], names: list[str]) -> int:
    return sum(name in made for name in names)


def _between(least: int, most: int) -> str:
    return f"{least}" if least == most else f"{least} to {most}"


def page() -> str:
    """The page with its table. Raises ValueError when it lacks the markers."""
    return with_part(PAGE, BEGIN, END, table())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
