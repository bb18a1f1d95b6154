"""launch-instances: what is launched, how, and what happens when EC2 or the function itself fails half way."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from golden_ami.errors import AccessDenied, InvalidEvent, RunNotFound, ServiceFault, Throttled
from golden_ami.models import AMI_TAG, ASSESSMENT_TAG, EXPIRY_TAG, RUN_TAG, STACK_TAG, Ami

if TYPE_CHECKING:
    from tests.adapters.ec2.conftest import Stack

PARAMETER = "ContinuousAssessmentInput"
FIRST, SECOND = "ami-00000000000000001", "ami-00000000000000002"
ACCOUNT = "123456789012"


def opened(stack: Stack, *entries: dict[str, Any], run_id: str = "run-1", **config: Any) -> None:
    stack.load({"amis": [{"instanceType": "t3.small"} | entry for entry in entries]} | config, run_id=run_id)


def row(stack: Stack, key: str = FIRST) -> Ami:
    return next(ami for ami in stack.ledger.amis("run-1") if ami.key == key)


def only_instance(stack: Stack) -> dict[str, Any]:
    [instance] = stack.instances().values()
    return instance


def test_an_instance_as_it_must_be(stack: Stack) -> None:
    stack.image(FIRST, root_device_name="/dev/xvda", tags={"app-name": "shop", "empty": "", "Größe": "<b>&'\"\n"})
    opened(stack, {"amiId": FIRST, "userData": "#!/bin/sh\necho hi\n"})
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    [request] = stack.calls.of("RunInstances")
    assert (request["ImageId"], request["InstanceType"], request["MinCount"], request["MaxCount"]) == (
        FIRST,
        "t3.small",
        1,
        1,
    )
    assert request["MetadataOptions"] == {
        "HttpTokens": "required",
        "HttpEndpoint": "enabled",
        "HttpPutResponseHopLimit": 1,
        "InstanceMetadataTags": "disabled",
    }
    assert request["BlockDeviceMappings"] == [
        {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "DeleteOnTermination": True, "VolumeSize": 15}}
    ]
    assert request["NetworkInterfaces"] == [
        {"DeviceIndex": 0, "DeleteOnTermination": True, "AssociatePublicIpAddress": False}
    ]
    assert request["InstanceInitiatedShutdownBehavior"] == "terminate"
    assert request["IamInstanceProfile"] == {"Name": "golden-profile"}
    assert (len(request["ClientToken"]), request["ClientToken"].isascii()) == (64, True)
    instance = only_instance(stack)
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    assert tags == {
        "app-name": "shop",
        "empty": "",
        "Größe": "<b>&'\"\n",
        ASSESSMENT_TAG: "true",
        RUN_TAG: "run-1",
        AMI_TAG: FIRST,
        EXPIRY_TAG: "2026-04-01T13:19:00.123Z",
        STACK_TAG: "golden",
    }
    [volume] = stack.client("ec2").describe_volumes()["Volumes"]
    assert volume["Encrypted"] is True
    assert {tag["Key"]: tag["Value"] for tag in volume["Tags"]} == tags
    data = stack.client("ec2").describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
    assert data["UserData"]["Value"] == "IyEvYmluL3NoCmVjaG8gaGkK"
    ami = row(stack)
    assert (ami.instance_id, ami.launch_token) == (instance["InstanceId"], request["ClientToken"])
    assert ami.launched_at == "2026-04-01T08:00:00Z"


SECRET = "#!/bin/sh\nexport DB_PASS=hunter2\n"


def everything(stack: Stack) -> str:
    return json.dumps(stack.client("dynamodb").scan(TableName="ledger")["Items"])


def given(stack: Stack) -> set[str]:
    """The user data of all launches, which botocore encodes."""
    return {base64.b64decode(request["UserData"]).decode() for request in stack.calls.of("RunInstances")}


def test_the_ledger_holds_no_user_data(stack: Stack) -> None:
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST, "userData": SECRET})
    stack.launch(FIRST)
    assert "hunter2" not in everything(stack)
    assert given(stack) == {SECRET}


def test_what_was_checked_is_launched_whatever_was_written_since(stack: Stack) -> None:
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST, "userData": SECRET})
    client = stack.client("ssm")
    client.put_parameter(Name=PARAMETER, Value="[]", Type="String", Overwrite=True)
    stack.calls.fail("RunInstances", "InternalError", status=500, after=True)
    with pytest.raises(ServiceFault):
        stack.launch(FIRST)
    client.put_parameter(Name=PARAMETER, Value="{}", Type="String", Overwrite=True)
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    assert given(stack) == {SECRET}
    assert len(stack.instances()) == 1


def test_a_document_is_read_again_in_its_version(stack: Stack) -> None:
    stack.image(FIRST)
    s3, ssm = stack.client("s3"), stack.client("ssm")
    s3.put_bucket_versioning(Bucket="reports", VersioningConfiguration={"Status": "Enabled"})
    content = {"amis": [{"amiId": FIRST, "instanceType": "t3.small", "userData": SECRET}]}
    s3.put_object(Bucket="reports", Key="config/a.json", Body=json.dumps(content).encode())
    stack.load({"document": "s3://reports/config/a.json"}, run_id="run-1")
    s3.delete_object(Bucket="reports", Key="config/a.json")
    ssm.put_parameter(Name=PARAMETER, Value="[]", Type="String", Overwrite=True)
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    assert given(stack) == {SECRET}
    assert "hunter2" not in everything(stack)


def test_without_its_version_nothing_is_launched_without_user_data(stack: Stack) -> None:
    stack.image(FIRST)
    stack.image(SECOND)
    opened(stack, {"amiId": FIRST, "userData": SECRET}, {"amiId": SECOND})
    stack.client("ssm").delete_parameter(Name=PARAMETER)
    assert stack.launch(FIRST) == {"launched": 0, "notLaunched": 1}
    assert stack.launch(SECOND) == {"launched": 1, "notLaunched": 0}
    reason = row(stack).reason
    assert reason is not None
    assert reason.code == "USER_DATA_GONE"


def test_without_its_documents_version_nothing_is_launched(stack: Stack) -> None:
    stack.image(FIRST)
    stack.image(SECOND)
    s3, where = stack.client("s3"), {"Bucket": "reports", "Key": "config/a.json"}
    s3.put_bucket_versioning(Bucket="reports", VersioningConfiguration={"Status": "Enabled"})
    entries = [{"amiId": FIRST, "instanceType": "t3.small", "userData": SECRET}, {"amiId": SECOND}]
    version = s3.put_object(**where, Body=json.dumps({"amis": entries}).encode())["VersionId"]
    stack.load({"document": "s3://reports/config/a.json"}, run_id="run-1")
    s3.put_object(**where, Body=b"{}")
    s3.delete_object(**where, VersionId=version)
    assert stack.launch(FIRST) == {"launched": 0, "notLaunched": 1}
    reason = row(stack).reason
    assert reason is not None
    assert reason.code == "USER_DATA_GONE"
    assert stack.launch(SECOND) == {"launched": 1, "notLaunched": 0}


def test_a_version_that_is_written_anew_with_other_content_is_not_taken(stack: Stack) -> None:
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST, "userData": SECRET})
    client = stack.client("ssm")
    client.delete_parameter(Name=PARAMETER)
    other = json.dumps([{"amiId": FIRST, "userData": "#!/bin/sh\nevil\n"}])
    client.put_parameter(Name=PARAMETER, Value=other, Type="String")
    assert stack.launch(FIRST) == {"launched": 0, "notLaunched": 1}
    assert stack.instances() == {}


def test_a_row_of_an_earlier_version_with_user_data_is_launched(stack: Stack) -> None:
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST})
    ami = row(stack)
    stack.ledger.update_ami(ami, entry=msgspec.structs.replace(ami.entry, user_data=SECRET))
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    assert given(stack) == {SECRET}


def test_tags_that_cannot_be_copied_are_noted(stack: Stack) -> None:
    stack.image(FIRST, tags={"aws:cloudformation:stack-id": "x", "inspectorec2exclusion": "", "app": "shop"})
    opened(stack, {"amiId": FIRST})
    stack.launch(FIRST)
    assert len(only_instance(stack)["Tags"]) == 6
    assert len(row(stack).notes) == 2


def test_fifty_tags(stack: Stack) -> None:
    stack.image(FIRST, tags={f"key-{number:02d}": "v" * 256 for number in range(50)})
    opened(stack, {"amiId": FIRST})
    stack.launch(FIRST)
    assert len(only_instance(stack)["Tags"]) == 50
    assert "key-49" in row(stack).notes[0]


def test_the_stack_s_network_and_profile(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    ec2 = stack.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-1a")
    subnet = made["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    monkeypatch.setenv("SUBNET_IDS", subnet)
    monkeypatch.setenv("SECURITY_GROUP_ID", group)
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST})
    stack.launch(FIRST)
    instance = only_instance(stack)
    assert instance["SubnetId"] == subnet
    assert [one["GroupId"] for one in instance["NetworkInterfaces"][0]["Groups"]] == [group]
    assert instance["IamInstanceProfile"]["Arn"].endswith("instance-profile/golden-profile")
    assert "PublicIpAddress" not in instance


@pytest.mark.parametrize("profile", ["golden-profile", f"arn:aws:iam::{ACCOUNT}:instance-profile/golden-profile"])
def test_the_stacks_own_profile_may_be_named(stack: Stack, profile: str) -> None:
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST}, placement={"us-east-1": {"instanceProfile": profile}})
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}


def test_nothing_is_launched_that_could_not_be_terminated(stack: Stack) -> None:
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST}, placement={"us-east-1": {"instanceProfile": "somebody-elses"}})
    assert stack.launch(FIRST) == {"launched": 0, "notLaunched": 1}
    assert stack.calls.of("RunInstances") == []
    reason = row(stack).reason
    assert reason
    assert (reason.code, "somebody-elses" in reason.message) == ("INSTANCE_PROFILE_FOREIGN", True)
    assert "instanceProfile" in reason.remedy


@pytest.mark.parametrize("profile", ["", "somebody-elses"])
def test_an_instance_with_forged_tags_is_not_taken_for_a_launch(stack: Stack, profile: str) -> None:
    """Else somebody else's clean machine would be assessed in the AMI's place."""
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST})
    stack.ledger.update_ami(row(stack), launch_token="asked-before")
    tags = {ASSESSMENT_TAG: "true", STACK_TAG: "golden", RUN_TAG: "run-1", AMI_TAG: FIRST}
    forged = stack.foreign(tags, profile)
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    assert row(stack).instance_id not in ("", forged)


def test_placement_of_another_region_and_a_public_address(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBNET_IDS", "subnet-0000000000000000f")
    ec2 = stack.client("ec2", "eu-west-1")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    stack.image(FIRST, region="eu-west-1")
    stack.image(SECOND, region="eu-central-1")
    regions = {"eu-west-1": {"subnetId": subnet, "publicAddress": True}}
    entries = [{"amiId": FIRST, "region": "eu-west-1"}, {"amiId": SECOND, "region": "eu-central-1"}]
    opened(stack, *entries, placement=regions)
    for batch in stack.ledger.run("run-1").batches:
        assert stack.launch(batch) == {"launched": 1, "notLaunched": 0}
    west, central = stack.calls.of("RunInstances")[::-1]
    assert west["NetworkInterfaces"][0]["SubnetId"] == subnet
    assert west["NetworkInterfaces"][0]["AssociatePublicIpAddress"] is True
    assert "SubnetId" not in central["NetworkInterfaces"][0], "the stack's subnet is of another region"
    assert stack.states("eu-west-1") == stack.states("eu-central-1") == ["running"]


def test_amis_that_need_no_instance_are_passed_over(stack: Stack) -> None:
    stack.image(FIRST)
    stack.image(SECOND)
    opened(stack, {"amiId": FIRST, "engine": "ami"}, {"amiId": SECOND})
    assert stack.launch(FIRST) == {"launched": 0, "notLaunched": 0}
    assert stack.launch(SECOND) == {"launched": 1, "notLaunched": 0}


def test_again_launches_nothing_more(stack: Stack) -> None:
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST})
    assert stack.launch(FIRST) == stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    assert len(stack.instances()) == 1


@pytest.mark.parametrize("operation", ["RunInstances", "UpdateItem"])
def test_a_crash_between_launch_and_ledger_launches_once(stack: Stack, operation: str) -> None:
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST})
    if operation == "RunInstances":
        stack.calls.fail("RunInstances", "InternalError", status=500, after=True)
    else:
        stack.calls.fail("UpdateItem", "InternalServerError", status=500, when=lambda call: "instanceId" in str(call))
    with pytest.raises(ServiceFault):
        stack.launch(FIRST)
    assert len(stack.instances()) == 1
    assert row(stack).instance_id == ""
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    assert row(stack).instance_id == only_instance(stack)["InstanceId"]
    assert len(stack.calls.of("RunInstances")) == 1


def test_the_launch_was_when_ec2_says(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeated call answers the instance of the first one, which is older than the call."""
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST})
    monkeypatch.setattr("golden_ami.instances.launch.now", lambda: datetime(2026, 4, 1, 8, 15, tzinfo=UTC))
    stack.launch(FIRST)
    assert row(stack).launched_at == "2026-04-01T08:00:00Z"


