"""What a message at the completion topic means."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami.engines.messages import Ignored, ScanFinding
from golden_ami.models import Completion
from golden_ami.scans.messages import read

ACCOUNT = "111122223333"
ARN = f"arn:aws:inspector2:us-east-1:{ACCOUNT}:finding/ondemand/s-1/cea7c73a3d57d9c142992e845644d317"
RUN = f"arn:aws:inspector:us-east-1:{ACCOUNT}:target/0-x/template/0-y/run/0-44oJJkCM"
CLASSIC: dict[str, Any] = {
    "template": f"arn:aws:inspector:us-east-1:{ACCOUNT}:target/0-x/template/0-y",
    "run": RUN,
    "time": "2018-03-30T12:32:59.685Z",
    "event": "ASSESSMENT_RUN_COMPLETED",
    "target": f"arn:aws:inspector:us-east-1:{ACCOUNT}:target/0-x",
    "findingsCount": "{arn:aws:inspector:us-east-1:316112463485:rulespackage/0-x=3}",
}
INSTANCE: dict[str, Any] = {
    "detail-type": "Inspector2 Scan",
    "source": "aws.inspector2",
    "account": ACCOUNT,
    "time": "2023-01-20T22:52:35Z",
    "region": "us-east-1",
    "resources": ["i-087d63509b8c97098"],
    "detail": {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "finding-severity-counts": {"CRITICAL": 0, "HIGH": 0, "MEDIUM": 0, "TOTAL": 4},
        "instance-id": "i-087d63509b8c97098",
        "version": "1.0",
    },
}
IMAGE: dict[str, Any] = {
    "detail-type": "Inspector2 OnDemand Scan Complete",
    "source": "aws.inspector2",
    "account": ACCOUNT,
    "resources": ["ami-0abcdef1234567890"],
    "detail": {
        "scanId": "9f1c4b8d2e6a4f0b7c3d5e1a8b2f6c4d",
        "resourceId": "ami-0abcdef1234567890",
        "scanStatus": "SUCCESSFUL",
        "completedAt": "2026-06-12T01:30:00.000Z",
        "findingSeverityCounts": {"HIGH": 2, "TOTAL": 8},
    },
}
FINDING: dict[str, Any] = {
    "detail-type": "OnDemand AMI Scan Findings",
    "source": "inspector2.ami.ondemand",
    "account": ACCOUNT,
    "detail": {"scanId": "s-1", "findingArn": ARN, "severity": "HIGH", "title": "CVE-2026-1 - x"},
}
# As the Amazon Inspector User Guide shows it ("Amazon EventBridge event schema"): the detail alone names the account.
DOCUMENTED: dict[str, Any] = {
    "detail-type": "OnDemand AMI Scan Findings",
    "source": "inspector2.ami.ondemand",
    "detail": {
        "findingArn": ARN,
        "scanId": "s-1",
        "awsAccountId": ACCOUNT,
        "type": "PACKAGE_VULNERABILITY",
        "title": "CVE-2023-30861 - flask",
        "severity": "HIGH",
        "status": "ACTIVE",
        "firstObservedAt": "Wed Sep 04 16:50:37.627 UTC 2024",
        "exploitAvailable": "YES",
        "exploitabilityDetails": {"lastKnownExploitAt": "Sat Aug 31 00:04:50.000 UTC 2024"},
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2023-30861",
            "vulnerablePackages": [{"name": "flask", "version": "2.0.0", "fixedInVersion": "2.3.2"}],
        },
    },
}
ALL = [CLASSIC, INSTANCE, IMAGE, FINDING, DOCUMENTED]


def test_classic() -> None:
    assert read(json.dumps(CLASSIC)) == Completion(
        scan=RUN, status="COMPLETED", account=ACCOUNT, at="2018-03-30T12:32:59.685Z"
    )


def test_instance() -> None:
    assert read(json.dumps(INSTANCE)) == Completion(
        scan="i-087d63509b8c97098",
        status="COMPLETED",
        account=ACCOUNT,
        findings_total=4,
        at="2023-01-20T22:52:35Z",
    )


def test_image() -> None:
    assert read(json.dumps(IMAGE)) == Completion(
        scan="9f1c4b8d2e6a4f0b7c3d5e1a8b2f6c4d",
        status="COMPLETED",
        account=ACCOUNT,
        findings_total=8,
        at="2026-06-12T01:30:00Z",
    )
    failed = IMAGE | {"detail": {"scanId": "s", "scanStatus": "FAILED", "scanStatusReason": "UNSUPPORTED_OS"}}
    assert read(json.dumps(failed)) == Completion(scan="s", status="FAILED", account=ACCOUNT)


def test_finding() -> None:
    message = read(json.dumps(FINDING))
    assert isinstance(message, ScanFinding)
    assert (message.scan, message.finding.arn, message.finding.severity) == ("s-1", ARN, "HIGH")
    assert message.finding.source == "EventBridge:OnDemand AMI Scan Findings"


def test_the_documented_finding_has_account_and_dates_in_its_detail() -> None:
    message = read(json.dumps(DOCUMENTED))
    assert isinstance(message, ScanFinding)
    assert message.account == ACCOUNT
    found = message.finding
    assert (found.first_observed_at, found.last_known_exploit_at) == (
        "2024-09-04T16:50:37.627Z",
        "2024-08-31T00:04:50Z",
    )
    assert (found.exploit_available, found.unanswered) == (True, ["knownExploited"])


def test_a_completion_may_have_its_account_in_the_detail() -> None:
    bare = {name: IMAGE[name] for name in ("detail-type", "source")}
    message = read(json.dumps(bare | {"detail": IMAGE["detail"] | {"awsAccountId": ACCOUNT}}))
    assert isinstance(message, Completion)
    assert (message.account, message.findings_total) == (ACCOUNT, 8)


def test_an_account_of_null_is_as_one_that_is_missing() -> None:
    message = read(json.dumps(DOCUMENTED | {"account": None}))
    assert isinstance(message, ScanFinding)
    assert message.account == "111122223333"


def test_the_account_of_the_event_stands_before_that_of_the_detail() -> None:
    message = read(json.dumps(IMAGE | {"detail": IMAGE["detail"] | {"awsAccountId": "999999999999"}}))
    assert isinstance(message, Completion)
    assert message.account == ACCOUNT


@pytest.mark.parametrize(
    "message",
    [
        None,
        "",
        "ENABLE",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        json.dumps(CLASSIC | {"event": "ASSESSMENT_RUN_STARTED"}),
        json.dumps({"template": "t", "event": "ENABLE_ASSESSMENT_NOTIFICATIONS", "target": "t"}),
        json.dumps(CLASSIC | {"run": "arn:aws:s3:::bucket"}),
        json.dumps(CLASSIC | {"run": RUN + "\n"}),
        json.dumps(INSTANCE | {"source": "my.app"}),
        json.dumps(INSTANCE | {"account": None}),
        json.dumps(INSTANCE | {"detail": INSTANCE["detail"] | {"scan-status": "STARTED"}}),
        json.dumps(INSTANCE | {"detail": INSTANCE["detail"] | {"instance-id": "i-1#RUN"}}),
        json.dumps(IMAGE | {"detail": IMAGE["detail"] | {"scanStatus": ["SUCCESSFUL"]}}),
        json.dumps(IMAGE | {"detail": IMAGE["detail"] | {"scanId": "x" * 65}}),
        json.dumps(FINDING | {"detail": FINDING["detail"] | {"findingArn": "x" * 1001}}),
        json.dumps(FINDING | {"detail": FINDING["detail"] | {"findingArn": ARN + "x" * 1001}}),
        json.dumps(FINDING | {"detail": FINDING["detail"] | {"findingArn": ARN.replace("ondemand/s-1/", "")}}),
        json.dumps(FINDING | {"detail": FINDING["detail"] | {"scanId": "s-2"}}),
        json.dumps(FINDING | {"account": "999999999999"}),
        json.dumps(DOCUMENTED | {"detail": DOCUMENTED["detail"] | {"awsAccountId": 111122223333}}),
    ],
)
def test_everything_else_is_ignored_with_a_reason(message: Any) -> None:
    assert isinstance(read(message), Ignored)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(base=st.sampled_from(ALL), data=st.data())
def test_no_mutation_of_a_message_breaks_reading(base: dict[str, Any], data: st.DataObject) -> None:
    body = json.loads(json.dumps(base))
    for holder in (body, body.get("detail", {})):
        for name in list(holder):
            if data.draw(st.integers(0, 5)) == 0:
                holder[name] = data.draw(anything)
            elif data.draw(st.integers(0, 9)) == 0:
                del holder[name]
    message = read(json.dumps(body))
    if isinstance(message, Completion | ScanFinding):
        assert 0 < len(message.scan) < 300
        assert len(message.account) == 12


@given(st.text() | st.binary() | anything)
def test_garbage_is_ignored(message: Any) -> None:
    assert isinstance(read(message), Ignored)


@pytest.mark.parametrize("told", [-1, True, "8", 1.5, 10**12, None])
def test_a_total_that_cannot_be_is_none(told: Any) -> None:
    event = IMAGE | {"detail": IMAGE["detail"] | {"findingSeverityCounts": {"TOTAL": told}}}
    message = read(json.dumps(event))
    assert isinstance(message, Completion)
    assert message.findings_total is None


def test_no_event_says_that_its_finding_was_closed_after_boot() -> None:
    message = read(json.dumps(FINDING | {"detail": FINDING["detail"] | {"status": "CLOSED"}}))
    assert isinstance(message, ScanFinding)
    assert not message.finding.closed
