"""The template as each value of Network decides its conditions, for judges that decide none or only by defaults."""

from __future__ import annotations

import json
from pathlib import Path

from cfn_flip import load_yaml
from stack_options import NETWORKS, every_option

from golden_ami_emulator.deployment.template import decided

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


def write(folder: str) -> str:
    """Write one file of each value, with every other option on. Their names, separated by spaces."""
    template = json.loads(json.dumps(load_yaml(TEMPLATE.read_text(encoding="utf-8"))))
    options = every_option("123456789012", "us-east-1", others="eu-west-1,us-east-2")
    zones = {"AvailabilityZones": "us-east-1a,us-east-1b,us-east-1c", "EndpointZones": "all"}
    written = []
    for name, network in NETWORKS.items():
        path = Path(folder) / f"network-{name}.json"
        path.write_text(json.dumps(decided(template, options | zones | network), indent=1), encoding="utf-8")
        written.append(str(path))
    return " ".join(written)
