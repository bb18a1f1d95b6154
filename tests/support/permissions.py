"""Runs that need every permission of template.yaml, and what its roles allow: the two sides of the proof."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from unittest.mock import patch

from golden_ami.models import ASSESSMENT_TAG, EXPIRY_TAG, RUN_TAG, STACK_TAG
from golden_ami.probes import DETAIL_TYPE, SOURCE
from golden_ami.storage.keys import ANSWERS
from golden_ami.storage.ndjson import NdjsonObject
from golden_ami_emulator.calls import Call, client_error
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.inspector import service_roles
from golden_ami_emulator.world import ACCOUNT, REGION, Behaviour, Image, World

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
OWNERS = f"arn:aws:sns:{REGION}:{ACCOUNT}:web-owners"
PARAMETERS = {
    "OwnerTopicArns": OWNERS,
    "AmiKeyArns": KEY,
    "CisBenchmark": "true",
    "ClassicEngine": "allowed",
    "EnableInspector": "true",
    "ActOnAmis": "true",
}
AMIS = [f"ami-{number:017x}" for number in range(1, 4)]
GONE = f"ami-{9:017x}"  # of an AMI that does not exist: why not is asked
HOME = (ACCOUNT, REGION)
ZONES = [f"{REGION}a", f"{REGION}b"]  # of the stack's own network


class Grant(NamedTuple):
    """One action on one resource that a role's statement allows."""

    function: str  # as its folder is named, with hyphens
    action: str
    resource: str
    policy: str
    sid: str


def finding(number: int) -> dict[str, Any]:
    """One finding as ListFindings answers it."""
    return {
        "findingArn": f"arn:aws:inspector2:{REGION}:{ACCOUNT}:finding/{number:032x}",
        "awsAccountId": ACCOUNT,
        "type": "PACKAGE_VULNERABILITY",
        "description": "A vulnerability.",
        "title": f"CVE-2026-{number:04} - openssl",
        "severity": "HIGH",
        "status": "ACTIVE",
        "firstObservedAt": "2026-11-01T00:00:00+00:00",
        "lastObservedAt": "2026-11-20T00:00:00+00:00",
        "remediation": {"recommendation": {"text": "None Provided"}},
        "resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-0", "region": REGION}],
        "packageVulnerabilityDetails": {
            "vulnerabilityId": f"CVE-2026-{number:04}",
            "source": "NVD",
            "vulnerablePackages": [{"name": "openssl", "version": "3.0.7", "fixedInVersion": "3.0.8"}],
        },
    }


PASSING = {"failOn": {"severities": ["CRITICAL"], "knownExploited": False}}  # the policy under which all AMIs pass

# More than the ledger's row of a run has room for.
LONG = [
    {"vulnerability": f"CVE-2020-{number}", "scope": {"package": "none"}, "reason": "r" * 500, "owner": "web",
     "expires": "2100-01-01"}
    for number in range(500)
]  # fmt: skip


def world(**behaviour: Any) -> World:
    """Three AMIs, one encrypted by a customer's key."""
    tags = {"Owner": "web", "Name": "web"}
    images = [Image(ami, f"web {ami[-1]}", tags, key_arn=KEY if ami == AMIS[0] else "") for ami in AMIS]
    return World(images, {"*": [finding(1), finding(2)]}, {"*": Behaviour(**behaviour)}, inspector_enabled=False)


def configuration(engine: str, **settings: Any) -> dict[str, Any]:
    """All three AMIs with an engine, everything asked for that costs a permission."""
    return {
        "version": 1,
        "engine": engine,
        "amis": [{"amiId": ami} for ami in AMIS],
        "enableInspector": True,
        "securityHub": True,
        "routes": {"web": OWNERS},
        "act": {"tagAmis": True, "deprecate": True, "events": True, "dryRun": False},
        **settings,
    }


