"""The scenarios in AWS's own Step Functions Local: `make test-sfn-local` starts it in Docker."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from scenarios import EXPECTED, INPUT, MACHINE, check, mocked_definition

ENDPOINT = os.environ.get("GOLDEN_AMI_SFN_LOCAL", "http://127.0.0.1:8083")
DEADLINE = 120  # seconds of real time that a scenario may take


@pytest.fixture(scope="module")
def client() -> Any:
    config = Config(connect_timeout=1, read_timeout=30, retries={"total_max_attempts": 1})
    session = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name="us-east-1")
    client = session.client("stepfunctions", endpoint_url=ENDPOINT, config=config)
    try:
        client.list_state_machines()
    except BotoCoreError as error:
        pytest.skip(f"Step Functions Local does not answer at {ENDPOINT} ({type(error).__name__}); make test-sfn-local")
    return client


@pytest.fixture(scope="module")
def machine(client: Any) -> Iterator[str]:
    role = "arn:aws:iam::123456789012:role/none"
    arn = client.create_state_machine(name=MACHINE, definition=mocked_definition(), roleArn=role)["stateMachineArn"]
    yield arn
    client.delete_state_machine(stateMachineArn=arn)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_scenario(name: str, client: Any, machine: str) -> None:
    arn = client.start_execution(stateMachineArn=f"{machine}#{name}", input=json.dumps(INPUT))["executionArn"]
    deadline = time.monotonic() + DEADLINE
    while (execution := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline, f"{name} still runs after {DEADLINE} seconds"
        time.sleep(0.5)
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event for page in pages for event in page["events"]]
    failures = [event["executionFailedEventDetails"] for event in events if event["type"] == "ExecutionFailed"]
    check(name, {"status": execution["status"], "error": failures[0]["error"] if failures else None}, events)
