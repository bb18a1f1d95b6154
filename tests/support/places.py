"""Two accounts with two regions each, prepared as docs/ says: the stack in one place, AMIs in all four."""

from __future__ import annotations

from typing import Any

import permissions
from permissions import finding

from golden_ami.models import ASSESSMENT_TAG, EXPIRY_TAG, STACK_TAG
from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.project import ROOT
from golden_ami_emulator.world import ACCOUNT, REGION, Behaviour, Image, World

MEMBER = "222222222222"
OTHER = "eu-west-1"
HOME = permissions.HOME
PLACES = [HOME, (ACCOUNT, OTHER), (MEMBER, REGION), (MEMBER, OTHER)]
PARAMETERS = {
    "AdditionalRegions": OTHER,
    "MemberAccountIds": MEMBER,
    "MemberRoleName": "GoldenAmiAssessmentMember",
    "MemberExternalId": "between-us",
    "CisBenchmark": "true",
    "ActOnAmis": "true",
}


def amis(place: tuple[str, str]) -> tuple[str, str]:
    """A place's two AMIs: one for an instance, one for the on-demand scan."""
    number = PLACES.index(place) + 1
    return f"ami-{number:016x}1", f"ami-{number:016x}2"


def world(place: tuple[str, str], **behaviour: Any) -> World:
    """What a place holds. In each, Inspector finds another number of things."""
    number = PLACES.index(place) + 1
    images = [Image(ami, f"image {ami}", {"Name": f"of {place[0]}"}, owner=place[0]) for ami in amis(place)]
    return World(images, {"*": [finding(each) for each in range(number)]}, {"*": Behaviour(**behaviour)})


def opened(**behaviour: Any) -> Embedded:
    """The account with the stack; `prepare` must follow."""
    elsewhere = {place: world(place, **behaviour) for place in PLACES[1:]}
    return Embedded(world(HOME, **behaviour), parameters=PARAMETERS, elsewhere=elsewhere)


def prepare(aws: Embedded, *, events: bool = True, external_id: str = "between-us") -> None:
    """Deploy the member role, and where `events` says so the forwarding of Inspector's events."""
    subnets = [
        f"arn:aws:ec2:{region}:{MEMBER}:subnet/{subnet(aws, (account, region))}"
        for account, region in PLACES
        if account == MEMBER
    ]
    role = {
        "HubAccountId": ACCOUNT,
        "HubRoleArns": aws.outputs["MemberRoleCallers"],
        "HubStackName": aws.stack_name,
        "ExternalId": external_id,
        "InstanceProfileName": aws.outputs["InstanceProfileName"],
        "SubnetArns": ",".join(subnets),
        "CisBenchmark": "true",
        "ActOnAmis": "true",
    }
    aws.deploy(ROOT / "docs" / "member-role.yaml", role, name="member", account=MEMBER, region=REGION)
    hub = {"HubAccountId": ACCOUNT, "HubRegion": REGION}
    for account, region in PLACES[1:] if events else []:
        aws.deploy(ROOT / "docs" / "member-events.yaml", hub, name=f"events-{region}", account=account, region=region)


def subnet(aws: Embedded, place: tuple[str, str]) -> str:
    """A place's default subnet."""
    account, region = place
    found = aws.client("ec2", region, account).describe_subnets(
        Filters=[{"Name": "default-for-az", "Values": ["true"]}]
    )
    return str(found["Subnets"][0]["SubnetId"])


def configuration(aws: Embedded, **settings: Any) -> dict[str, Any]:
    """All AMIs of all places, with their subnets."""
    entries = [
        {"amiId": ami, "account": place[0], "region": place[1], "engine": engine}
        for place in PLACES
        for ami, engine in zip(amis(place), ("instance", "ami"), strict=True)
    ]
    placement = {f"{account}/{region}": {"subnetId": subnet(aws, (account, region))} for account, region in PLACES[1:]}
    return {"version": 1, "amis": entries, "placement": placement, **settings}


def orphan(aws: Embedded, place: tuple[str, str]) -> None:
    """An instance of ours in a place, whose run is long over."""
    tags = {STACK_TAG: aws.stack_name, ASSESSMENT_TAG: "true", EXPIRY_TAG: "2020-01-01T00:00:00Z"}
    permissions.launch(aws, amis(place)[0], tags, place=place)


def exercise(aws: Embedded) -> None:
    """What needs each permission of the member role."""
    prepare(aws)
    act = {"dryRun": False, "tagAmis": True, "deprecate": True}
    document = configuration(aws, cis="LEVEL_1", securityHub=True, act=act)
    there = {"account": MEMBER, "region": OTHER}
    aws.client("ssm", OTHER, MEMBER).put_parameter(Name="/golden-amis/web", Value=amis(PLACES[3])[1], Type="String")
    document["amis"][-1]["amiId"] = "resolve:ssm:/golden-amis/web"
    service = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    document["amis"].append({"amiId": service, "engine": "ami", **there})
    document["amis"].append({"amiId": permissions.GONE, **there})
    scanned = amis(PLACES[3])[1]
    aws.client("inspector2", OTHER, MEMBER).start_on_demand_scan(resourceId=scanned, resourceType="AMI")
    permissions.without_service_roles(aws, MEMBER)  # the run's scans are to be the first
    permissions.run(aws, document)
    permissions.run(aws, configuration(aws, act=act, policy=permissions.PASSING))
    permissions.run(aws, configuration(aws), stop="Wait For Boot")
    for place in PLACES:
        orphan(aws, place)
    aws.fire_schedule("ReapSchedule")
    aws.clock.sleep(60)
