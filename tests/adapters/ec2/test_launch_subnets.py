"""launch-instances: which subnets are tried, in which order, and when another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from golden_ami.errors import ServiceFault
from golden_ami.models import Ami, AmiEntry, Config
from golden_ami.settings import Settings
from golden_ami.subnets import subnets_of

if TYPE_CHECKING:
    from tests.adapters.ec2.conftest import Stack

FIRST = "ami-00000000000000001"
ACCOUNT = "123456789012"
NO_ZONE = "Your requested instance type (t3.small) is not supported in your requested Availability Zone (us-east-1e)."


def opened(stack: Stack, **config: Any) -> None:
    """A run of the first AMI."""
    stack.image(FIRST)
    stack.load({"amis": [{"amiId": FIRST, "instanceType": "t3.small"}], **config})


def row(stack: Stack) -> Ami:
    [ami] = stack.ledger.amis("run-1")
    return ami


def only_instance(stack: Stack) -> dict[str, Any]:
    [instance] = stack.instances().values()
    return instance


@pytest.fixture
def subnets(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three subnets of the stack, in the order in which they are tried for the first AMI."""
    ec2 = stack.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")
        for number, zone in enumerate("abc")
    ]
    ids = [one["Subnet"]["SubnetId"] for one in made]
    monkeypatch.setenv("SUBNET_IDS", ",".join(ids))
    return tried_for(FIRST, ids)


def tried_for(key: str, ids: list[str]) -> list[str]:
    entry, here = AmiEntry(ami_id=key), "us-east-1"
    ami = Ami(run_id="r", batch="b", key=key, ami_id=key, entry=entry, engine="instance", region=here, account=ACCOUNT)
    settings = Settings.load({"AWS_REGION": "us-east-1", "ACCOUNT_ID": ACCOUNT, "SUBNET_IDS": ",".join(ids)}, ())
    return subnets_of(Config(), ami, settings)


def asked(stack: Stack) -> list[str]:
    """The subnets that EC2 was asked to launch in, in that order."""
    return [request["NetworkInterfaces"][0]["SubnetId"] for request in stack.calls.of("RunInstances")]


def refuse(stack: Stack, subnet: str, code: str, message: str = NO_ZONE, *, status: int = 400, times: int = 9) -> None:
    stack.calls.fail("RunInstances", code, message, status=status, times=times, when=lambda call: subnet in str(call))


def test_amis_are_spread_over_the_subnets_always_the_same_way() -> None:
    ids = [f"subnet-0000000{number}" for number in range(3)]
    first = [tried_for(f"ami-{number:017x}", ids)[0] for number in range(300)]
    assert {one: 80 < first.count(one) < 120 for one in ids} == dict.fromkeys(ids, True)
    assert first == [tried_for(f"ami-{number:017x}", ids[::-1])[0] for number in range(300)]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Unsupported", 400),
        ("InsufficientInstanceCapacity", 500),
        ("Server.InsufficientInstanceCapacity", 500),
        ("InsufficientHostCapacity", 500),
        ("InsufficientVolumeCapacity", 500),
        ("InsufficientFreeAddressesInSubnet", 400),
        ("InvalidSubnetID.NotFound", 400),
    ],
)
def test_another_subnet_is_tried_where_it_may_heal(stack: Stack, subnets: list[str], code: str, status: int) -> None:
    opened(stack)
    for subnet in subnets[:2]:
        refuse(stack, subnet, code, status=status)
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    assert asked(stack) == subnets
    assert only_instance(stack)["SubnetId"] == subnets[2]
    tokens = [request["ClientToken"] for request in stack.calls.of("RunInstances")]
    assert len(set(tokens)) == 3, "in another zone EC2 launches once more with the same token"
    ami = row(stack)
    assert (ami.launch_token, ami.reason) == (tokens[2], None)


@pytest.mark.parametrize("code", ["VcpuLimitExceeded", "InvalidAMIID.NotFound", "SomethingNew"])
def test_no_other_subnet_is_tried_where_it_cannot_heal(stack: Stack, subnets: list[str], code: str) -> None:
    opened(stack)
    refuse(stack, "subnet", code)
    assert stack.launch(FIRST) == {"launched": 0, "notLaunched": 1}
    assert asked(stack) == subnets[:1]


def test_a_reason_names_type_subnets_and_what_ec2_says(stack: Stack, subnets: list[str]) -> None:
    opened(stack)
    words = "We currently do not have sufficient t3.small capacity in the Availability Zone you requested (us-east-1a)."
    refuse(stack, subnets[0], "Unsupported")
    refuse(stack, subnets[1], "InsufficientInstanceCapacity", words, status=500)
    refuse(stack, subnets[2], "InsufficientFreeAddressesInSubnet", "no address")
    assert stack.launch(FIRST) == {"launched": 0, "notLaunched": 1}
    ami = row(stack)
    assert ami.reason
    assert ami.reason.code == "INSUFFICIENT_CAPACITY", "what may heal by itself"
    assert ami.reason.message == (
        f"EC2 did not launch the AMI as t3.small in any of its subnets: {subnets[0]}: {NO_ZONE} (Unsupported); "
        f"{subnets[1]}: {words} (InsufficientInstanceCapacity); "
        f"{subnets[2]}: no address (InsufficientFreeAddressesInSubnet)"
    )
    for remedy in ("later", "instanceType", "SubnetIds", "AvailabilityZones", "placement"):
        assert remedy in ami.reason.remedy
    assert ami.launch_token == "", "nothing was launched: Terminate waits for nothing"
    assert stack.terminate() == {"launched": 0, "terminated": 0, "running": 0}


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        ("InsufficientInstanceCapacity", "INSUFFICIENT_CAPACITY"),
        ("InsufficientFreeAddressesInSubnet", "SUBNET_FULL"),
        ("Unsupported", "UNSUPPORTED"),
        ("InvalidSubnetID.NotFound", "NETWORK_MISSING"),
    ],
)
def test_the_reason_of_all_subnets_has_the_code_of_one(stack: Stack, subnets: list[str], code: str, ours: str) -> None:
    opened(stack)
    refuse(stack, "subnet", code)
    stack.launch(FIRST)
    assert asked(stack) == subnets
    reason = row(stack).reason
    assert reason
    assert (reason.code, reason.message.count(NO_ZONE)) == (ours, 3)