def prepare(aws: Embedded) -> None:
    """What the account has beside the stack: the owners' topic, the customer's key."""
    from moto.kms.models import kms_backends

    aws.client("sns").create_topic(Name=OWNERS.rsplit(":", 1)[1])
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    held = kms_backends[aws.account][aws.region]
    held.keys[KEY.rsplit("/", 1)[1]] = held.keys[key]


def run(
    aws: Embedded, document: Mapping[str, Any] | None, *, stop: str = "", parameter: str = "ContinuousAssessmentInput"
) -> dict[str, Any]:
    """One execution, aborted at the state or the type of event that is named, if any; and what follows its end.

    Without a document, of the sample.
    """
    if not document:
        parameter = aws.outputs["SampleParameterName"]
    if document:
        aws.put_configuration(parameter, json.dumps(document))
    arn = aws.start({"AMIsParamName": parameter})

    def watch(event: dict[str, Any]) -> None:
        if stop in (event["type"], event.get("stateEnteredEventDetails", {}).get("name")):
            aws.client("stepfunctions").stop_execution(executionArn=arn)

    ended = aws.wait(arn, on_event=watch if stop else None)
    aws.clock.sleep(600)
    return ended


def launch(
    aws: Embedded, ami: str, tags: Mapping[str, str], *, profile: str | None = None, place: tuple[str, str] = HOME
) -> str:
    """Somebody's instance with these tags; by default with the stack's instance profile, "" is none."""
    account, region = place
    name = aws.outputs["InstanceProfileName"] if profile is None else profile
    given = {"IamInstanceProfile": {"Name": name}} if name else {}
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    specification = [{"ResourceType": "instance", "Tags": pairs}]
    answer = aws.client("ec2", region, account).run_instances(
        ImageId=ami, MinCount=1, MaxCount=1, TagSpecifications=specification, **given
    )
    return str(answer["Instances"][0]["InstanceId"])


def in_bucket(aws: Embedded, document: Mapping[str, Any]) -> str:
    """The address of a configuration too long for a parameter."""
    bucket = aws.outputs["ReportBucket"]
    aws.client("s3").put_object(Bucket=bucket, Key="config/large.json", Body=json.dumps(document).encode())
    return f"s3://{bucket}/config/large.json"


@dataclass
class Trouble:
    """Gives a service's error to the first calls of an operation by a function."""

    function: str
    operation: str
    times: int = 1

    def strike(self, function: str, call: Call) -> BaseException | None:
        """The error, for a call by the function that is named as its folder."""
        if function != self.function or call.operation != self.operation or self.times <= 0:
            return None
        self.times -= 1
        return client_error("InternalError", call.operation, status=500)


@contextmanager
def troubled(aws: Embedded, *troubles: Trouble, after: bool = False) -> Iterator[None]:
    """Lay troubles for a while; `after` strikes when the call has been made, and its answer is lost."""

    def strike(call: Call) -> BaseException | None:
        function = aws.function_of(call.function)
        return next((error for one in troubles if (error := one.strike(function, call))), None)

    hook = "after_call" if after else "before_call"
    setattr(aws.calls, hook, strike)
    yield
    setattr(aws.calls, hook, None)


@contextmanager
def without_version(aws: Embedded) -> Iterator[None]:
    """Let the version of a document go before a launch reads it again."""

    from moto.s3.models import s3_backends

    def forget(call: Call) -> None:
        if (aws.function_of(call.function), call.operation) == ("launch-instances", "GetObject"):
            names = (call.parameters[name] for name in ("Bucket", "Key", "VersionId"))
            s3_backends[aws.account]["aws"].delete_object(*names)  # no call of the function's

    aws.calls.before_call = forget
    yield
    aws.calls.before_call = None


@contextmanager
def behaving(aws: Embedded, ami: str = "*", **changes: Any) -> Iterator[None]:
    """Let the world treat an AMI otherwise for a while."""
    kept = dict(aws.world.behaviours)
    aws.world.behaviours[ami] = replace(aws.world.behaviour_of(ami), **changes)
    yield
    aws.world.behaviours.clear()
    aws.world.behaviours.update(kept)