def test_a_refused_repetition_forgets_no_launch(stack: Stack) -> None:
    """Whose answer was lost: Terminate waits for it."""
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST})
    stack.calls.fail("RunInstances", "InternalError", status=500)
    with pytest.raises(ServiceFault):
        stack.launch(FIRST)
    token = row(stack).launch_token
    stack.calls.fail("RunInstances", "VcpuLimitExceeded")
    stack.launch(FIRST)
    assert row(stack).launch_token
    assert token


def test_a_crash_before_ec2_shows_the_instance_repeats_the_client_token(stack: Stack) -> None:
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST})
    stack.calls.fail("RunInstances", "InternalError", status=500)
    with pytest.raises(ServiceFault):
        stack.launch(FIRST)
    stack.launch(FIRST)
    first, second = stack.calls.of("RunInstances")
    assert first == second, "with the same token EC2 answers with the same instance"


def test_an_instance_lost_before_it_was_recorded_is_replaced(stack: Stack) -> None:
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST})
    stack.calls.fail("RunInstances", "InternalError", status=500, after=True)
    with pytest.raises(ServiceFault):
        stack.launch(FIRST)
    stack.client("ec2").terminate_instances(InstanceIds=list(stack.instances()))
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    first, second = stack.calls.of("RunInstances")
    assert first["ClientToken"] != second["ClientToken"]
    assert stack.states() == ["running", "terminated"]


