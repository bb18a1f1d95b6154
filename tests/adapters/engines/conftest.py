"""The package's scanners against the emulated Inspector, with a clock that tests move by hand.

`Harness.run` does what the state machine does, in its order, through the same functions as the handlers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ClientError
from manual_timers import ManualTimers
from moto import mock_aws
from msgspec import json as msgspec_json

from golden_ami import times
from golden_ami.aws.clients import Clients
from golden_ami.engines.registry import next_look, traits
from golden_ami.errors import FindingsIncomplete
from golden_ami.lambda_handler import Stack
from golden_ami.ledger import Ledger
from golden_ami.models import (
    AMI_TAG,
    ASSESSMENT_TAG,
    RUN_TAG,
    Ami,
    AmiEntry,
    Config,
    Engine,
    Finding,
    Run,
    Waits,
)
from golden_ami.scans.callback import await_completion, resume
from golden_ami.scans.collect import tag_findings
from golden_ami.scans.coordinate import Agents, Scans, State
from golden_ami.scans.event_findings import store_findings
from golden_ami.settings import Settings
from golden_ami.storage.keys import findings_key
from golden_ami_emulator.images import Images
from golden_ami_emulator.inspector import install
from golden_ami_emulator.world import ACCOUNT, REGION, Behaviour, Image, World

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
TABLE, BUCKET, TOPIC = "ledger", "reports", "ContinuousAssessmentCompleteTopic"
FINDINGS_QUEUE = "findings"
TAGS = {"app-name": "shop", "Name": "golden-web", "Owner": "web"}


class Callbacks:
    """Step Functions' side of the callback: knows which token an execution sleeps on."""

    def __init__(self) -> None:
        self.waiting = ""
        self.answered: list[str] = []

    def send_task_success(self, taskToken: str, output: str) -> dict[str, Any]:
        """Answer the sleeping execution; a token that none sleeps on is refused as AWS does."""
        assert set(json.loads(output)) == {"runId"}
        if taskToken != self.waiting:
            raise ClientError({"Error": {"Code": "TaskTimedOut", "Message": "late"}}, "SendTaskSuccess")
        self.waiting = ""
        self.answered.append(taskToken)
        return {}


