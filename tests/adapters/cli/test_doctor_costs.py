"""What the doctor tells of costs: of the network, of Enhanced EC2 Scanning's endpoint, and of instance types."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from golden_ami_cli.account import Account
from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_cli.assessing.inputs import Inputs
from golden_ami_cli.doctor import network_checks, size_checks
from golden_ami_cli.doctor.model import Diagnosis, Patient
from golden_ami_cli.embedded import account_of
from golden_ami_emulator.embedded import Embedded

SAMPLE = Inputs.read(None, None, None)


@pytest.fixture(scope="module")
def opened() -> Iterator[Embedded]:
    with Embedded(SAMPLE.world) as embedded:
        yield embedded


@pytest.fixture
def aws(opened: Embedded) -> Embedded:
    put_configuration(opened, SAMPLE.text)
    return opened


def ask(aws: Embedded, check: Callable[[Patient], Diagnosis], account: Account | None = None) -> Diagnosis:
    return check(Patient(account or account_of(aws), PARAMETER))


def test_what_the_network_costs_is_told(aws: Embedded) -> None:
    told = ask(aws, network_checks.network_cost).cause
    assert told.startswith("Network=own: $21.90 a month, whether anything runs or not (by choice public $0.00")
    assert "inferred" in told


def test_enhanced_scanning_needs_a_way_that_is_paid_for(aws: Embedded) -> None:
    def account(**parameters: str) -> Account:
        return replace(account_of(aws), parameters={**account_of(aws).parameters, **parameters})

    assert "EnhancedScanning=false fits" in ask(aws, network_checks.enhanced_scanning).cause
    idle = ask(aws, network_checks.enhanced_scanning, account(EnhancedScanning="true"))
    assert (idle.status, "EnhancedScanning=false" in idle.remedy) == ("warning", True)
    aws.world.vm_scanner = True
    try:
        closed = ask(aws, network_checks.enhanced_scanning)
        assert (closed.status, closed.remedy) == ("warning", "deploy with EnhancedScanning=true")
        elsewhere = ask(aws, network_checks.enhanced_scanning, account(Network="existing"))
        assert "add the interface endpoint inspector2-telemetry" in elsewhere.remedy
        aws.update({"EnhancedScanning": "true"})
        assert ask(aws, network_checks.enhanced_scanning).status == "ok"
    finally:
        aws.world.vm_scanner = False
        aws.update({"EnhancedScanning": "false"})


def test_types_that_are_dearer_than_needed_are_told(aws: Embedded) -> None:
    told = ask(aws, size_checks.instance_sizes)
    assert told.status == "ok"
    assert "t3a.micro would do for 4 AMIs on t3.small ($0.0094 an hour instead of $0.0208" in told.cause
    assert "t4g.micro would do for 1 AMI on t4g.small" in told.cause
    amis = [{"amiId": "ami-0a1b2c3d4e5f60001", "instanceType": kind} for kind in ("t3a.micro", "x1.16xlarge")]
    for entry in amis:
        put_configuration(aws, json.dumps({"version": 1, "amis": [entry]}))
        assert "none is dearer" in ask(aws, size_checks.instance_sizes).cause


NITRO = {"ProcessorInfo": {"SupportedArchitectures": ["x86_64"]}, "SupportedVirtualizationTypes": ["hvm"],
         "SupportedBootModes": ["legacy-bios", "uefi"], "NetworkInfo": {"EnaSupport": "required"},
         "Hypervisor": "nitro", "MemoryInfo": {"SizeInMiB": 1024}}  # fmt: skip
IMAGE = {"Architecture": "x86_64", "VirtualizationType": "hvm", "EnaSupport": True}


@pytest.mark.parametrize(
    ("image", "kind", "current", "does"),
    [
        ({}, {}, {}, True),
        ({"Architecture": "arm64"}, {}, {}, False),
        ({"VirtualizationType": "paravirtual"}, {}, {}, False),
        ({"BootMode": "uefi"}, {}, {}, True),
        ({"BootMode": "uefi"}, {"SupportedBootModes": ["legacy-bios"]}, {}, False),
        ({"BootMode": "uefi-preferred"}, {"SupportedBootModes": ["legacy-bios"]}, {}, True),
        ({}, {"SupportedBootModes": ["uefi"]}, {}, False),
        ({"EnaSupport": False}, {}, {"NetworkInfo": {"EnaSupport": "unsupported"}}, False),
        ({"EnaSupport": False}, {}, {}, True),
        ({}, {}, {"Hypervisor": "xen"}, False),
        ({}, {"MemoryInfo": {"SizeInMiB": 512}}, {}, False),
    ],
)
def test_what_boots_an_image(image: Any, kind: Any, current: Any, does: bool) -> None:
    assert size_checks.boots(IMAGE | image, NITRO | kind, NITRO | current) == does
