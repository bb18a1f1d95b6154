"""A deployed stack, used as a person uses it: it launches instances of the sample AMI, which cost money.

GOLDEN_AMI_LIVE_PARAMETER names another configuration than the sample, GOLDEN_AMI_LIVE_POLL the seconds between looks.

Needs the permissions to read the stack, start executions, read the bucket and describe instances.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest

from golden_ami.models import RUN_TAG, SEVERITIES

pytestmark = pytest.mark.live

POLL = float(os.environ.get("GOLDEN_AMI_LIVE_POLL", "15"))  # seconds of real time
DEADLINE = 4 * 3600
ALIVE = {"pending", "running", "stopping", "stopped"}


def assess(session: Any, outputs: dict[str, str], parameter: str) -> dict[str, Any]:
    """Start an execution and wait for its end; DescribeExecution's answer."""
    client = session.client("stepfunctions")
    given = json.dumps({"AMIsParamName": parameter})
    arn = client.start_execution(stateMachineArn=outputs["StateMachineArn"], input=given)["executionArn"]
    deadline = time.monotonic() + DEADLINE
    while (execution := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline, f"{arn} still runs"
        time.sleep(POLL)
    return dict(execution)


def alive(session: Any, run_id: str) -> list[str]:
    """Instances of a run that are not terminated."""
    filters = [{"Name": f"tag:{RUN_TAG}", "Values": [run_id]}]
    pages = session.client("ec2").get_paginator("describe_instances").paginate(Filters=filters)
    found = [one for page in pages for reservation in page["Reservations"] for one in reservation["Instances"]]
    return [one["InstanceId"] for one in found if one["State"]["Name"] in ALIVE]


def report(session: Any, outputs: dict[str, str], run_id: str) -> dict[str, Any]:
    key = f"runs/{run_id}/report.json"
    body = session.client("s3").get_object(Bucket=outputs["ReportBucket"], Key=key)["Body"].read()
    loaded: dict[str, Any] = json.loads(body)
    return loaded


def test_the_sample_is_assessed_and_nothing_stays(session: Any, outputs: dict[str, str], parameter: str) -> None:
    execution = assess(session, outputs, parameter)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert alive(session, execution["name"]) == []
    written = report(session, outputs, execution["name"])
    for ami in written["amis"]:
        assert ami["verdict"] in ("PASS", "FAIL"), ami.get("reason")
        assert set(ami.get("counts", {})) <= set(SEVERITIES)
    launched = sum(ami["engine"] == "instance" for ami in written["amis"])
    assert written["run"]["instances"] == {"launched": launched, "terminated": launched, "running": 0}


def test_a_parameter_that_does_not_exist_fails_with_its_name(session: Any, outputs: dict[str, str]) -> None:
    name = f"{outputs['ParameterName']}-that-does-not-exist"
    execution = assess(session, outputs, name)
    assert (execution["status"], execution["error"]) == ("FAILED", "InvalidConfiguration")
    assert name in execution["cause"]
    assert alive(session, execution["name"]) == []


def test_an_aborted_execution_leaves_no_instance(session: Any, outputs: dict[str, str], parameter: str) -> None:
    client = session.client("stepfunctions")
    given = json.dumps({"AMIsParamName": parameter})
    arn = client.start_execution(stateMachineArn=outputs["StateMachineArn"], input=given)["executionArn"]
    run_id = arn.rpartition(":")[2]
    deadline = time.monotonic() + 600
    while not alive(session, run_id):
        assert time.monotonic() < deadline, "nothing was launched within ten minutes"
        time.sleep(POLL)
    client.stop_execution(executionArn=arn, error="LiveTest", cause="aborted on purpose")
    deadline = time.monotonic() + 600
    while alive(session, run_id):
        assert time.monotonic() < deadline, "on_execution_end did not terminate within ten minutes"
        time.sleep(POLL)
