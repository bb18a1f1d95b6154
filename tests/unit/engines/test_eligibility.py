"""Which images an on-demand scan takes, as far as EC2's description tells."""

from __future__ import annotations

from typing import Any

import pytest

from golden_ami.engines.registry import automatic

ACCOUNT = "123456789012"
IMAGE: dict[str, Any] = {"OwnerId": ACCOUNT, "Architecture": "x86_64", "BlockDeviceMappings": [{"Ebs": {}}]}


@pytest.mark.parametrize(
    ("members", "engine"),
    [
        ({"Name": "golden-web-2"}, "ami"),
        ({"Name": "al2023-ami-2023.5"}, "ami"),
        ({"Description": "Amazon Linux 2023 AMI"}, "ami"),
        ({"Name": "debian-12-amd64"}, "ami"),
        ({"Name": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04"}, "ami"),
        ({"Name": "amzn2-ami-kernel-5.10-hvm-2.0"}, "instance"),
        ({"Description": "Amazon Linux 2 Kernel 5.10"}, "instance"),
        ({"Name": "debian-11-amd64"}, "instance"),
        ({"Name": "CentOS 7"}, "instance"),
        ({"Name": "ubuntu/images/hvm-ssd/ubuntu-xenial-16.04-amd64"}, "instance"),
        ({"OwnerId": "222222222222"}, "instance"),
        ({"Architecture": "x86_64_mac"}, "instance"),
        ({"BlockDeviceMappings": []}, "instance"),
    ],
)
def test_auto_leaves_to_an_instance_what_an_image_scan_does_not_take(members: dict[str, Any], engine: str) -> None:
    chosen, why = automatic(IMAGE | members, ACCOUNT)
    assert (chosen, why.startswith("auto: ")) == (engine, True)
