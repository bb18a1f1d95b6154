"""Which images an on-demand scan takes, as far as EC2's description tells. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Systems outside the machine-image table of the User Guide ("Supported operating systems"), as vendors name their
# images. EC2 knows no more of a system than its family, so an image that is named otherwise is tried.
_NOT_SCANNED = re.compile(
    r"\bamzn2-|\bamazon linux 2\b|\bcentos\b|\bdebian[- ]?(8|9|10|11)\b|\bubuntu\W+(\w+-)?(1[246]\.04|trusty|xenial)\b",
    re.IGNORECASE,
)


def exclusion(image: Mapping[str, Any], account: str) -> str:
    """Why an image cannot have an on-demand scan; "" when EC2's description does not rule it out.

    Only the owner may start it; macOS and images without EBS snapshots are not scanned (Inspector User Guide, "Running
    on-demand machine image scans"). File systems and LVM show only in the scan itself.
    """
    architecture = image.get("Architecture", "")
    if image.get("OwnerId") != account:
        return f"account {account} does not own the AMI, so it cannot start an on-demand scan"
    if architecture not in ("x86_64", "arm64"):
        return f"on-demand scans do not read {architecture or 'unknown'} images"
    if found := _NOT_SCANNED.search(f"{image.get('Name', '')} {image.get('Description', '')}"):
        return f"its name or description says {found[0].strip()}, which on-demand scans do not support"
    if not any("Ebs" in mapping for mapping in image.get("BlockDeviceMappings", [])):
        return "the AMI has no EBS snapshot that an on-demand scan could read"
    return ""
