"""Which of an AMI's tags are written on its findings in Security Hub."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from report_world import ami

from golden_ami import times
from golden_ami.engines.instance.security_hub import _untaken, put_tags

ARN = "arn:aws:inspector2:us-east-1:123456789012:finding/1"


def test_a_tag_without_a_value_or_a_key_is_left_out() -> None:
    """UserDefinedFields takes no text that is empty or blank (botocore's model: NonEmptyString, `.*\\S.*`)."""
    asked: list[dict[str, Any]] = []

    def update(**request: Any) -> dict[str, Any]:
        asked.append(request)
        return {"UnprocessedFindings": []}

    hub = SimpleNamespace(batch_update_findings=update)
    until = times.now() + timedelta(minutes=1)
    assert put_tags(
        hub, ami("ami-0a", tags={"Owner": "web", "CostCentre": "", "Team": " ", " ": "x"}), [ARN], until
    ) == ([], [])
    assert [request["UserDefinedFields"] for request in asked] == [{"Owner": "web"}]
    assert put_tags(hub, ami("ami-0a", tags={"CostCentre": ""}), [ARN], until) == ([], [])
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([{"FindingIdentifier": {"Id": "a"}, "ErrorCode": "X"}], {"a": "X"}),
        ([{"FindingIdentifier": {"Id": "a"}}], {"a": "Unknown"}),
        ([{"FindingIdentifier": {"Id": "a"}, "ErrorCode": "X"}, {"ErrorCode": "Y"}], {"a": "X", "b": "Y"}),
        ([{"FindingIdentifier": {"Id": "of another call"}, "ErrorCode": "X"}], {"a": "X", "b": "X"}),
        ([{"FindingIdentifier": {}}], {"a": "Unknown", "b": "Unknown"}),
        ([], {}),
    ],
)
def test_a_row_that_names_none_of_the_findings_may_mean_any(rows: list[dict[str, Any]], codes: dict[str, str]) -> None:
    assert _untaken(["a", "b"], rows) == codes
