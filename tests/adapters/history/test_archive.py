"""The archive in S3 with its anchor in DynamoDB, and the command that reads it, on moto."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from patience import until

from golden_ami.errors import ServiceFault
from golden_ami.history.archive import archive_execution, events_of, verify
from golden_ami.ledger import Ledger
from golden_ami.storage.keys import history_prefix
from golden_ami.storage.objects import DirectoryStore, S3Store
from golden_ami_cli.console import Console
from golden_ami_cli.errors import CommandError
from golden_ami_cli.history.command import history
from golden_ami_cli.history.source import HistorySource, load
from golden_ami_emulator.transport import Transport

REGION, BUCKET, TABLE, RUN = "us-east-1", "reports", "ledger", "run-1"
TOKEN = "t0k3n-of-the-callback"
MACHINE = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.batches",
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
            "End": True,
        }
    },
}
OBJECTS = ["events.jsonl.gz", "definition.json", "input.json", "execution.json", "ledger.jsonl", "manifest.json"]


class Account:
    """An account with one execution that has ended."""

    def __init__(self) -> None:
        self.s3, self.states = boto3.client("s3", REGION), boto3.client("stepfunctions", REGION)
        self.table = boto3.client("dynamodb", REGION)
        self.s3.create_bucket(Bucket=BUCKET)
        keys: list[Any] = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
        self.table.create_table(
            TableName=TABLE,
            AttributeDefinitions=keys,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.store, self.ledger = S3Store(self.s3, BUCKET), Ledger(self.table, TABLE)
        self.machine = self.states.create_state_machine(
            name="machine", definition=json.dumps(MACHINE), roleArn="arn:aws:iam::123456789012:role/states"
        )["stateMachineArn"]
        self.arn = self.run(RUN)
        self.row(sk="RUN", runId=RUN, verdict="PASS", reportKey=f"runs/{RUN}/report.json")
        self.row(sk="AMI#ami-1#ami-1", batch="ami-1", amiId="ami-1", name="golden", userData="echo hunter2")
        self.row(sk="TOKEN", token=TOKEN)

    def run(self, name: str) -> str:
        given = json.dumps({"batches": ["ami-1", "ami-2"], "password": "hunter2"})
        arn: str = self.states.start_execution(stateMachineArn=self.machine, name=name, input=given)["executionArn"]
        until(lambda: self.states.describe_execution(executionArn=arn)["status"] != "RUNNING")
        return arn

    def row(self, **values: str) -> None:
        item = {"pk": {"S": f"RUN#{RUN}"}} | {name: {"S": value} for name, value in values.items()}
        self.table.put_item(TableName=TABLE, Item=item)

    def archive(self) -> Any:
        return archive_execution(self.states, self.store, self.ledger, self.arn)

    def problems(self) -> list[str]:
        return verify(self.store, RUN, self.ledger.history_anchor(RUN))

    def read(self, name: str) -> bytes:
        return self.store.read(history_prefix(RUN) + name)

    @property
    def source(self) -> HistorySource:
        return HistorySource(self.store, self.states, self.ledger, self.machine)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}), Transport():
        yield Account()


def test_everything_is_kept_and_holds(account: Account) -> None:
    archived = account.archive()
    assert archived.new
    assert not archived.problems
    assert archived.manifest_sha256 == account.ledger.history_anchor(RUN)
    assert account.problems() == []
    kept = [item["Key"] for item in account.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert sorted(kept) == sorted(history_prefix(RUN) + name for name in OBJECTS)
    events = [json.loads(line) for line in gzip.decompress(account.read("events.jsonl.gz")).splitlines()]
    assert [event["type"] for event in events][-1] == "ExecutionSucceeded"
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert json.loads(account.read("definition.json")) == MACHINE
    assert json.loads(account.read("execution.json"))["status"] == "SUCCEEDED"
    assert len(account.read("ledger.jsonl").splitlines()) == 3


def test_no_secret_is_kept(account: Account) -> None:
    account.archive()
    for name in OBJECTS:
        content = account.read(name)
        plain = gzip.decompress(content) if name.endswith(".gz") else content
        assert b"hunter2" not in plain
        assert TOKEN.encode() not in plain


def test_one_changed_byte_of_any_object_is_found(account: Account) -> None:
    account.archive()
    for name in OBJECTS:
        content = account.read(name)
        for at in (0, len(content) // 2, len(content) - 1):
            changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
            account.s3.put_object(Bucket=BUCKET, Key=history_prefix(RUN) + name, Body=changed)
            assert any(f"{name} was changed" in problem for problem in account.problems()), (name, at)
        account.s3.put_object(Bucket=BUCKET, Key=history_prefix(RUN) + name, Body=content)
        assert account.problems() == []


def test_a_missing_object_is_found(account: Account) -> None:
    account.archive()
    for name in OBJECTS:
        content = account.read(name)
        account.s3.delete_object(Bucket=BUCKET, Key=history_prefix(RUN) + name)
        assert any(f"{name} is missing" in problem for problem in account.problems())
        account.s3.put_object(Bucket=BUCKET, Key=history_prefix(RUN) + name, Body=content)


def test_a_forged_archive_with_a_manifest_of_its_own_is_found(account: Account) -> None:
    """Whoever may write to the bucket can make a manifest that fits; the ledger's anchor does not fit it."""
    account.archive()
    forged = json.loads(account.read("manifest.json"))
    account.s3.put_object(Bucket=BUCKET, Key=history_prefix(RUN) + "input.json", Body=b"{}")
    forged["objects"] = [entry for entry in forged["objects"] if not entry["key"].endswith("input.json")]
    account.s3.put_object(Bucket=BUCKET, Key=history_prefix(RUN) + "manifest.json", Body=json.dumps(forged).encode())
    problems = account.problems()
    assert any("manifest.json was changed" in problem for problem in problems)
    assert any("does not list input.json" in problem for problem in problems)


