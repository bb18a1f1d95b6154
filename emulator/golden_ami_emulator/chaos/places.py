"""A second place beside the stack's own, in another account and region, prepared as docs/places.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_ami_emulator.world import ACCOUNT, REGION

if TYPE_CHECKING:
    from golden_ami_emulator.embedded import Embedded

Place = tuple[str, str]  # account, region
HOME: Place = (ACCOUNT, REGION)
AWAY: Place = ("222222222222", "eu-west-1")
PARAMETERS = {
    "AdditionalRegions": AWAY[1],
    "MemberAccountIds": AWAY[0],
    "MemberRoleName": "GoldenAmiAssessmentMember",
    "MemberExternalId": "between-us",
}


def prepare(aws: Embedded) -> str:
    """Deploy the member role and the forwarding of Inspector's events; the id of the subnet to launch in."""
    from golden_ami_emulator.project import MEMBER_EVENTS, MEMBER_ROLE

    account, region = AWAY
    subnet = _subnet(aws)
    role = {
        "HubAccountId": ACCOUNT,
        "HubStackName": aws.stack_name,
        "HubRoleArns": aws.outputs["MemberRoleCallers"],
        "ExternalId": PARAMETERS["MemberExternalId"],
        "InstanceProfileName": aws.outputs["InstanceProfileName"],
        "SubnetArns": f"arn:aws:ec2:{region}:{account}:subnet/{subnet}",
    }
    aws.deploy(MEMBER_ROLE, role, name="member", account=account, region=REGION)
    hub = {"HubAccountId": ACCOUNT, "HubRegion": REGION}
    aws.deploy(MEMBER_EVENTS, hub, name="member-events", account=account, region=region)
    return subnet


def _subnet(aws: Embedded) -> str:
    account, region = AWAY
    filters = [{"Name": "default-for-az", "Values": ["true"]}]
    found = aws.client("ec2", region, account).describe_subnets(Filters=filters)
    return str(found["Subnets"][0]["SubnetId"])