def test_a_quota_that_a_second_subnet_meets_is_the_reason(stack: Stack, subnets: list[str]) -> None:
    opened(stack)
    refuse(stack, subnets[0], "Unsupported")
    refuse(stack, subnets[1], "VcpuLimitExceeded", "too many")
    stack.launch(FIRST)
    assert asked(stack) == subnets[:2]
    reason = row(stack).reason
    assert reason
    assert reason.code == "VCPU_LIMIT"
    assert "too many (VcpuLimitExceeded)" in reason.message


def test_a_lost_answer_is_asked_for_in_its_own_subnet(stack: Stack, subnets: list[str]) -> None:
    """By then the subnet that comes first may have capacity: its launch would be a second one."""
    opened(stack)
    refuse(stack, subnets[0], "InsufficientInstanceCapacity", status=500, times=1)
    stack.calls.fail("RunInstances", "InternalError", status=500, when=lambda call: subnets[1] in str(call))
    with pytest.raises(ServiceFault):
        stack.launch(FIRST)
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    assert asked(stack) == [subnets[0], subnets[1], subnets[1]]
    _, second, third = stack.calls.of("RunInstances")
    assert second == third, "with the same token EC2 answers with the same instance"


def test_a_launch_that_was_answered_late_is_looked_for_once_more(
    stack: Stack, subnets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were its repetition refused all the same, no other subnet may be tried before EC2 was asked."""
    opened(stack)
    stack.calls.fail("RunInstances", "InternalError", status=500, after=True)
    with pytest.raises(ServiceFault):
        stack.launch(FIRST)
    monkeypatch.setattr("golden_ami.instances.launch.find", lambda *_, **__: [])  # not listed yet
    refuse(stack, subnets[0], "InsufficientInstanceCapacity", status=500)
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    assert asked(stack) == [subnets[0]] * 2
    assert row(stack).instance_id == only_instance(stack)["InstanceId"]


def test_a_repetition_that_is_refused_goes_on_in_the_next_subnet(stack: Stack, subnets: list[str]) -> None:
    opened(stack)
    stack.calls.fail("RunInstances", "InternalError", status=500)
    with pytest.raises(ServiceFault):
        stack.launch(FIRST)
    refuse(stack, subnets[0], "InsufficientInstanceCapacity", status=500)
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    assert asked(stack) == [subnets[0], subnets[0], subnets[1]]


def test_a_lost_launch_in_a_subnet_that_is_gone_is_waited_for(
    stack: Stack, subnets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stack was updated meanwhile: the call cannot be repeated, and EC2 may not list its instance yet."""
    opened(stack)
    stack.calls.fail("RunInstances", "InternalError", status=500)
    with pytest.raises(ServiceFault):
        stack.launch(FIRST)
    monkeypatch.setenv("SUBNET_IDS", ",".join(subnets[1:]))
    with pytest.raises(ServiceFault, match="does not list yet"):
        stack.launch(FIRST)
    stack.clock.shift(301)
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    assert asked(stack) == subnets[:2]


def test_placement_may_name_several_subnets(stack: Stack, subnets: list[str]) -> None:
    placement = {"us-east-1": {"subnetIds": [subnets[2]], "subnetId": subnets[1]}}
    opened(stack, placement=placement)
    refuse(stack, subnets[1], "Unsupported")
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    assert asked(stack) == subnets[1:]


def test_a_launch_names_a_subnet_though_all_are_known_to_lack_the_type(stack: Stack, subnets: list[str]) -> None:
    """The stack's subnets have changed since Load Config. Without one, EC2 would choose, and by IAM refuse."""
    opened(stack)
    stack.ledger.update_ami(row(stack), lacking_subnets=subnets)
    assert stack.launch(FIRST) == {"launched": 1, "notLaunched": 0}
    assert asked(stack) == subnets[:1]


def test_a_subnet_whose_zone_lacks_the_type_is_not_tried(stack: Stack, subnets: list[str]) -> None:
    opened(stack)
    stack.ledger.update_ami(row(stack), lacking_subnets=subnets[:1])
    refuse(stack, "subnet", "InsufficientInstanceCapacity", "no capacity", status=500)
    stack.launch(FIRST)
    assert asked(stack) == subnets[1:]
    reason = row(stack).reason
    assert reason
    assert f"{subnets[0]}: not tried, as its Availability Zone does not offer the type" in reason.message
