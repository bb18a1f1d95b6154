"""The machine's own AWS settings do not reach the embedded AWS, and its calls do not leave the machine."""

from __future__ import annotations

import os
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.isolation import Isolation
from golden_ami_emulator.world import Image, World

SETTINGS = {
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_PROFILE": "of-another-machine",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "required",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}


def test_no_setting_of_the_machine_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\n")
    for name, value in {**SETTINGS, "AWS_CONFIG_FILE": str(config)}.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with Isolation(), mock_aws():
        assert boto3.client("dynamodb", region_name="us-east-1").list_tables()["TableNames"] == []
    assert dict(os.environ) == before


def test_a_call_that_nothing_answers_does_not_leave_the_machine() -> None:
    with Isolation(), mock_aws():
        client = boto3.client("sts", region_name="us-east-1", endpoint_url="https://sts.example.com")
        with pytest.raises(EndpointConnectionError):
            client.get_caller_identity()


def test_a_region_that_aws_does_not_have_cannot_be_reached() -> None:
    with (
        Embedded(World([Image("ami-0a1b2c3d4e5f60001", "golden")], {})) as aws,
        pytest.raises(EndpointConnectionError),
    ):
        aws.client("ec2", "eu-wst-1").describe_images()