def test_a_second_call_changes_nothing_and_never_repairs(account: Account) -> None:
    first = account.archive()
    account.row(sk="AMI#ami-9#ami-9", batch="ami-9", amiId="ami-9")
    again = account.archive()
    assert (again.new, again.manifest_sha256, again.problems) == (False, first.manifest_sha256, ())
    account.s3.put_object(Bucket=BUCKET, Key=history_prefix(RUN) + "input.json", Body=b"{}")
    third = account.archive()
    assert "input.json was changed" in third.problems[0]
    assert account.read("input.json") == b"{}"


def test_the_anchor_never_expires_and_never_changes(account: Account) -> None:
    account.archive()
    key = {"pk": {"S": f"RUN#{RUN}"}, "sk": {"S": "HISTORY"}}
    assert "ttl" not in account.table.get_item(TableName=TABLE, Key=key)["Item"]
    before = account.ledger.history_anchor(RUN)
    assert account.ledger.anchor_history(RUN, "another", "now") == before


def test_an_unanchored_archive_is_said_to_be_one(account: Account) -> None:
    account.archive()
    (problem,) = verify(account.store, RUN, "")
    assert "nothing vouches for it" in problem


def test_a_history_without_its_end_is_not_archived(account: Account) -> None:
    events = [event for event in events_of(account.states, account.arn) if event["type"] != "ExecutionSucceeded"]

    class Early:
        """Step Functions just after the end: the status is told, the last event is not yet listed."""

        describe_execution = account.states.describe_execution
        describe_state_machine_for_execution = account.states.describe_state_machine_for_execution

        def get_paginator(self, _name: str) -> Any:
            return self

        def paginate(self, **_: Any) -> Any:
            return [{"events": events}]

    with pytest.raises(ServiceFault, match="does not show its end yet"):
        archive_execution(Early(), account.store, account.ledger, account.arn)
    assert account.ledger.history_anchor(RUN) == ""
    assert account.archive().new  # the retry


