"""Checks of what instances under assessment need: profile, network, zones, keys, Allowed AMIs."""

from __future__ import annotations

from typing import Any, NamedTuple

from golden_ami.configuration.catalog import AUDITED
from golden_ami.configuration.zones import zones_of
from golden_ami.models import Ami
from golden_ami.places import home
from golden_ami.reasons.loading import AMI_NOT_ALLOWED, INSTANCE_TYPE_NOT_IN_ZONES
from golden_ami.subnets import public_address, subnets_of
from golden_ami_cli.doctor.model import Diagnosis, Patient, error, names, ok, warning

SSM_POLICY = "AmazonSSMManagedInstanceCore"
CIS_POLICY = "AmazonInspector2ManagedCisPolicy"
# Interface endpoints that the SSM agent needs without a way to the internet (Systems Manager User Guide, "Improve the
# security of EC2 instances by using VPC endpoints"); newer agents do without the last.
ENDPOINTS = ("ssm", "ssmmessages")
OLD_ENDPOINT = "ec2messages"
_MANAGED_KEY = "alias/aws/ebs"  # which whoever uses EC2 in its account may use
_NOT_NEEDED = "not needed: no AMI needs an instance"


def instance_profile(patient: Patient) -> Diagnosis:
    """The instances' role lets Systems Manager, and where asked for the CIS scan, do their work."""
    check = "instance profile"
    if not patient.launched:
        return ok(check, _NOT_NEEDED)
    iam, name = patient.client("iam"), patient.account.settings.instance_profile
    again = "deploy the stack again (sam deploy)"
    try:
        profile = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    except iam.exceptions.NoSuchEntityException:
        return error(check, f"there is no instance profile {name}", again)
    if not profile["Roles"]:
        return error(check, f"{name} has no role", again)
    role = profile["Roles"][0]["RoleName"]
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    attached = {policy["PolicyName"] for page in pages for policy in page["AttachedPolicies"]}
    wanted = [SSM_POLICY, *([CIS_POLICY] if patient.config.cis else [])]
    if missing := [policy for policy in wanted if policy not in attached]:
        remedy = "deploy with CisBenchmark=true" if missing == [CIS_POLICY] else again
        return error(check, f"role {role} lacks {', '.join(missing)}", remedy)
    return ok(check, f"{name} with {', '.join(wanted)}")


def network(patient: Patient) -> Diagnosis:
    """The subnets have a way to Systems Manager: its endpoints, or a route out."""
    check = "route to Systems Manager"
    if not patient.regions(patient.launched).get(patient.account.region):
        return ok(check, _NOT_NEEDED)
    ec2, subnets = patient.client("ec2"), patient.account.settings.subnet_ids
    if not subnets:
        return error(
            check, "the stack has no subnet (Network=none)", "deploy with Network=own or public, or use engine ami"
        )
    pages = ec2.get_paginator("describe_subnets").paginate(Filters=[{"Name": "subnet-id", "Values": [*subnets]}])
    vpcs = {found["SubnetId"]: str(found["VpcId"]) for page in pages for found in page["Subnets"]}
    if len(set(vpcs.values())) > 1:
        cause = "the subnets are in several VPCs: " + ", ".join(f"{one} in {vpc}" for one, vpc in sorted(vpcs.items()))
        return error(check, cause, "deploy with SubnetIds in VpcId alone: the security group is in it")
    told = [_way(patient, ec2, subnet_id, vpcs.get(subnet_id, "")) for subnet_id in subnets]
    for status in ("error", "warning"):
        if worst := next((one for one in told if one.status == status), None):
            return worst
    return ok(check, "; ".join(one.cause for one in told))


