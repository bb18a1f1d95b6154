"""Each check of the doctor made to fail once, on an embedded stack broken for it; and all of them on a whole one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from golden_ami_cli.account import Account
from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_cli.assessing.inputs import Inputs
from golden_ami_cli.doctor import account_checks, instance_checks, service_checks
from golden_ami_cli.doctor.examination import CHECKS, examine
from golden_ami_cli.doctor.model import Diagnosis, Patient
from golden_ami_cli.embedded import account_of
from golden_ami_cli.errors import CommandError
from golden_ami_cli.main import app
from golden_ami_emulator.embedded import Embedded

Check = Callable[[Patient], Diagnosis]


class Clinic:
    """An embedded stack that tests break, each in its own way, and put right again."""

    def __init__(self, aws: Embedded, account: Account) -> None:
        self.aws = aws
        self.account = account

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def ask(self, check: Check, account: Account | None = None) -> Diagnosis:
        patient = Patient(account or self.account, PARAMETER)
        diagnosis = check(patient)
        assert diagnosis.cause
        assert bool(diagnosis.remedy) == (diagnosis.status != "ok")
        return diagnosis

    def configure(self, **settings: Any) -> None:
        put_configuration(self.aws, json.dumps(json.loads(SAMPLE.text) | settings))


SAMPLE = Inputs.read(None, None, None)


@pytest.fixture(scope="module")
def opened() -> Iterator[Clinic]:
    with Embedded(SAMPLE.world) as aws:
        put_configuration(aws, SAMPLE.text)
        yield Clinic(aws, account_of(aws))


@pytest.fixture
def clinic(opened: Clinic) -> Iterator[Clinic]:
    yield opened
    put_configuration(opened.aws, SAMPLE.text)


def test_a_whole_stack_has_no_error_and_is_told_what_is_off(clinic: Clinic) -> None:
    told = examine(clinic.account)
    assert len(told) == len(CHECKS) + 4 == 26
    assert [(one.check, one.status) for one in told if one.status != "ok"] == [
        ("notifications", "warning"),
        ("schedule", "warning"),
    ]


def test_security_hub_that_is_off_or_takes_nothing_of_inspectors(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clinic.ask(service_checks.security_hub).cause == "not needed"
    clinic.configure(securityHub=True)
    assert clinic.ask(service_checks.security_hub).cause.startswith("on, with Amazon Inspector's findings")
    monkeypatch.setattr(clinic.aws.world, "security_hub_imports", False)
    closed = clinic.ask(service_checks.security_hub)
    assert closed.status == "warning"
    assert "enable-import-findings-for-product" in closed.remedy
    assert "::product/aws/inspector --region us-east-1" in closed.remedy
    monkeypatch.setattr(clinic.aws.world, "security_hub_enabled", False)
    off = clinic.ask(service_checks.security_hub)
    assert (off.status, "aws securityhub enable-security-hub --region us-east-1" in off.remedy) == ("warning", True)


def test_whether_inspectors_role_for_amis_exists_is_told(clinic: Clinic) -> None:
    scanned = SAMPLE.world.images[0].image_id
    clinic.configure(engine="ami", amis=[{"amiId": scanned}])
    before = clinic.ask(service_checks.service_linked_role).cause
    assert "create-service-linked-role --aws-service-name ami.inspector2.amazonaws.com" in before
    clinic.client("inspector2").start_on_demand_scan(resourceId=scanned, resourceType="AMI")
    assert clinic.ask(service_checks.service_linked_role).cause.endswith("exists")
    clinic.configure(engine="instance", amis=[{"amiId": scanned}])
    assert "not needed" in clinic.ask(service_checks.service_linked_role).cause


def test_credentials_of_another_account(clinic: Clinic) -> None:
    other = Account(**{name: getattr(clinic.account, name) for name in ("stack", "region", "client", "outputs")})
    other.__dict__["settings"] = replace(clinic.account.settings, account="999999999999")
    diagnosis = clinic.ask(account_checks.credentials, other)
    assert (diagnosis.status, "999999999999" in diagnosis.cause) == ("error", True)


def test_credentials_that_aws_refuses_are_a_diagnosis(clinic: Clinic) -> None:
    from botocore.exceptions import ClientError

    def client(service: str, region: str | None = None) -> Any:
        if service == "sts":
            raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "GetCallerIdentity")
        return clinic.aws.client(service, region)

    broken = replace(clinic.account, client=client)
    first = examine(broken)[0]
    assert (first.status, "sign in again" in first.remedy) == ("error", True)


def test_a_configuration_that_does_not_hold(clinic: Clinic) -> None:
    clinic.configure(engine="clasic")
    assert "engine" in clinic.ask(account_checks.configuration).cause
    told = {one.check: one.status for one in examine(clinic.account)}
    assert told["configuration"] == "error"
    assert told["quota"] == told["keys"] == "warning", "what cannot be checked says so"
    clinic.configure(amis=[{"amiId": "ami-0a1b2c3d4e5f60001"}, {"amiId": "ami-00000000000000099"}])
    diagnosis = clinic.ask(account_checks.configuration)
    assert (diagnosis.status, "1 of 2" in diagnosis.cause) == ("error", True)
    clinic.client("ssm").delete_parameter(Name=PARAMETER)
    assert "does not exist" in clinic.ask(account_checks.configuration).cause


def test_user_data_above_16_kilobytes(clinic: Clinic) -> None:
    clinic.configure(amis=[{"amiId": "ami-0a1b2c3d4e5f60001", "userData": "#" * 16_385}])
    diagnosis = clinic.ask(account_checks.user_data)
    assert (diagnosis.status, "16,385" in diagnosis.cause) == ("error", True)
    clinic.configure(amis=[{"amiId": "ami-0a1b2c3d4e5f60001", "userData": "#" * 16_384}])
    assert clinic.ask(account_checks.user_data).status == "ok"


def test_how_inspector_scans_is_told(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    told = clinic.ask(account_checks.scan_configuration)
    assert told.status == "ok"
    assert "scan mode EC2_SSM_AGENT_BASED, Enhanced EC2 Scanning off, deep inspection ACTIVATED" in told.cause
    for name, value in (("scan_mode", "EC2_HYBRID"), ("vm_scanner", True), ("deep_inspection", "DEACTIVATED")):
        monkeypatch.setattr(clinic.aws.world, name, value)
    told = clinic.ask(account_checks.scan_configuration)
    assert (told.status, "EC2_HYBRID, Enhanced EC2 Scanning on" in told.cause) == ("warning", True)
    assert "--activate-deep-inspection" in told.remedy


def test_inspector_off(clinic: Clinic) -> None:
    inspector = clinic.client("inspector2")
    inspector.disable(resourceTypes=["EC2"])
    try:
        assert clinic.ask(account_checks.inspector).status == "error"
        clinic.configure(enableInspector=True)
        assert clinic.ask(account_checks.inspector).status == "warning"
        clinic.configure(engine="ami")
        assert clinic.ask(account_checks.inspector).status == "ok"
    finally:
        inspector.enable(resourceTypes=["EC2"])


def test_a_boto3_that_does_not_know_on_demand_scans(clinic: Clinic) -> None:
    old = SimpleNamespace(meta=SimpleNamespace(service_model=SimpleNamespace(operation_names=["ListFindings"])))

    def client(service: str, region: str | None = None) -> Any:
        return old if service == "inspector2" else clinic.aws.client(service, region)

    account = replace(clinic.account, client=client)
    account.__dict__["settings"] = clinic.account.settings
    assert clinic.ask(account_checks.boto3_version, account).status == "ok", "engine instance does not need them"
    clinic.configure(engine="ami")
    assert clinic.ask(account_checks.boto3_version, account).status == "error"
    assert clinic.ask(account_checks.boto3_version).status == "ok"


def test_a_profile_whose_role_lacks_a_policy(clinic: Clinic) -> None:
    iam, name = clinic.client("iam"), clinic.account.settings.instance_profile
    clinic.configure(cis="LEVEL_1")
    assert "CisBenchmark" in clinic.ask(instance_checks.instance_profile).remedy
    clinic.configure()
    (role,) = [
        role["RoleName"] for role in iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
    ]
    policy = {"RoleName": role, "PolicyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}
    iam.detach_role_policy(**policy)
    assert "lacks AmazonSSMManagedInstanceCore" in clinic.ask(instance_checks.instance_profile).cause
    iam.attach_role_policy(**policy)
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
    assert "has no role" in clinic.ask(instance_checks.instance_profile).cause
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    gone = replace(clinic.account)
    gone.__dict__["settings"] = replace(clinic.account.settings, instance_profile="none")
    assert "there is no instance profile" in clinic.ask(instance_checks.instance_profile, gone).cause


def test_a_subnet_without_a_way_to_systems_manager(clinic: Clinic) -> None:
    ec2, subnet = clinic.client("ec2"), clinic.account.settings.subnet_ids[0]
    vpc = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    endpoints = {
        endpoint["ServiceName"].rpartition(".")[2]: endpoint
        for endpoint in ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
    }
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoints["ec2messages"]["VpcEndpointId"]])
    assert clinic.ask(instance_checks.network).status == "warning"
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoints["ssm"]["VpcEndpointId"]])
    broken = clinic.ask(instance_checks.network)
    assert (broken.status, "ssm, ec2messages" in broken.cause) == ("error", True)

    tables = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["RouteTables"]
    route = {"RouteTableId": tables[0]["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.create_route(**route, GatewayId=gateway)
    assert "no public address" in clinic.ask(instance_checks.network).cause
    clinic.configure(publicAddress=True)
    assert clinic.ask(instance_checks.network).status == "ok"
    clinic.configure()
    ec2.delete_route(**route)
    nat = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    ec2.create_route(**route, NatGatewayId=nat)
    assert clinic.ask(instance_checks.network).status == "ok"
    ec2.delete_route(**route)

    def elsewhere(*subnet_ids: str) -> str:
        account = replace(clinic.account)
        account.__dict__["settings"] = replace(clinic.account.settings, subnet_ids=subnet_ids)
        return clinic.ask(instance_checks.network, account).cause

    assert "does not exist" in elsewhere("subnet-0123456789abcdef0")
    assert "Network=none" in elsewhere()
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    stray = ec2.create_subnet(VpcId=other, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    assert f"the subnets are in several VPCs: {stray} in {other}" in elsewhere(stray, subnet).replace(
        f"{subnet} in {vpc}, {stray} in {other}", f"{stray} in {other}, {subnet} in {vpc}"
    )
    for name in ("ssm", "ec2messages"):
        given = {key: endpoints[name][key] for key in ("VpcId", "ServiceName", "VpcEndpointType", "SubnetIds")}
        ec2.create_vpc_endpoint(**given, PrivateDnsEnabled=True)
    assert clinic.ask(instance_checks.network).status == "ok"


def test_zones_that_lack_an_instance_type(clinic: Clinic) -> None:
    world = clinic.aws.world
    told = clinic.ask(instance_checks.zones)
    assert told.cause == "t3.small in us-east-1a, us-east-1b; t4g.small in us-east-1a, us-east-1b"
    try:
        world.lacking_types = {"us-east-1b": ["t3.small"]}
        told = clinic.ask(instance_checks.zones)
        assert (told.status, told.cause.partition(";")[0]) == ("warning", "t3.small in us-east-1a, not in us-east-1b")
        assert "AvailabilityZones" in told.remedy
        world.lacking_types = {f"us-east-1{zone}": ["t3.small"] for zone in "ab"}
        told = clinic.ask(instance_checks.zones)
        assert (told.status, "us-east-1a, us-east-1b" in told.cause) == ("error", True)
        assert "us-east-1c, us-east-1d, us-east-1f" in told.remedy, "never us-east-1e"
    finally:
        world.lacking_types = {}
    single = replace(clinic.account)
    single.__dict__["settings"] = replace(clinic.account.settings, subnet_ids=clinic.account.settings.subnet_ids[:1])
    assert clinic.ask(instance_checks.zones, single).status == "warning"
    clinic.configure(engine="ami")
    assert clinic.ask(instance_checks.zones).status == "ok"


def test_a_key_that_the_stack_may_not_use(clinic: Clinic) -> None:
    from moto.ec2.models import ec2_backends

    kms = clinic.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    image = clinic.client("ec2").describe_images(ImageIds=["ami-0a1b2c3d4e5f60001"])["Images"][0]
    snapshot: Any = ec2_backends[clinic.aws.account][clinic.aws.region].snapshots[
        image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    ]
    snapshot.encrypted, snapshot.kms_key_id = True, key
    try:
        assert clinic.ask(instance_checks.keys).remedy.startswith(f"deploy with AmiKeyArns={key}, ")
        allowed = replace(clinic.account, parameters={"AmiKeyArns": f"arn:aws:kms:x:1:key/y,{key}"})
        assert clinic.ask(instance_checks.keys, allowed).status == "ok"
        kms.disable_key(KeyId=key.rpartition("/")[2])
        assert "is Disabled" in clinic.ask(instance_checks.keys, allowed).cause
        snapshot.kms_key_id = key[:-4] + "0000"
        assert "does not exist" in clinic.ask(instance_checks.keys, allowed).cause
    finally:
        snapshot.encrypted, snapshot.kms_key_id = False, None


def test_a_default_key_that_the_stack_may_not_use(clinic: Clinic) -> None:
    from moto.ec2.models import ec2_backends

    backend: Any = ec2_backends[clinic.aws.account][clinic.aws.region]
    before, kms = backend.default_kms_key_id, clinic.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    try:
        clinic.client("ec2").modify_ebs_default_kms_key_id(KmsKeyId=key)
        told = clinic.ask(instance_checks.keys)
        assert (told.status, f"AmiKeyArns={key}" in told.remedy) == ("error", True)
        assert "new volumes by default in us-east-1" in told.cause
        allowed = replace(clinic.account, parameters={"AmiKeyArns": key})
        assert clinic.ask(instance_checks.keys, allowed).status == "ok"
        kms.disable_key(KeyId=key.rpartition("/")[2])
        assert "is Disabled" in clinic.ask(instance_checks.keys, allowed).cause
    finally:
        backend.default_kms_key_id = before


def test_an_ami_that_allowed_amis_hide(clinic: Clinic) -> None:
    from golden_ami_emulator.inspector import registry

    region = registry.find(clinic.aws.account, clinic.aws.region)
    assert region
    ami = "ami-0a1b2c3d4e5f60001"
    image = region._images[ami]
    told = {}
    try:
        region._images[ami] = replace(image, owner="999999999999", allowed=False)
        for setting in ("audit-mode", "enabled"):
            clinic.aws.world.allowed_images = setting
            told[setting] = clinic.ask(instance_checks.allowed_images)
    finally:
        region._images[ami], clinic.aws.world.allowed_images = image, "disabled"
    assert {setting: one.status for setting, one in told.items()} == {"audit-mode": "warning", "enabled": "error"}
    assert all(ami in one.cause for one in told.values())
    assert clinic.ask(instance_checks.allowed_images).status == "ok"


def test_nobody_has_confirmed(clinic: Clinic) -> None:
    sns, topic = clinic.client("sns"), clinic.account.outputs["ResultsTopicArn"]
    assert "nobody" in clinic.ask(account_checks.subscriptions).cause
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:q")[
        "SubscriptionArn"
    ]
    assert clinic.ask(account_checks.subscriptions).status == "ok"
    sns.unsubscribe(SubscriptionArn=arn)

    waiting = {"SubscriptionArn": "PendingConfirmation", "Endpoint": "ops@example.com"}
    pages = SimpleNamespace(paginate=lambda **_: [{"Subscriptions": [waiting]}])

    def client(service: str, region: str | None = None) -> Any:
        return (
            SimpleNamespace(get_paginator=lambda _: pages) if service == "sns" else clinic.aws.client(service, region)
        )

    assert "ops@example.com" in clinic.ask(account_checks.subscriptions, replace(clinic.account, client=client)).cause


def test_the_schedule_is_off_or_gone(clinic: Clinic) -> None:
    assert "DISABLED" in clinic.ask(account_checks.schedule).cause
    scheduler, name = clinic.client("scheduler"), clinic.account.outputs["ScheduleName"]
    found = scheduler.get_schedule(Name=name)
    kept = {key: found[key] for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    scheduler.update_schedule(**kept, State="ENABLED")
    assert clinic.ask(account_checks.schedule).status == "ok"
    scheduler.delete_schedule(Name=name)
    assert clinic.ask(account_checks.schedule).status == "error"
    scheduler.create_schedule(**kept, State="DISABLED")


@pytest.mark.parametrize("key", ["InspectorEc2Exclusion", "inspectorec2exclusion"])
def test_an_ami_with_the_exclusion_tag(clinic: Clinic, key: str) -> None:
    tag = {"Resources": ["ami-0a1b2c3d4e5f60002"], "Tags": [{"Key": key, "Value": ""}]}
    clinic.client("ec2").create_tags(**tag)
    assert "ami-0a1b2c3d4e5f60002" in clinic.ask(account_checks.exclusion_tag).cause
    clinic.client("ec2").delete_tags(**tag)
    assert clinic.ask(account_checks.exclusion_tag).status == "ok"


def test_a_name_is_refused_before_there_is_a_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked: no credentials, no region are needed."""
    monkeypatch.setattr("golden_ami_cli.choice.connect", lambda *_: pytest.fail("AWS was asked"))
    result = CliRunner().invoke(app, ["doctor", "--stack", "l" * 81, "-o", "json"])
    assert result.exit_code == 6
    [told] = json.loads(result.stdout)
    assert (told["check"], told["status"]) == ("stack name", "error")
    assert "81 characters" in told["cause"]
    assert "80" in told["remedy"]


def test_the_schedule_and_the_functions_are_found_by_the_stacks_outputs(clinic: Clinic) -> None:
    """Their names are CloudFormation's; a stack of an older template has no such outputs."""
    assert clinic.aws.lambda_name("load-config") == clinic.account.outputs["LoadConfigFunction"]
    old = replace(clinic.account, outputs={})
    with pytest.raises(CommandError, match=r"LoadConfigFunction.*sam deploy"):
        old.environment("LoadConfigFunction")