@contextmanager
def full(aws: Embedded, zone: str) -> Iterator[None]:
    """Let a zone have no capacity for a while."""
    kept, aws.world.full_zones = aws.world.full_zones, [zone]
    yield
    aws.world.full_zones = kept


def exercise(aws: Embedded) -> None:
    """Every engine, every option, and the troubles that need a permission of their own."""
    prepare(aws)
    _configurations(aws)
    _instances(aws)
    _classic(aws)
    _image_scans(aws)
    _ends(aws)
    _dead_letters(aws)


def _configurations(aws: Embedded) -> None:
    """The sample, a parameter that names an AMI, a document in the bucket, one that is not there."""
    run(aws, None)
    aws.client("ssm").put_parameter(Name="/golden-amis/web", Value=AMIS[1], Type="String")
    mixed = [{"amiId": "resolve:ssm:/golden-amis/web", "engine": "ami"}, {"amiId": AMIS[2]}, {"amiId": GONE}]
    address = in_bucket(aws, configuration("instance", amis=mixed, enableInspector=False))
    run(aws, {"version": 1, "document": address})  # of two engines one is not enabled
    run(aws, {"version": 1, "document": address + ".gone"})
    for document in (None, {"version": 1, "document": address}):
        with troubled(aws, Trouble("load-config", "BatchWriteItem", 99), Trouble("load-config", "DescribeImages", 99)):
            run(aws, document)  # not opened: who reports reads what it was about
            run(aws, document, stop="Load Config")


def _instances(aws: Embedded) -> None:
    with (
        troubled(aws, Trouble("launch-instances", "RunInstances"), after=True),
        behaving(aws, AMIS[1], agent_after=None),
    ):
        run(aws, configuration("instance", cis="LEVEL_1"))
    for zone in ZONES:  # so that each of the stack's subnets is launched in, whatever their ids are
        with behaving(aws, agent_after=10, scan_seconds=20), full(aws, zone):  # ready before the execution waits
            run(aws, configuration("instance"))
    scripted = configuration("instance", amis=[{"amiId": AMIS[1], "userData": "#!/bin/sh\n"}])
    run(aws, scripted)  # the launch reads the user data again
    run(aws, {"version": 1, "document": in_bucket(aws, scripted | {"exceptions": LONG})})
    with without_version(aws):
        run(aws, {"version": 1, "document": in_bucket(aws, scripted)})
    with (
        patch.object(NdjsonObject.__init__, "__defaults__", (100,)),
        troubled(aws, Trouble("tag-findings", "UploadPart", 4)),
    ):
        run(aws, configuration("instance", amis=[{"amiId": AMIS[0]}]))


def _classic(aws: Embedded) -> None:
    with troubled(aws, Trouble("start-run", "StartAssessmentRun"), after=True):
        run(aws, configuration("classic"))
    with troubled(aws, Trouble("tag-findings", "AddAttributesToFindings", 99)):  # so that who reports tries once more
        run(aws, configuration("classic", amis=[{"amiId": AMIS[1]}]))
    inspector = aws.client("inspector")
    [target] = inspector.list_assessment_targets()["assessmentTargetArns"]
    group = inspector.create_resource_group(resourceGroupTags=[{"key": "other", "value": "x"}])["resourceGroupArn"]
    [described] = inspector.describe_assessment_targets(assessmentTargetArns=[target])["assessmentTargets"]
    inspector.update_assessment_target(
        assessmentTargetArn=target, assessmentTargetName=described["name"], resourceGroupArn=group
    )
    changed = configuration("classic", waits={"assessmentSeconds": 900})
    run(aws, changed, stop="TaskSubmitted")  # while it sleeps in Start Run; its assessment goes on without it
    run(aws, changed)