@dataclass
class Harness:
    """One stack: its ledger, bucket and topic, and the emulated Inspector."""

    clock: ManualTimers
    settings: Settings
    clients: Clients
    callbacks: Callbacks
    published: list[dict[str, Any]] = field(default_factory=list)
    deliver: bool = True
    waits: int = 0
    checks: int = 0

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return Ledger.of(self.settings, self.clients)

    @property
    def stack(self) -> Stack:
        """What a handler gives to the functions of the package."""
        return Stack(self.settings, self.clients, self.ledger)

    @property
    def assessment(self) -> Scans:
        """The steps."""
        return Scans(*self.stack)

    def client(self, service: str) -> Any:
        """A real boto3 client."""
        return self.clients.client(service)

    # ------------------------------------------------------------ a run

    def open(
        self,
        engine: Engine,
        amis: Sequence[str] = ("ami-11111111",),
        run_id: str = "run-1",
        batch: str = "",
        **config: Any,
    ) -> list[Ami]:
        """Open a run of the AMIs, each in a batch of its own unless one is named."""
        whole = Config(engine=engine, **config)
        self.ledger.open_run(
            Run(
                run_id=run_id,
                execution_arn="arn:aws:states:us-east-1:123456789012:execution:golden:" + run_id,
                started_at=times.iso(times.now()),
                account=ACCOUNT,
                region=REGION,
                parameter="ContinuousAssessmentInput",
                config=whole,
                batches=[*amis],
                ami_count=len(amis),
                needs_instances=traits(engine).needs_instances,
            ),
            [self.ami(run_id, ami, engine, batch) for ami in amis],
        )
        return self.ledger.amis(run_id)

    def ami(self, run_id: str, ami_id: str, engine: Engine, batch: str = "") -> Ami:
        """A row as load-config makes it."""
        return Ami(
            run_id=run_id,
            batch=batch or ami_id,
            key=ami_id,
            ami_id=ami_id,
            entry=AmiEntry(ami_id=ami_id),
            engine=engine,
            region=REGION,
            account=ACCOUNT,
            tags=TAGS,
        )

    def launch(self, run_id: str = "run-1", profile: bool = True) -> None:
        """One instance for every AMI that needs one, tagged as launch-instances does."""
        for ami in self.ledger.amis(run_id):
            if not traits(ami.engine).needs_instances or ami.reason:
                continue
            tags = {**ami.tags, ASSESSMENT_TAG: "true", RUN_TAG: run_id, AMI_TAG: ami.key}
            pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
            extra = {"IamInstanceProfile": {"Name": "assessment"}} if profile else {}
            answer = self.client("ec2").run_instances(
                ImageId=ami.ami_id,
                InstanceType="t3.medium",
                MinCount=1,
                MaxCount=1,
                TagSpecifications=[{"ResourceType": "instance", "Tags": pairs}],
                **extra,
            )
            instance_id = answer["Instances"][0]["InstanceId"]
            self.ledger.update_ami(ami, instance_id=instance_id, launched_at=times.iso(times.now()))

    def wait_for_agents(self, run_id: str = "run-1") -> Agents:
        """The loop of Check Agents and Wait For Agents."""
        self.clock.advance(240)
        while not (agents := self.assessment.check_agents(run_id)).proceed:
            self.clock.advance(30)
        return agents

    def start(self, run_id: str, token: str) -> bool:
        """Start Run and Await Completion; True when there was nothing to wait for."""
        self.assessment.start(run_id)
        return self.await_completion(run_id, token)

    def await_completion(self, run_id: str, token: str) -> bool:
        """Await Completion."""
        return await_completion(run_id, token, self.clients, self.ledger)

    def assess(self, run_id: str = "run-1", most: int = 60) -> State:
        """Start Run, then Await Completion and Check Run in turns: sleep until the answer or the next look."""
        engines = {ami.engine for ami in self.ledger.amis(run_id)}
        look = next_look(engines, self.ledger.run(run_id).config.waits)
        self.assessment.start(run_id)
        for number in range(most):
            token = f"{run_id}-token-{number}"
            self.callbacks.waiting = token
            self.await_completion(run_id, token)
            self.waits += 1
            slept = 0
            while self.callbacks.waiting == token and slept < look:
                self.clock.advance(60)
                slept += 60
            self.callbacks.waiting = ""
            state = self.assessment.check(run_id)
            self.checks += 1
            if state.over:
                return state
            look = state.next_look_seconds
        raise AssertionError(f"not over after {most} waits: {state}")

    def scan_instances(self, run_id: str = "run-1") -> State:
        """Launch, wait for the agents and assess."""
        self.launch(run_id)
        self.wait_for_agents(run_id)
        return self.assess(run_id)

    def collect(self, batch: str) -> None:
        """Tag Findings, which the definition tries again while findings are missing."""
        for _ in range(40):
            try:
                tag_findings("run-1", batch, *self.stack)
            except FindingsIncomplete:
                self.clock.advance(30)
            else:
                return
        raise AssertionError(f"the findings of {batch} are still incomplete")

    def run(self, engine: Engine, amis: Sequence[str] = ("ami-11111111",), **config: Any) -> list[Ami]:
        """A whole run, up to and with Tag Findings; its AMIs as the ledger then has them."""
        self.open(engine, amis, **config)
        self.assessment.ensure("run-1")
        if traits(engine).needs_instances:
            self.launch()
            self.wait_for_agents()
        self.assess()
        for ami in amis:
            self.collect(ami)
        return self.ledger.amis("run-1")

    def stored(self, ami: Ami) -> list[Finding]:
        """The findings in the bucket."""
        body = self.client("s3").get_object(Bucket=BUCKET, Key=findings_key(ami.run_id, ami.key))["Body"].read()
        return [msgspec_json.decode(line, type=Finding) for line in body.splitlines()]

    # ------------------------------------------------------------ messages

    def publish(self, source: str, kind: str, detail: Mapping[str, Any], resources: Sequence[str]) -> None:
        """EventBridge: the rules' targets are the completion topic and the queue of findings."""
        event = {
            "version": "0",
            "source": source,
            "detail-type": kind,
            "account": ACCOUNT,
            "region": REGION,
            "time": times.iso(times.now()),
            "resources": [*resources],
            "detail": dict(detail),
        }
        self.published.append(event)
        if self.deliver:
            self.receive(json.dumps(event))

    def receive(self, message: str) -> int:
        """A finding goes through its queue to Store Findings, all else through the topic to Resume."""
        if json.loads(message).get("source") == "inspector2.ami.ondemand":
            assert store_findings([{"messageId": "m", "body": message}], self.settings, self.clients) == []
            return 0
        return resume([{"Sns": {"Message": message}}], *self.stack)

    def receive_queued(self) -> None:
        """What Inspector Classic published to the topic since."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName="inbox")["QueueUrl"]
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                if self.deliver:
                    self.receive(json.loads(message["Body"])["Message"])


def finding(number: int = 1, severity: str = "HIGH", **members: Any) -> dict[str, Any]:
    """A finding in the shape of list-findings."""
    return {
        "findingArn": f"arn:aws:inspector2:us-east-1:{ACCOUNT}:finding/{number:032x}",
        "title": f"CVE-2026-{number:04} - openssl",
        "severity": severity,
        "type": "PACKAGE_VULNERABILITY",
        "fixAvailable": "YES",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": f"CVE-2026-{number:04}",
            "source": "NVD",
            "vulnerablePackages": [{"name": "openssl", "version": "3.0.1", "fixedInVersion": "3.0.9"}],
        },
    } | members


MakeHarness = Callable[..., Harness]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeHarness]:
    """Build a stack: `make(findings={...}, behaviours={...}, classic=True)`."""
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "STACK_NAME": "golden",
        "ACCOUNT_ID": ACCOUNT,
        "LEDGER_TABLE": TABLE,
        "REPORT_BUCKET": BUCKET,
        "COMPLETE_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:{TOPIC}",
        "RESULTS_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:ContinuousAssessmentResultsTopic",
        "FINDINGS_QUEUE_URL": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{FINDINGS_QUEUE}",
        "INSTANCE_PROFILE": "golden-profile",
        "CLASSIC_ENGINE": "allowed",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with ExitStack() as stack:
        traveller = stack.enter_context(time_machine.travel(START, tick=False))
        stack.enter_context(mock_aws())

        def build(
            findings: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
            behaviours: Mapping[str, Behaviour] | None = None,
            images: int | Sequence[Image] = 3,
            **world: Any,
        ) -> Harness:
            known = images if not isinstance(images, int) else [*map(_image, range(1, images + 1))]
            content = World(known, findings or {"*": [finding()]}, dict(behaviours or {}), **world)
            settings, callbacks = Settings.load(), Callbacks()
            real = Clients(settings)

            def client(service: str, region: str) -> Any:
                return callbacks if service == "stepfunctions" else real.client(service)

            harness = Harness(ManualTimers(traveller), settings, Clients(settings, client), callbacks)
            stack.enter_context(Images(content, REGION, ACCOUNT))
            stack.enter_context(install(content, harness.clock, harness.publish, REGION, ACCOUNT))
            _resources(harness)
            advance = harness.clock.advance

            def advance_and_receive(seconds: float) -> None:
                advance(seconds)
                harness.receive_queued()

            monkeypatch.setattr(harness.clock, "advance", advance_and_receive)
            return harness

        yield build


def _image(number: int) -> Image:
    return Image(f"ami-{number}" if number > 9 else f"ami-{str(number) * 8}", f"golden-{number}", TAGS)


def _resources(harness: Harness) -> None:
    client = harness.client
    client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    client("s3").create_bucket(Bucket=BUCKET)
    client("iam").create_instance_profile(InstanceProfileName="assessment")
    sns = client("sns")
    topic = sns.create_topic(Name=TOPIC)["TopicArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "inspector.amazonaws.com"}, "Action": "sns:Publish"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": topic}]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    sqs = client("sqs")
    sqs.create_queue(QueueName=FINDINGS_QUEUE)
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)


SHORT = Waits(completion_deadline_seconds=3600, agent_deadline_seconds=300)