def _way(patient: Patient, ec2: Any, subnet_id: str, vpc: str) -> Diagnosis:
    """How a subnet reaches Systems Manager; `vpc` is "" where it does not exist."""
    check = "route to Systems Manager"
    if not vpc:
        return error(check, f"{subnet_id} does not exist", "deploy with SubnetIds that exist, or Network=own")
    missing = [name for name in (*ENDPOINTS, OLD_ENDPOINT) if name not in endpoints(ec2, vpc)]
    if not missing:
        return ok(check, f"{subnet_id} reaches it through endpoints")
    way = way_out(routes(ec2, vpc, subnet_id))
    if way.startswith("igw-") and not public_address(patient.config, home(patient.account.settings)):
        cause = f"{subnet_id} leads to {way}, but instances get no public address"
        remedy = "set publicAddress in the configuration, deploy with Network=public, or give the subnet a NAT gateway"
        return error(check, cause, remedy)
    if way:
        return ok(check, f"{subnet_id} reaches it through {way}")
    if missing == [OLD_ENDPOINT]:
        cause = f"{vpc} has no endpoint {OLD_ENDPOINT}; SSM agents before 3.3.40 need it"
        return warning(check, cause, "add the endpoint, if AMIs carry such an agent")
    cause = f"{subnet_id} has no route out, and {vpc} no endpoint with private DNS for {', '.join(missing)}"
    return error(check, cause, "deploy with Network=own, or add the endpoints or a NAT gateway")


def zones(patient: Patient) -> Diagnosis:
    """The Availability Zones of the subnets offer the configuration's instance types, more than one of them each."""
    check = "zones of instance types"
    refused = [ami for ami in patient.amis if ami.reason and ami.reason.code == INSTANCE_TYPE_NOT_IN_ZONES.code]
    if refused and refused[0].reason:
        return error(check, f"{names(refused)}: {refused[0].reason.message}", refused[0].reason.remedy)
    told = [one for region, amis in patient.regions(patient.launched).items() for one in _offers(patient, region, amis)]
    said = "; ".join(one.said for one in told)
    if any(len(one.offering) < 2 for one in told):
        remedy = (
            "without capacity in that zone AMIs would be NOT ASSESSED: deploy with AvailabilityZones or SubnetIds in "
            "several zones that offer the type, or name such subnets in placement"
        )
        return warning(check, said, remedy)
    return ok(check, said or "not needed: no AMI is launched in a subnet that is named")


class _Offer(NamedTuple):
    """Which zones of the subnets offer a type, by their names, and which do not."""

    instance_type: str
    offering: list[str]
    lacking: list[str]

    @property
    def said(self) -> str:
        lacking = f", not in {', '.join(self.lacking)}" if self.lacking else ""
        return f"{self.instance_type} in {', '.join(self.offering) or 'no zone that EC2 tells'}{lacking}"


def _offers(patient: Patient, region: str, amis: list[Ami]) -> list[_Offer]:
    """One for each type that is launched in subnets of the region that the stack or the configuration names."""
    subnets = {one for ami in amis for one in subnets_of(patient.config, ami, patient.account.settings)}
    if not subnets:
        return []
    types = sorted({ami.entry.instance_type for ami in amis})
    found = zones_of(patient.client("ec2", region), subnets, types)
    here = sorted(set(found.of_subnets.values()))
    return [
        _Offer(kind, [zone for zone in here if zone in offering], [zone for zone in here if zone not in offering])
        for kind, offering in ((kind, found.offering.get(kind, frozenset())) for kind in types)
    ]


def endpoints(ec2: Any, vpc: str) -> set[str]:
    """The services that the VPC's endpoints with private DNS answer for."""
    found = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
    return {
        str(endpoint["ServiceName"]).rpartition(".")[2]
        for endpoint in found
        if endpoint.get("PrivateDnsEnabled") and str(endpoint["State"]).lower() == "available"
    }


def routes(ec2: Any, vpc: str, subnet_id: str) -> list[dict[str, Any]]:
    """The routes of the subnet: of its own table, else of the VPC's main one."""
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    own = [table for table in tables if any(one.get("SubnetId") == subnet_id for one in table["Associations"])]
    main = [table for table in tables if any(one.get("Main") for one in table["Associations"])]
    return list((own or main or [{"Routes": []}])[0]["Routes"])


