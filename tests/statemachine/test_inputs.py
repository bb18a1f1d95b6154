"""Whatever JSON an execution is started with, it ends with a cause to act on, a report and one message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.sizes import LIMIT
from golden_ami_emulator.world import World

RIGHT = '{"AMIsParamName": "ContinuousAssessmentInput"}'
LONGEST = LIMIT - len('{"x": ""}')  # of a text in an input that StartExecution takes


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    with Embedded(World([], {})) as opened:
        yield opened


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([], "InvalidEvent"),
        ([{"AMIsParamName": "ContinuousAssessmentInput"}], "InvalidEvent"),
        (7, "InvalidEvent"),
        (1.5e300, "InvalidEvent"),
        ("ContinuousAssessmentInput", "InvalidEvent"),
        (None, "InvalidEvent"),
        (True, "InvalidEvent"),
        ({}, "InvalidEvent"),
        (json.loads("[" * 200 + "]" * 200), "InvalidEvent"),
        ({"error": {"Error": "x"}, "run": {"assessable": 0}}, "InvalidEvent"),
        ({"AMIsParamName": 3}, "InvalidEvent"),
        ({"AMIsParamName": "a b"}, "InvalidEvent"),
        ({"AMIsParamName": "Nope"}, "AccessDenied"),
        ({"AMIsParamName": "ContinuousAssessmentInput"}, "InvalidConfiguration"),
        ({"x": "y" * (LONGEST - 10_000)}, "InvalidEvent"),
        ({"x": "y" * LONGEST}, "States.DataLimitExceeded"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_it_ends_with_a_cause_a_report_and_a_message(aws: Embedded, given: Any, error: str) -> None:
    before = len(aws.notifications())
    ended = aws.run(given)
    aws.clock.sleep(60)
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    run = f"runs/{ended['name']}"
    found = aws.client("s3").list_objects_v2(Bucket=aws.outputs["ReportBucket"], Prefix=run)["Contents"]
    keys = {item["Key"].removeprefix(f"{run}/") for item in found}
    assert {"report.json", "report.html", "report.txt", "history/manifest.json"} <= keys
    sent = [one for one in aws.notifications()[before:] if one.topic.endswith("ResultsTopic")]
    assert [one.subject for one in sent] == [f"Golden AMI assessment could not complete: {error}"]
    remedy = "create it" if error == "InvalidConfiguration" else '{"AMIsParamName": "'
    assert remedy in sent[0].message
    if not error.startswith("States."):
        assert remedy in ended["cause"]


def test_an_input_above_256_kib_is_not_taken(aws: Embedded) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        aws.start({"x": "y" * (LONGEST + 1)})


def test_blanks_around_the_name_do_no_harm(aws: Embedded) -> None:
    aws.put_configuration("ContinuousAssessmentInput", '[{"ami-id": "ami-0a1b2c3d4e5f60001"}]')
    assert aws.run({"AMIsParamName": " ContinuousAssessmentInput "})["status"] == "SUCCEEDED"
    aws.client("ssm").delete_parameter(Name="ContinuousAssessmentInput")
