"""A stack in moto: ledger, bucket, topics, AMIs with ids of the test's choice, and calls that can be made to fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
import time_machine
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami as MotoAmi
from moto.sns.models import sns_backends

from golden_ami.ledger import Ledger
from golden_ami.settings import Settings
from golden_ami_emulator.transport import Transport

ACCOUNT = "123456789012"  # moto's
REGION = "us-east-1"
PARAMETER = "ContinuousAssessmentInput"
START = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": "eu-north-1",  # every client names its region
    "STACK_NAME": "golden",
    "ACCOUNT_ID": ACCOUNT,
    "LEDGER_TABLE": "ledger",
    "REPORT_BUCKET": "reports",
    "COMPLETE_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:ContinuousAssessmentCompleteTopic",
    "RESULTS_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:ContinuousAssessmentResultsTopic",
    "REAP_REGIONS": "us-east-1,eu-west-1",
    "INSTANCE_PROFILE": "golden-profile",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
}


@dataclass
class Calls:
    """Every AWS call, by operation; and those that are to fail, before or after their effect."""

    made: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    allowed_images: str = "disabled"
    events: int = 0  # of every execution's history
    running: list[dict[str, Any]] = field(default_factory=list)  # executions, as ListExecutions answers them
    quota: float | None = None  # of vCPUs, as Service Quotas tells; None: not told
    pauses: list[float] = field(default_factory=list)  # seconds for which launch-instances waited
    _faults: list[tuple[str, Callable[[Mapping[str, Any]], bool], Exception, bool, list[int]]] = field(
        default_factory=list
    )

    def fail(
        self,
        operation: str,
        code: str,
        message: str = "no",
        *,
        status: int = 400,
        times: int = 1,
        after: bool = False,
        when: Callable[[Mapping[str, Any]], bool] = lambda _: True,
    ) -> None:
        """Let the next `times` calls fail; `after` their effect, as when the answer is lost."""
        response: Any = {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
        self._faults.append((operation, when, ClientError(response, operation), after, [times]))

    def of(self, operation: str) -> list[Mapping[str, Any]]:
        """The parameters of the calls of an operation."""
        return [parameters for name, parameters in self.made if name == operation]

    def call(self, original: Callable[..., Any], client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        """Make the call, or let it fail."""
        self.made.append((operation, parameters))
        for name, when, error, after, left in self._faults:
            if name == operation and left[0] and when(parameters):
                left[0] -= 1
                if after:
                    original(client, operation, parameters)
                raise error
        if operation == "GetAllowedImagesSettings":  # which moto lacks
            return {"State": self.allowed_images}
        if operation == "GetServiceQuota" and self.quota is not None:
            return {"Quota": {"Value": self.quota}}
        if operation == "ListExecutions":
            return {"executions": self.running}
        if operation == "GetExecutionHistory":  # of an execution that no interpreter runs
            return {"events": [{"id": self.events}] if self.events else []}
        return original(client, operation, parameters)


@dataclass
class Stack:
    """The stack and its account."""

    settings: Settings
    ledger: Ledger
    calls: Calls
    clock: time_machine.Traveller

    def client(self, service: str, region: str = REGION) -> Any:
        """A real boto3 client of the test's own."""
        return _client(service, region)

    def image(self, image_id: str, region: str = REGION, **attributes: Any) -> str:
        """An AMI in the account, with a name of its own in which nothing is to be guessed."""
        backend = ec2_backends[attributes.pop("account", ACCOUNT)][region]
        name = "image-" + image_id[4:].translate(str.maketrans("0123456789", "ghijklmnop"))
        attributes = {"name": name, "architecture": "x86_64", "region_name": f"{region}a"} | attributes
        backend.amis[image_id] = MotoAmi(backend, image_id, **attributes)
        return image_id

    def parameter(self, content: object, name: str = PARAMETER, kind: str = "String", region: str = REGION) -> None:
        """An SSM parameter."""
        text = content if isinstance(content, str) else json.dumps(content)
        self.client("ssm", region).put_parameter(Name=name, Value=text, Type=kind, Overwrite=True, Tier="Advanced")

    def load(self, content: object = None, run_id: str = "run-1", **given: Any) -> dict[str, Any]:
        """Invoke load-config."""
        from handlers.load_config import handler

        if content is not None:
            self.parameter(content)
        event = {
            "runId": run_id,
            "executionArn": f"arn:aws:states:{REGION}:{ACCOUNT}:execution:golden:{run_id}",
            "startedAt": "2026-04-01T08:00:00.123Z",
            "input": {"AMIsParamName": PARAMETER},
        }
        answer: dict[str, Any] = handler(event | given, None)
        return answer

    def launch(self, batch: str, run_id: str = "run-1", **wave: int) -> dict[str, int]:
        """Invoke launch-instances; the counts that it answers. What else it says is in `reasons`."""
        from handlers.launch_instances import handler

        answer: dict[str, Any] = handler({"runId": run_id, "batch": batch} | wave, None)
        self.reasons: list[str] = answer.pop("reasons")
        return answer

    def plan(self, run_id: str = "run-1", events: int = 10, **state: Any) -> dict[str, Any]:
        """Invoke plan-wave, of an execution with so many events."""
        from handlers.plan_wave import handler

        self.calls.events = events
        event = {"runId": run_id, "executionArn": "arn:aws:states:…", "launches": [], "findings": []}
        answer: dict[str, Any] = handler(event | state, None)
        return answer

    def terminate(self, run_id: str = "run-1", **batches: list[str]) -> dict[str, int]:
        """Invoke terminate."""
        from handlers.terminate import handler

        answer: dict[str, int] = handler({"runId": run_id, "executionArn": "arn:aws:states:…"} | batches, None)
        return answer

    def foreign(self, tags: Mapping[str, str], profile: str = "golden-profile", region: str = REGION) -> str:
        """An instance that somebody else has launched, with these tags; "" is no instance profile."""
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        given = {"IamInstanceProfile": {"Name": profile}} if profile else {}
        answer = self.client("ec2", region).run_instances(
            ImageId="ami-00000000000000001",
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": pairs}],
            **given,
        )
        return str(answer["Instances"][0]["InstanceId"])

    def instances(self, region: str = REGION) -> dict[str, dict[str, Any]]:
        """What EC2 describes, by instance id."""
        pages = self.client("ec2", region).get_paginator("describe_instances").paginate()
        return {
            one["InstanceId"]: one for page in pages for entry in page["Reservations"] for one in entry["Instances"]
        }

    def running(self, region: str = REGION) -> set[str]:
        """The ids of the running instances."""
        return {name for name, one in self.instances(region).items() if one["State"]["Name"] == "running"}

    def published(self) -> list[tuple[str, str]]:
        """Subject and text of each message that was published."""
        topics = sns_backends[ACCOUNT][REGION].topics.values()
        return [(str(sent[2] or ""), str(sent[1])) for topic in topics for sent in topic.sent_notifications]

    def states(self, region: str = REGION) -> list[str]:
        """The states of all instances."""
        return sorted(instance["State"]["Name"] for instance in self.instances(region).values())


def _client(service: str, region: str = REGION) -> Any:
    factory: Any = boto3.client
    return factory(service, region_name=region)


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A deployed stack, at a time that stands still."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    calls = Calls()
    base: Any = BaseClient
    original = base._make_api_call

    def make_api_call(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        return calls.call(original, client, operation, parameters)

    with mock_aws(), Transport(), time_machine.travel(START, tick=False) as clock:  # moto loses rows to threads
        _client("dynamodb").create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        _client("s3").create_bucket(Bucket="reports")
        for profile in ("golden-profile", "somebody-elses"):
            _client("iam").create_instance_profile(InstanceProfileName=profile)
        for topic in ("ContinuousAssessmentCompleteTopic", "ContinuousAssessmentResultsTopic"):
            _client("sns").create_topic(Name=topic)
        monkeypatch.setattr(base, "_make_api_call", make_api_call)
        monkeypatch.setattr("golden_ami.instances.pacing.sleep", calls.pauses.append)
        settings = Settings.load()
        yield Stack(settings, Ledger(_client("dynamodb"), "ledger"), calls, clock)