def way_out(found: list[dict[str, Any]]) -> str:
    """What the route to the internet leads to; "" without one."""
    for route in found:
        if route.get("DestinationCidrBlock") == "0.0.0.0/0" and route.get("State", "active") == "active":
            ways = ("NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "InstanceId", "GatewayId")
            return next((str(route[way]) for way in ways if route.get(way)), "")
    return ""


def keys(patient: Patient) -> Diagnosis:
    """The keys of the instances' volumes are usable, and the stack may use them."""
    check = "KMS keys"
    used: dict[tuple[str, str], str] = {}  # by Region and key, what it encrypts
    for region, amis in patient.regions(patient.launched).items():
        ec2 = patient.client("ec2", region)
        found = _keys(ec2, [ami.ami_id for ami in amis])
        encrypted = {ami_id for ami_id, _ in found}
        used |= {(region, key): ami_id for ami_id, key in found}
        # Of a plain snapshot, or another account's, a new volume takes the default key (EBS User Guide, "Amazon EBS
        # encryption examples"; of another account's that is inferred).
        if any(ami.ami_id not in encrypted or ami.owner_id != ami.account for ami in amis):
            key = str(ec2.get_ebs_default_kms_key_id()["KmsKeyId"])
            if not key.endswith(_MANAGED_KEY):
                used.setdefault((region, key), f"new volumes by default in {region}")
    problems = (_key_problem(patient, region, key, what) for (region, key), what in used.items())
    usable = f"{len(used)} keys of AMIs and new volumes, all usable" if used else "no AMI is encrypted"
    return next((one for one in problems if one), None) or ok(check, usable)


def _key_problem(patient: Patient, region: str, key: str, what: str) -> Diagnosis | None:
    check, kms = "KMS keys", patient.client("kms", region)
    try:
        metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    except kms.exceptions.NotFoundException:
        return error(check, f"{key}, which encrypts {what}, does not exist", "encrypt a copy of the AMI anew")
    if metadata["KeyState"] != "Enabled":
        cause = f"{key}, which encrypts {what}, is {metadata['KeyState']}"
        return error(check, cause, f"aws kms enable-key --key-id {key} --region {region}")
    allowed = set(filter(None, patient.account.parameters.get("AmiKeyArns", "").split(",")))
    if metadata.get("KeyManager") == "CUSTOMER" and metadata["Arn"] not in allowed:
        cause = f"the stack may not use {metadata['Arn']}, which encrypts {what}"
        remedy = (
            f"deploy with AmiKeyArns={metadata['Arn']}, and let the key's policy allow the role of launch-instances"
        )
        return error(check, cause, remedy)
    return None


def _keys(ec2: Any, ids: list[str]) -> list[tuple[str, str]]:
    """AMIs and the keys of their encrypted snapshots."""
    snapshots: dict[str, str] = {}
    for some in range(0, len(ids), 200):  # values that a filter takes
        wanted = [{"Name": "image-id", "Values": ids[some : some + 200]}]
        for page in ec2.get_paginator("describe_images").paginate(Filters=wanted):
            for image in page["Images"]:
                for mapping in image.get("BlockDeviceMappings", ()):
                    if snapshot := mapping.get("Ebs", {}).get("SnapshotId"):
                        snapshots[snapshot] = image["ImageId"]
    found = []
    every = sorted(snapshots)
    for some in range(0, len(every), 200):
        wanted = [{"Name": "snapshot-id", "Values": every[some : some + 200]}]
        for page in ec2.get_paginator("describe_snapshots").paginate(Filters=wanted):
            found += [
                (snapshots[one["SnapshotId"]], one["KmsKeyId"])
                for one in page["Snapshots"]
                if one.get("Encrypted") and one.get("KmsKeyId")
            ]
    return found


def allowed_images(patient: Patient) -> Diagnosis:
    """Allowed AMIs hide no AMI of the configuration, nor would they if they were enabled."""
    check = "Allowed AMIs"
    asked = [ami for ami in patient.amis if ami.reason is None or ami.reason.code == AMI_NOT_ALLOWED.code]
    states = {
        region: patient.client("ec2", region).get_allowed_images_settings()["State"]
        for region in patient.regions(asked)
    }
    said = ", ".join(f"{state} in {region}" for region, state in states.items()) or "no AMI is looked up here"
    see = "see the criteria (aws ec2 get-allowed-images-settings) and let them name the AMI's provider or name"
    if hidden := [ami for ami in asked if ami.reason]:
        return error(check, f"{said}: {names(hidden)} may be hidden", see)
    if warned := [ami for ami in asked if AUDITED in ami.notes]:
        return warning(check, f"{said}: {names(warned)} would be hidden once it is enabled", see)
    return ok(check, said)