def _image_scans(aws: Embedded) -> None:
    aws.client("inspector2").start_on_demand_scan(resourceId=AMIS[0], resourceType="AMI")
    bucket = aws.outputs["ReportBucket"]
    run(aws, configuration("ami"))
    aws.client("s3").delete_object(Bucket=bucket, Key=ANSWERS)  # so that who reports after an abort has to ask
    run(aws, configuration("ami"), stop="Terminate")
    with behaving(aws, findings_events_lost=1, internal_errors=1):
        run(aws, configuration("ami"))
    probe = {"probe": "0" * 32, "rule": "AmiFinding", "stack": aws.stack_name}
    entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(probe)}
    aws.client("events").put_events(Entries=[entry])
    aws.clock.sleep(30)


def _ends(aws: Embedded) -> None:
    """Earlier reports are gone; an execution is aborted, late and early; an instance outlived its run.

    Deprecations are taken back and made anew, by Aggregate and by who reports after an abort.
    """
    _forget(aws)
    run(aws, configuration("instance"))
    run(aws, configuration("instance", policy=PASSING))
    _forget(aws)
    run(aws, configuration("instance"), stop="Terminate")
    run(aws, configuration("instance", policy=PASSING), stop="Terminate")
    run(aws, configuration("instance"), stop="Wait For Boot")
    run(aws, configuration("instance", cis="LEVEL_1"), stop="Check Run")
    for expiry in ("2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"):
        tags = {STACK_TAG: aws.stack_name, ASSESSMENT_TAG: "true", EXPIRY_TAG: expiry, RUN_TAG: "some-run"}
        launch(aws, AMIS[1], tags)
    aws.fire_schedule("ReapSchedule")
    aws.clock.sleep(60)


def without_service_roles(aws: Embedded, account: str) -> None:
    """Delete Inspector's roles, as an account is that has never used it."""
    for role in service_roles.ON_DEMAND.values():
        aws.client("iam", account=account).delete_role(RoleName=role)


def _forget(aws: Embedded) -> None:
    """What the bucket's life cycle does."""
    s3, bucket = aws.client("s3"), aws.outputs["ReportBucket"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="runs/"):
        for held in page.get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=held["Key"])


def _dead_letters(aws: Embedded) -> None:
    """The functions that events invoke fail until Lambda gives up."""
    first = (
        ("resume", "TransactWriteItems"),
        ("resume", "Query"),
        ("resume", "UpdateItem"),
        ("reap", "DescribeInstances"),
    )
    with troubled(aws, *(Trouble(name, operation, 100) for name, operation in first)):
        run(aws, configuration("ami", amis=[{"amiId": AMIS[0]}]))
        aws.fire_schedule("ReapSchedule")
        aws.clock.sleep(900)
    with troubled(aws, Trouble("on-execution-end", "GetItem", 100)):
        run(aws, configuration("instance"), stop="Wait For Boot")


def grants(aws: Embedded) -> Iterator[Grant]:
    """What the functions' own roles allow, as deployed."""
    iam = aws.client("iam")
    for resource in aws.stack.resources.values():
        if resource.type != "AWS::Lambda::Function":
            continue
        role = str(resource.properties["Role"]).rsplit("/", 1)[1]
        function = aws.function_of(resource.made.id)
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            yield from granted(function, policy, document)


def granted(function: str, policy: str, document: Mapping[str, Any]) -> Iterator[Grant]:
    """A policy's grants, one by one."""
    for statement in listed(document["Statement"]):
        assert statement["Effect"] == "Allow", "a policy that denies is not read here"
        for action in listed(statement["Action"]):
            for arn in listed(statement["Resource"]):
                yield Grant(function, action, arn, policy, statement.get("Sid", ""))


def listed(value: Any) -> Sequence[Any]:
    """One thing or several, as policies write them."""
    return value if isinstance(value, list) else [value]