def test_pages_of_a_thousand_are_followed() -> None:
    client = boto3.client("stepfunctions", REGION, aws_access_key_id="x", aws_secret_access_key="x")
    arn = f"arn:aws:states:{REGION}:123456789012:execution:machine:{RUN}"
    given = {"executionArn": arn, "includeExecutionData": True, "maxResults": 1000}

    def event(number: int) -> dict[str, Any]:
        return {"id": number, "type": "WaitStateExited", "timestamp": 1_790_000_000 + number}

    with Stubber(client) as stub:
        first = {"events": [event(n) for n in range(1, 1001)], "nextToken": "more"}
        stub.add_response("get_execution_history", first, given)
        stub.add_response("get_execution_history", {"events": [event(1001)]}, {**given, "nextToken": "more"})
        assert [each["id"] for each in events_of(client, arn)] == list(range(1, 1002))
        stub.assert_no_pending_responses()


# ---------------------------------------------------------------- the command


def said(run: str, source: HistorySource, **options: Any) -> str:
    out = io.StringIO()
    history(run, source, console=Console(file=out, width=140, color_system=None), **options)
    return out.getvalue()


def test_the_history_is_the_same_from_aws_from_the_archive_and_from_a_copy(account: Account, tmp_path: Path) -> None:
    account.archive()
    store = DirectoryStore(tmp_path)
    for name in OBJECTS:
        with store.writing(history_prefix(RUN) + name, "") as file:
            file.write(account.read(name))
    live = said(RUN, account.source)
    assert "golden · ami-1" in live
    assert live == said(account.arn, account.source)
    assert live == said(RUN, HistorySource(account.store)) == said(RUN, HistorySource(store))
    assert json.loads(said(RUN, HistorySource(store), as_json=True))["verdict"] == "PASS"


def test_the_archive_is_read_when_step_functions_has_forgotten(account: Account) -> None:
    account.archive()
    account.states.delete_state_machine(stateMachineArn=account.machine)
    elsewhere = HistorySource(
        account.store, account.states, account.ledger, account.machine.replace("machine", "other")
    )
    assert "✓ Each" in said(RUN, elsewhere)


