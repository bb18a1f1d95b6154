"""The emulated Inspector under moto, with a clock that tests move by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
import time_machine
from botocore.validate import ParamValidator
from manual_timers import ManualTimers
from moto import mock_aws

from golden_ami_emulator.inspector import InspectorRegion, install, installed
from golden_ami_emulator.inspector.wire import violations
from golden_ami_emulator.world import ACCOUNT, Behaviour, Image, World

FIXTURES = Path(__file__).parents[2] / "fixtures" / "inspector2"
START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


# Members that the model requires and AWS leaves out, or that may be empty against the model's minimum.
KNOWN_DEVIATIONS = ("errorCode", "errorMessage", "targetResourceAggregations", "checkAggregations", "scanResultDetails")


def check_answer(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    """Every answer of every test: valid by botocore's model, with no member that the model does not know."""
    if http_response.status_code >= 300 or model.output_shape is None:
        return
    content = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    report = ParamValidator().validate(content, model.output_shape).generate_report()
    broken = [line for line in report.splitlines() if not any(name in line for name in KNOWN_DEVIATIONS)]
    assert not broken, (model.name, broken)
    wrong = [item.message for item in violations(content, model.output_shape) if item.kind == "enum"]
    assert not wrong, (model.name, wrong)


@cache
def shared_client(service: str, region: str) -> Any:
    """A client for all tests: reading a service model takes longer than most tests do."""
    session: Any = boto3.session.Session("testing", "testing")
    client = session.client(service, region_name=region)
    client.meta.events.register("after-call", check_answer)
    return client


@dataclass
class Aws:
    """The emulated account: clients, clock, and what was published."""

    timers: ManualTimers
    world: World
    events: list[tuple[str, str, Mapping[str, Any], Sequence[str]]] = field(default_factory=list)

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A real boto3 client."""
        return shared_client(service, region)

    @property
    def region(self) -> InspectorRegion:
        """The emulation's own state."""
        return installed()

    def advance(self, seconds: float = 0) -> None:
        """Let time pass."""
        self.timers.advance(seconds)

    def launch(
        self, image_id: str = "ami-1", number: int = 1, tags: Mapping[str, str] | None = None, profile: bool = True
    ) -> list[str]:
        """Launch instances; their ids."""
        request: dict[str, Any] = {"ImageId": image_id, "MinCount": 1, "MaxCount": 1}
        if tags:
            pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
            request["TagSpecifications"] = [{"ResourceType": "instance", "Tags": pairs}]
        if profile:
            request["IamInstanceProfile"] = {"Name": "assessment"}
        ec2 = self.client("ec2")  # one by one: moto gives the profile to the first instance of a request only
        answers = [ec2.run_instances(InstanceType="t3.medium", **request) for _ in range(number)]
        return [answer["Instances"][0]["InstanceId"] for answer in answers]

    def listen(self, name: str = "complete") -> tuple[str, Callable[[], list[dict[str, Any]]]]:
        """A topic, and what was published to it since the last look."""
        sqs, sns = self.client("sqs"), self.client("sns")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = sns.create_topic(Name=name)["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})

        def heard() -> list[dict[str, Any]]:
            bodies = []
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                bodies += [json.loads(message["Body"]) for message in messages]
                for message in messages:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return bodies

        return str(topic), heard

    def details(self, detail_type: str) -> list[Mapping[str, Any]]:
        """The details of the events of one type."""
        return [detail for _, kind, detail, _ in self.events if kind == detail_type]


@pytest.fixture
def mixed() -> list[dict[str, Any]]:
    """Eight findings that Amazon Inspector wrote, all of them open."""
    findings: list[dict[str, Any]] = json.loads((FIXTURES / "findings-mixed.json").read_text())["findings"]
    return [{**finding, "status": "ACTIVE"} for finding in findings]


MakeAws = Callable[..., Aws]


@pytest.fixture
def make_aws(mixed: list[dict[str, Any]]) -> Iterator[MakeAws]:
    """Build the account: `make_aws(findings={...}, behaviours={...}, images=[...])`."""
    with ExitStack() as stack:
        traveller = stack.enter_context(time_machine.travel(START, tick=False))
        stack.enter_context(mock_aws())

        def make(
            findings: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
            behaviours: dict[str, Behaviour] | None = None,
            images: Sequence[Image] | None = None,
            **world: Any,
        ) -> Aws:
            known = images or [Image(f"ami-{number}", f"golden-{number}", {"Owner": "web"}) for number in (1, 2, 3)]
            content = World(known, {"*": mixed} if findings is None else findings, behaviours or {}, **world)
            aws = Aws(ManualTimers(traveller), content)

            def publish(source: str, kind: str, detail: Mapping[str, Any], resources: Sequence[str]) -> None:
                aws.events.append((source, kind, detail, resources))

            stack.enter_context(install(content, aws.timers, publish, "us-east-1", ACCOUNT))
            iam = aws.client("iam")
            iam.create_instance_profile(InstanceProfileName="assessment")
            return aws

        yield make


@pytest.fixture
def aws(make_aws: MakeAws) -> Aws:
    """The account on a good day."""
    return make_aws()
