"""An account with the table, the bucket and the topics of a stack, emulated by moto."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws
from report_world import counted

from golden_ami.ledger import Ledger
from golden_ami.models import Ami, Config, Finding, Run
from golden_ami.register.register import Register
from golden_ami.register.store import read
from golden_ami_emulator.transport import Transport
from handlers.aggregate import handler

ACCOUNT, REGION = "123456789012", "us-east-1"
BUCKET = "golden-ami-reports"


class Stack:
    """What aggregate reads and writes, and what it sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.s3 = boto3.client("s3", region_name=REGION)
        self.sqs = boto3.client("sqs", region_name=REGION)
        self.sns = boto3.client("sns", region_name=REGION)
        self.s3.create_bucket(Bucket=BUCKET)
        dynamodb: Any = boto3.client("dynamodb", region_name=REGION)
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        dynamodb.create_table(
            TableName="ledger",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        self.ledger = Ledger(dynamodb, "ledger")
        self.topics: dict[str, str] = {}
        self.queues: dict[str, str] = {}
        self.execution = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:golden-ami"
        self.parameter = "ContinuousAssessmentInput"
        for name in ("complete", "results", "payments"):
            self._topic(name)
        environment = {
            "STACK_NAME": "golden-ami",
            "AWS_REGION": REGION,
            "ACCOUNT_ID": ACCOUNT,
            "LEDGER_TABLE": "ledger",
            "REPORT_BUCKET": BUCKET,
            "COMPLETE_TOPIC_ARN": self.topics["complete"],
            "RESULTS_TOPIC_ARN": self.topics["results"],
            "INSTANCE_PROFILE": "golden-profile",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    def _topic(self, name: str) -> None:
        self.topics[name] = self.sns.create_topic(Name=name)["TopicArn"]
        queue = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.sns.subscribe(TopicArn=self.topics[name], Protocol="sqs", Endpoint=arn)
        self.queues[name] = queue

    def open(
        self, run_id: str, images: Sequence[tuple[Ami, Sequence[Finding] | None]], config: Config | None = None
    ) -> None:
        """A run in the ledger whose findings are in the bucket; None: none were collected."""
        run = Run(
            run_id=run_id,
            execution_arn=f"{self.execution}:{run_id}",
            started_at="2026-03-01T12:00:00Z",
            account=ACCOUNT,
            region=REGION,
            parameter=self.parameter,
            config=config or Config(),
            batches=sorted({ami.batch for ami, _ in images}),
            ami_count=len(images),
            needs_instances=True,
        )
        rows = []
        for ami, findings in images:
            row = msgspec.structs.replace(ami, run_id=run_id)
            if findings is not None:
                row.findings_key, row.counts = f"runs/{run_id}/findings/{row.key}.ndjson", counted(findings)
                lines = b"".join(msgspec.json.encode(finding) + b"\n" for finding in findings)
                self.s3.put_object(Bucket=BUCKET, Key=row.findings_key, Body=lines)
            rows.append(row)
        assert self.ledger.open_run(run, rows)

    def aggregate(
        self, run_id: str, parameter: str = "amis", started: str = "2026-03-01T12:00:00.000Z", **state: Any
    ) -> dict[str, Any]:
        """The handler's answer to the definition's event, of an execution that was started with the parameter."""
        event = {
            "runId": run_id,
            "executionArn": f"{self.execution}:{run_id}",
            "startedAt": started,
            "input": {"AMIsParamName": parameter},
            "state": {"instances": {"launched": 1, "terminated": 1, "running": 0}} | state,
        }
        answer: dict[str, Any] = json.loads(json.dumps(handler(event, None)))
        return answer

    def messages(self, name: str = "results") -> list[dict[str, str]]:
        """What a topic delivered since the last look."""
        answer = self.sqs.receive_message(QueueUrl=self.queues[name], MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def report(self, run_id: str) -> Any:
        """The run's report.json."""
        return json.loads(self.object(f"runs/{run_id}/report.json"))

    def register(self, lineage: str) -> Register:
        """The register of a lineage of the stack's own place."""
        note = self.ledger.register_note(f"123456789012/us-east-1/{lineage}")
        assert note
        return read(self.object(note.key), note)

    def object(self, key: str) -> bytes:
        """An object's content."""
        body: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws(), Transport():  # moto loses rows to threads
        yield Stack(monkeypatch)
