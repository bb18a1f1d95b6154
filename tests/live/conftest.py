"""Live tests run only when a deployed stack is named: `GOLDEN_AMI_LIVE_STACK=name pytest -m live tests/live`."""

from __future__ import annotations

import os
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError

STACK = "GOLDEN_AMI_LIVE_STACK"


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """The tester's own session; skips unless a stack is named and credentials work."""
    if not os.environ.get(STACK):
        pytest.skip(f"{STACK} names no stack: nothing in AWS is touched unasked")
    session = boto3.Session()
    try:
        if session.region_name is None or session.get_credentials() is None:
            pytest.skip(f"{STACK} is set, but there is no region or there are no credentials")
        session.client("sts").get_caller_identity()
    except BotoCoreError as error:
        pytest.skip(f"AWS does not answer: {error}")
    return session


@pytest.fixture(scope="session")
def outputs(session: boto3.Session) -> dict[str, str]:
    """The outputs of the stack that is named."""
    cloudformation: Any = session.client("cloudformation")
    [stack] = cloudformation.describe_stacks(StackName=os.environ[STACK])["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture(scope="session")
def parameter(outputs: dict[str, str]) -> str:
    """The configuration that is assessed: the stack's sample, unless another is named."""
    return os.environ.get("GOLDEN_AMI_LIVE_PARAMETER") or outputs["SampleParameterName"]
