"""Settings of the account that a launch meets, in whole runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.world import Image, World

AMI, OWNER = "ami-00000000000000001", "999999999999"
PARAMETER = "ContinuousAssessmentInput"


def report(aws: Embedded, **configuration: Any) -> Any:
    """The report's only AMI."""
    aws.put_configuration(PARAMETER, json.dumps({"version": 1, "amis": [{"amiId": AMI}], **configuration}))
    ended = aws.run({"AMIsParamName": PARAMETER})
    body = aws.client("s3").get_object(Bucket=aws.outputs["ReportBucket"], Key=f"runs/{ended['name']}/report.json")[
        "Body"
    ]
    [ami] = json.load(body)["amis"]
    return ami


@pytest.mark.parametrize("key", ["cost center", "kubernetes.io/cluster/web", "_index"])
def test_tags_that_metadata_cannot_show_refuse_no_launch(key: str) -> None:
    with Embedded(World([Image(AMI, "web", {key: "x"})], {}, metadata_tags=True)) as aws:
        assert report(aws)["verdict"] == "PASS"


@pytest.mark.parametrize("name", ["SubnetId", "SubnetIds"])
def test_a_subnet_that_another_account_shares(name: str) -> None:
    with Embedded(World([Image(AMI, "web")], {}, subnet_owner=OWNER)) as aws:
        [subnet, *_] = aws.client("ec2").describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])[
            "Subnets"
        ]
        assert subnet["OwnerId"] == OWNER
        aws.update({"Network": "existing", "VpcId": subnet["VpcId"], name: subnet["SubnetId"]})
        assert report(aws)["verdict"] == "PASS"
        used = {resource for _, action, resource, *_ in aws.iam.used if action == "ec2:RunInstances"}
        assert f"arn:aws:ec2:us-east-1:{OWNER}:subnet/{subnet['SubnetId']}" in used


def test_subnets_that_the_stack_does_not_name_are_refused() -> None:
    """Its policy takes ids, as no function of CloudFormation makes ARNs of a list of them."""
    with Embedded(World([Image(AMI, "web")], {})) as aws:
        first, second, *_ = aws.client("ec2").describe_subnets(
            Filters=[{"Name": "default-for-az", "Values": ["true"]}]
        )["Subnets"]
        aws.update({"Network": "existing", "VpcId": first["VpcId"], "SubnetIds": first["SubnetId"]})
        placement = {"us-east-1": {"subnetIds": [second["SubnetId"]]}}
        assert report(aws, placement=placement)["verdict"] == "NOT_ASSESSED"
        assert {action for _, action, _ in aws.iam.denied} == {"ec2:RunInstances"}


@pytest.mark.parametrize(
    ("setting", "verdict", "told"),
    [
        ("disabled", "PASS", ""),
        ("audit-mode", "PASS", "would hide this AMI"),
        ("enabled", "NOT_ASSESSED", "AMI_NOT_ALLOWED"),
    ],
)
def test_an_image_that_allowed_amis_do_not_name(setting: Any, verdict: str, told: str) -> None:
    image = Image(AMI, "web", owner=OWNER, allowed=False)
    with Embedded(World([image], {}, allowed_images=setting)) as aws:
        ami = report(aws)
        assert ami["verdict"] == verdict
        assert told in json.dumps(ami)
        assert sorted(aws.iam.denied) == []


def test_an_own_image_is_always_allowed() -> None:
    with Embedded(World([Image(AMI, "web", allowed=False)], {}, allowed_images="enabled")) as aws:
        assert report(aws)["verdict"] == "PASS"


def default_key(aws: Embedded) -> str:
    """A customer managed key, which is from now on the account's default for EBS."""
    key = str(aws.client("kms").create_key()["KeyMetadata"]["Arn"])
    aws.client("ec2").modify_ebs_default_kms_key_id(KmsKeyId=key)
    return key


def test_a_default_key_that_the_launch_may_not_use_is_told() -> None:
    with Embedded(World([Image(AMI, "web")], {})) as aws:
        key = default_key(aws)
        ami = report(aws)
        assert (ami["verdict"], ami["reason"]["code"]) == ("NOT_ASSESSED", "VOLUME_KEY_REFUSED")
        assert "Client error on launch" in ami["reason"]["message"]
        assert {resource for _, _, resource in aws.iam.denied} == {key}
        aws.update({"AmiKeyArns": key})
        assert report(aws)["verdict"] == "PASS"
        aws.client("kms").disable_key(KeyId=key.rpartition("/")[2])
        assert "InvalidState" in report(aws)["reason"]["message"]


def test_the_key_of_an_own_snapshot_goes_before_the_default() -> None:
    with Embedded(World([Image(AMI, "web", key_arn="set below")], {})) as aws:
        from moto.ec2.models import ec2_backends

        backend = ec2_backends[aws.account][aws.region]
        own = str(aws.client("kms").create_key()["KeyMetadata"]["Arn"])
        backend.amis[AMI].ebs_snapshot.kms_key_id = own
        default_key(aws)
        aws.update({"AmiKeyArns": own})
        assert report(aws)["verdict"] == "PASS"


def test_a_public_network_gives_instances_an_address_while_they_live() -> None:
    with Embedded(World([Image(AMI, "web")], {}), parameters={"Network": "public"}) as aws:
        assert report(aws)["verdict"] == "PASS"
        [launch] = [call.parameters for call in aws.calls.made if call.operation == "RunInstances"]
        assert [one["AssociatePublicIpAddress"] for one in launch["NetworkInterfaces"]] == [True]
        [run] = aws.client("stepfunctions").list_executions(stateMachineArn=aws.outputs["StateMachineArn"])[
            "executions"
        ]
        key = f"runs/{run['name']}/report.json"
        body = aws.client("s3").get_object(Bucket=aws.outputs["ReportBucket"], Key=key)["Body"]
        [line] = [line for line in json.load(body)["usage"] if line["what"] == "Public IPv4 addresses"]
        assert 4 < line["actual"] < 60
        assert line["actualCost"] == pytest.approx(line["actual"] / 60 * 0.005)
        aws.update({"Network": "own"})
        assert not aws.client("ec2").describe_internet_gateways(
            Filters=[{"Name": "tag:Name", "Values": ["golden-ami"]}]
        )["InternetGateways"]


def test_a_placement_with_subnets_of_its_own_decides_for_itself() -> None:
    with Embedded(World([Image(AMI, "web")], {}), parameters={"Network": "public"}) as aws:
        [subnet, *_] = aws.client("ec2").describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])[
            "Subnets"
        ]
        report(aws, placement={"us-east-1": {"subnetIds": [subnet["SubnetId"]]}})
        launches = [call.parameters for call in aws.calls.made if call.operation == "RunInstances"]
        assert {one["AssociatePublicIpAddress"] for launch in launches for one in launch["NetworkInterfaces"]} == {
            False
        }