@pytest.mark.parametrize(
    ("code", "status", "ours"),
    [
        ("InsufficientInstanceCapacity", 500, "INSUFFICIENT_CAPACITY"),
        ("InvalidAMIID.NotFound", 400, "AMI_NOT_FOUND"),
        ("InvalidAMIID.Unavailable", 400, "AMI_NOT_FOUND"),
        ("Unsupported", 400, "UNSUPPORTED"),
        ("InvalidParameterValue", 400, "LAUNCH_REFUSED"),
        ("OptInRequired", 401, "SUBSCRIPTION_REQUIRED"),
        ("PendingVerification", 400, "ACCOUNT_NOT_VERIFIED"),
        ("InvalidIamInstanceProfile.NotFound", 400, "INSTANCE_PROFILE_MISSING"),
        ("InvalidSubnetID.NotFound", 400, "NETWORK_MISSING"),
        ("SomethingNew", 400, "LAUNCH_REFUSED"),
    ],
)
def test_a_refusal_costs_one_ami(stack: Stack, code: str, status: int, ours: str) -> None:
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST})
    stack.calls.fail("RunInstances", code, "EC2's own words", status=status, times=9)
    assert stack.launch(FIRST) == {"launched": 0, "notLaunched": 1}
    reason = row(stack).reason
    assert reason is not None
    assert (reason.code, reason.message) == (ours, f"EC2 did not launch the AMI: EC2's own words ({code})")
    assert reason.remedy
    assert stack.launch(FIRST) == {"launched": 0, "notLaunched": 1}, "it is not tried again"


