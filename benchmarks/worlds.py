"""Accounts to measure in: any number of AMIs, each with any number of findings varied from the sample's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from golden_ami_emulator.world import Image, World

PARAMETER = "ContinuousAssessmentInput"
SAMPLE = Path(__file__).parents[1] / "samples" / "findings.json"
_LINEAGE = 10  # AMIs whose Name is the same
TAGS = {"app-name": "shop", "Name": "golden-web", "Owner": "web", "Environment": "production"}


def ami_ids(count: int) -> list[str]:
    """Ids of AMIs."""
    return [f"ami-{number:017x}" for number in range(1, count + 1)]


def findings(count: int) -> list[Mapping[str, Any]]:
    """So many findings in the shape of ListFindings: the sample's bodies in turn, each another vulnerability."""
    amis = json.loads(SAMPLE.read_text())["amis"].values()
    bodies = [json.dumps(body) for ami in amis for body in ami["findings"] if body["type"] == "PACKAGE_VULNERABILITY"]
    return [_varied(json.loads(body), number) for number, body in enumerate(islice(cycle(bodies), count))]


def _varied(body: dict[str, Any], number: int) -> dict[str, Any]:
    details = body["packageVulnerabilityDetails"]
    name = f"CVE-{2019 + number % 8}-{10000 + number}"
    body["findingArn"] = f"{body['findingArn'].rpartition('/')[0]}/{number:032x}"
    body["title"] = body["title"].replace(details["vulnerabilityId"], name)
    details["vulnerabilityId"] = name
    return body


def world(amis: int, each: int) -> World:
    """An account of so many AMIs with so many findings each."""
    images = [
        Image(ami, f"golden-web-{number:05}", TAGS | {"Name": f"golden-web-{number // _LINEAGE:04}"})
        for number, ami in enumerate(ami_ids(amis))
    ]
    return World(images=images, findings={"*": findings(each)})


def configuration(amis: int, engine: str) -> str:
    """The parameter that asks for them."""
    return json.dumps({"version": 1, "engine": engine, "amis": [{"amiId": ami} for ami in ami_ids(amis)]})
