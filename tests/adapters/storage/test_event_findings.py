"""Findings that come as events: taken from the queue's records, kept in the bucket, read again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws
from msgspec.structs import replace

from golden_ami.aws.clients import Clients
from golden_ami.errors import ServiceRejected
from golden_ami.ledger import Ledger
from golden_ami.models import Finding, Package
from golden_ami.probes import DETAIL_TYPE, SOURCE, apart, unanswered
from golden_ami.scans.event_findings import store_findings
from golden_ami.settings import Settings
from golden_ami.storage import event_findings
from golden_ami.storage.event_findings import EventFindings

ACCOUNT, MEMBER, REGION, BUCKET = "123456789012", "210987654321", "us-east-1", "reports"
ENVIRONMENT = {"AWS_REGION": REGION, "ACCOUNT_ID": ACCOUNT, "LEDGER_TABLE": "ledger", "REPORT_BUCKET": BUCKET}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        settings = Settings.load({**ENVIRONMENT, "MEMBER_ACCOUNT_IDS": MEMBER}, needed=["bucket"])
        Clients(settings).client("s3").create_bucket(Bucket=BUCKET)
        yield settings


def record(number: int, scan: str = "scan-1", account: str = ACCOUNT, **members: Any) -> dict[str, Any]:
    detail = {
        "scanId": scan,
        "findingArn": f"arn:aws:inspector2:{REGION}:{account}:finding/ondemand/{scan}/{number}",
        "severity": "HIGH",
        "title": f"CVE-2026-{number:04} - openssl",
        **members,
    }
    source, kind = "inspector2.ami.ondemand", "OnDemand AMI Scan Findings"
    event = {"source": source, "detail-type": kind, "account": account, "detail": detail}
    return {"messageId": f"message-{scan}-{number}", "body": json.dumps(event)}


def store(settings: Settings) -> EventFindings:
    return EventFindings(Clients(settings).client("s3"), BUCKET)


def objects(settings: Settings) -> list[str]:
    answer = Clients(settings).client("s3").list_objects_v2(Bucket=BUCKET)
    return [one["Key"] for one in answer.get("Contents", [])]


def test_a_batch_makes_one_object_for_each_of_its_scans(settings: Settings) -> None:
    records = [record(number, scan) for number in range(50) for scan in ("scan-1", "scan-2")]
    records.append(record(7, "scan-3", MEMBER))
    assert store_findings(records, settings, Clients(settings)) == []
    assert [key.split("/")[:3] for key in objects(settings)] == [
        ["scans", f"scan-{number}", "findings"] for number in (1, 2, 3)
    ]
    assert [len(list(store(settings).of(f"scan-{number}"))) for number in (1, 2, 3, 4)] == [50, 50, 1, 0]


def test_a_message_that_comes_again_changes_nothing(settings: Settings) -> None:
    clients = Clients(settings)
    store_findings([record(1), record(2)], settings, clients)
    store_findings([record(1), record(2)], settings, clients)
    assert len(objects(settings)) == 1
    store_findings([record(2), record(3)], settings, clients)
    assert sorted(one.arn[-1] for one in store(settings).of("scan-1")) == ["1", "2", "3"]


def test_what_differs_under_one_arn_is_kept(settings: Settings) -> None:
    store_findings([record(1), record(1, severity="LOW"), record(1)], settings, Clients(settings))
    assert [one.severity for one in store(settings).of("scan-1")] == ["HIGH", "LOW"]


def test_what_is_no_finding_of_ours_is_left_out(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    completion = {
        "source": "aws.inspector2",
        "detail-type": "Inspector2 OnDemand Scan Complete",
        "account": ACCOUNT,
        "detail": {"scanId": "scan-1", "scanStatus": "SUCCESSFUL"},
    }
    others: list[Any] = [
        {"messageId": "a", "body": json.dumps(completion)},
        {"messageId": "b", "body": "not JSON"},
        {"messageId": "c", "body": None},
        {"messageId": "d"},
        "a text",
        None,
        record(1, account="999999999999"),
        record(1, "../../runs/x"),
    ]
    assert store_findings([*others, record(2)], settings, Clients(settings)) == []
    assert [one.arn[-1] for one in store(settings).of("scan-1")] == ["2"]
    assert len(objects(settings)) == 1
    shapeless: list[object] = [None, {}, "x", 7]
    for records in shapeless:
        assert store_findings(records, settings, Clients(settings)) == []


def test_only_the_messages_of_a_scan_that_cannot_be_kept_come_again(settings: Settings) -> None:
    clients = Clients(settings)
    s3 = clients.client("s3")

    def refuse(params: dict[str, Any], **_: Any) -> None:
        if "scan-2" in params["Key"]:
            raise ClientError({"Error": {"Code": "SlowDown", "Message": "Reduce your request rate"}}, "PutObject")

    s3.meta.events.register("before-parameter-build.s3.PutObject", refuse)
    records = [record(number, scan) for number in range(3) for scan in ("scan-1", "scan-2")]
    assert store_findings(records, settings, clients) == [f"message-scan-2-{number}" for number in range(3)]
    assert len(list(store(settings).of("scan-1"))) == 3


def test_half_a_character_costs_no_finding(settings: Settings) -> None:
    poison = record(
        1, title="CVE-2026-0001 - \ud800", networkReachabilityDetails={"openPortRange": {"begin": "\ud800"}}
    )
    assert store_findings([poison, record(2)], settings, Clients(settings)) == []
    assert [one.arn[-1] for one in store(settings).of("scan-1")] == ["1", "2"]


def test_findings_are_as_they_were(settings: Settings) -> None:
    finding = Finding(
        arn="arn:1", severity="HIGH", title="t\n\u2028", type="X", source="s", packages=[Package(name="p")]
    )
    store(settings).store("scan-1", [finding, replace(finding, arn="arn:2", score=7.5)])
    assert list(store(settings).of("scan-1")) == [finding, replace(finding, arn="arn:2", score=7.5)]


def test_what_has_no_answer_from_s3_comes_again(settings: Settings) -> None:
    clients = Clients(settings)

    def silent(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://s3")

    clients.client("s3").meta.events.register("before-parameter-build.s3.PutObject", silent)
    assert store_findings([record(1)], settings, clients) == ["message-scan-1-1"]


def test_more_than_the_memory_holds_is_refused_and_not_cut_off(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_findings([record(number) for number in range(50)], settings, Clients(settings))
    monkeypatch.setattr(event_findings, "_MOST", 1_000)
    with pytest.raises(ServiceRejected, match=r"scan-1, more than 1,000 bytes: find who sends them"):
        list(store(settings).of("scan-1"))
    assert list(store(settings).of("scan-2")) == []


def probe(number: int) -> dict[str, Any]:
    detail = {"probe": f"{number:032x}", "rule": "AmiFinding"}
    event = {"source": SOURCE, "detail-type": DETAIL_TYPE, "account": ACCOUNT, "detail": detail}
    return {"messageId": f"probe-{number}", "body": json.dumps(event)}


def test_a_probe_that_cannot_be_answered_keeps_no_finding_back(settings: Settings) -> None:
    clients = Clients(settings)
    others, probes = apart([probe(1), record(1), probe(2)])
    assert store_findings(others, settings, clients) == []
    assert unanswered(probes, Ledger(clients.client("dynamodb"), "no-such-table")) == ["probe-1", "probe-2"]
    assert len(list(store(settings).of("scan-1"))) == 1