def test_an_ami_that_ec2_does_not_find_may_be_hidden(stack: Stack) -> None:
    """Allowed AMIs that were enabled after Load Config has looked."""
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST})
    stack.calls.fail("RunInstances", "InvalidAMIID.NotFound", "no such image", status=400, times=9)
    stack.launch(FIRST)
    reason = row(stack).reason
    assert reason
    assert "Allowed AMIs" in reason.remedy


@pytest.mark.parametrize("code", ["AuthFailure", "UnauthorizedOperation"])
def test_an_ami_that_may_not_be_launched(stack: Stack, code: str) -> None:
    stack.image(FIRST)
    opened(stack, {"amiId": FIRST})
    stack.calls.fail("RunInstances", code, f"Not authorized for images: [{FIRST}]", status=403)
    assert stack.launch(FIRST) == {"launched": 0, "notLaunched": 1}


@pytest.mark.parametrize(
    ("code", "status", "fault"),
    [
        ("RequestLimitExceeded", 503, Throttled),
        ("InternalError", 500, ServiceFault),
        ("Unavailable", 503, ServiceFault),
        ("NeverHeardOf", 502, ServiceFault),
        ("UnauthorizedOperation", 403, AccessDenied),
    ],
)
def test_faults_are_raised_after_the_others_were_launched(
    stack: Stack, code: str, status: int, fault: type[Exception]
) -> None:
    entries = [{"amiId": stack.image(f"ami-{number:017x}")} for number in range(45)]
    opened(stack, *entries)
    batch = [ami.key for ami in stack.ledger.amis("run-1", "00")]
    assert len(batch) == 2
    stack.calls.fail("RunInstances", code, status=status, when=lambda call: call["ImageId"] == batch[0])
    with pytest.raises(fault):
        stack.launch("00")
    assert [row(stack, key).instance_id != "" for key in batch] == [False, True]
    assert len(stack.calls.pauses) == 2, "ahead of each launch"
    assert stack.launch("00") == {"launched": 2, "notLaunched": 0}
    assert len(stack.instances()) == 2


def test_events_that_cannot_be_read(stack: Stack) -> None:
    with pytest.raises(InvalidEvent, match="batch"):
        stack.launch("")
    with pytest.raises(RunNotFound):
        stack.launch(FIRST)