def test_the_page_is_written(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "history.html"
    assert f"written to {file}" in said(RUN, account.source, html=file)
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(CommandError, match="name a file in a directory"):
        said(RUN, account.source, html=tmp_path / "none" / "history.html")


def test_an_unknown_run_is_said_to_be_unknown(account: Account) -> None:
    with pytest.raises(CommandError, match="no history of run 'nobody'"):
        said("nobody", account.source)


def test_verify_says_what_holds_and_what_does_not(account: Account) -> None:
    account.archive()
    assert "is as it was written" in said(RUN, account.source, verify=True)
    answer = json.loads(said(RUN, account.source, verify=True, as_json=True))
    assert answer.pop("binding")["definitionSha256"] == hashlib.sha256(account.read("definition.json")).hexdigest()
    anchor = account.ledger.history_anchor(RUN)
    assert answer == {
        "runId": RUN,
        "verified": True,
        "intact": True,
        "manifestSha256": anchor,
        "reportManifestSha256": "",
        "archives": [{"redrive": 0, "manifestSha256": anchor}],
    }
    account.s3.put_object(Bucket=BUCKET, Key=history_prefix(RUN) + "definition.json", Body=b"{}")
    with pytest.raises(CommandError, match=r"definition\.json was changed"):
        said(RUN, account.source, verify=True)


# ---------------------------------------------------------------- an execution that was redriven


class Redriven:
    """Step Functions, of an execution that was redriven: the first attempt failed; `again` are the events since."""

    def __init__(self, account: Account, again: list[str], count: int = 1) -> None:
        self._states, self._count = account.states, count
        self.describe_state_machine_for_execution = account.states.describe_state_machine_for_execution
        first = [event for event in events_of(account.states, account.arn) if event["type"] != "ExecutionSucceeded"]
        added = [{"id": 100 + at, "type": kind, "timestamp": "2026-01-01"} for at, kind in enumerate(again)]
        self._events = [*first, {"id": 99, "type": "ExecutionFailed", "timestamp": "2026-01-01"}, *added]

    def describe_execution(self, **given: str) -> dict[str, Any]:
        return {**self._states.describe_execution(**given), "redriveCount": self._count}

    def get_paginator(self, _name: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Any:
        return [{"events": self._events}]


AGAIN = ["ExecutionRedriven", "PassStateEntered", "ExecutionSucceeded"]


def test_each_end_of_a_redriven_execution_has_its_archive_and_anchor(account: Account, tmp_path: Path) -> None:
    first = archive_execution(Redriven(account, [], 0), account.store, account.ledger, account.arn)
    second = archive_execution(Redriven(account, AGAIN), account.store, account.ledger, account.arn)
    assert second.new
    assert second.prefix == f"runs/{RUN}/history/redrive-1/"
    assert account.ledger.history_anchors(RUN) == {0: first.manifest_sha256, 1: second.manifest_sha256}
    assert [row["sk"] for row in account.ledger.rows(RUN)] == ["AMI#ami-1#ami-1", "RUN", "TOKEN"]
    events = gzip.decompress(account.read("redrive-1/events.jsonl.gz")).splitlines()
    assert [json.loads(line)["type"] for line in events][-4:] == ["ExecutionFailed", *AGAIN], "all so far"
    assert "The one of its earlier end holds, too." in said(RUN, account.source, verify=True)
    answer = json.loads(said(RUN, account.source, verify=True, as_json=True))
    assert answer["manifestSha256"] == second.manifest_sha256
    assert [one["redrive"] for one in answer["archives"]] == [0, 1]
    assert archive_execution(Redriven(account, AGAIN), account.store, account.ledger, account.arn).problems == ()


@pytest.mark.parametrize("name", ["events.jsonl.gz", "redrive-1/events.jsonl.gz", "redrive-1/manifest.json"])
def test_a_change_in_any_of_the_archives_is_found(account: Account, name: str) -> None:
    archive_execution(Redriven(account, [], 0), account.store, account.ledger, account.arn)
    archive_execution(Redriven(account, AGAIN), account.store, account.ledger, account.arn)
    account.s3.put_object(Bucket=BUCKET, Key=history_prefix(RUN) + name, Body=b"{}")
    with pytest.raises(CommandError, match=f"{name} was changed"):
        said(RUN, account.source, verify=True)


@pytest.mark.parametrize(("again", "count"), [(AGAIN[:2], 1), (AGAIN, 0), ([], 1)])
def test_an_attempt_is_archived_when_it_is_over(account: Account, again: list[str], count: int) -> None:
    """It goes on; it was redriven while it was archived; its own events are not listed yet."""
    with pytest.raises(ServiceFault, match="does not show its end yet"):
        archive_execution(Redriven(account, again, count), account.store, account.ledger, account.arn)
    assert account.ledger.history_anchors(RUN) == {}


def test_the_last_archive_is_read_also_from_a_copy(account: Account, tmp_path: Path) -> None:
    archive_execution(Redriven(account, [], 0), account.store, account.ledger, account.arn)
    archive_execution(Redriven(account, AGAIN), account.store, account.ledger, account.arn)
    store = DirectoryStore(tmp_path)
    for key in [history_prefix(RUN, number) + name for number in (0, 1) for name in OBJECTS]:
        with store.writing(key, "") as file:
            file.write(account.store.read(key))
    gone = HistorySource(account.store, ledger=account.ledger)
    for source in (gone, HistorySource(store)):
        assert load(RUN, source).steps[-1].type == "ExecutionSucceeded"
