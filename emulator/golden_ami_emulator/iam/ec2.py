"""What EC2's requests need. RunInstances is authorised for every resource that it creates or uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from golden_ami_emulator.iam.policy import Need
from golden_ami_emulator.iam.request import Builder, Request, anywhere, on, tags_of, through

# EC2's guide, "Amazon EBS encryption": permissions for a customer managed key.
_VOLUME_KEY = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext",
               "kms:ReEncryptFrom", "kms:ReEncryptTo")  # fmt: skip
_KINDS = {"ami": "image", "i": "instance", "vol": "volume", "snap": "snapshot", "eni": "network-interface"}
_OF_NO_ACCOUNT = frozenset({"image", "snapshot"})

Keys = dict[str, Sequence[str]]


def _backend(request: Request) -> Any:
    from moto.ec2.models import ec2_backends

    return ec2_backends[request.account][request.region]


def _tags(request: Request, resource_id: str) -> Keys:
    """Condition keys of the tags that a resource carries."""
    return tags_of("aws:ResourceTag", _backend(request).tags.get(resource_id, {}))


def _arn(request: Request, kind: str, resource_id: str) -> str:
    return request.arn("ec2", f"{kind}/{resource_id}", account="" if kind in _OF_NO_ACCOUNT else None)


def _run_instances(request: Request) -> Iterator[Need]:
    parameters = request.parameters
    given = {
        one["ResourceType"]: {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        for one in parameters.get("TagSpecifications", [])
    }
    for kind, keys in (("instance", _instance_keys(request)), ("volume", _volume_keys(parameters))):
        tags = tags_of("aws:RequestTag", given.get(kind, {}))
        yield Need("ec2:RunInstances", _arn(request, kind, "*"), {**keys, **tags})
        if given.get(kind):
            yield Need("ec2:CreateTags", _arn(request, kind, "*"), {"ec2:createaction": ["RunInstances"], **tags})
    image = str(parameters["ImageId"])
    yield Need("ec2:RunInstances", _arn(request, "image", image), {"ec2:imageid": [image], **_tags(request, image)})
    yield from _network(request, given.get("network-interface", {}))
    if "KeyName" in parameters:
        yield Need("ec2:RunInstances", _arn(request, "key-pair", parameters["KeyName"]))
    if "LaunchTemplate" in parameters:
        template = parameters["LaunchTemplate"].get("LaunchTemplateId", "*")
        yield Need("ec2:RunInstances", _arn(request, "launch-template", template))
    yield from _passed_role(request, parameters.get("IamInstanceProfile"))


def volume_key_needs(request: Request, key: str) -> Iterator[Need]:
    """What EC2 does with a customer's key in the launcher's name, once RunInstances has answered."""
    yield from through(request, "ec2", key, _VOLUME_KEY)


def _instance_keys(request: Request) -> Keys:
    parameters = request.parameters
    metadata = parameters.get("MetadataOptions", {})
    profile = _profile_of(request, parameters.get("IamInstanceProfile"))
    keys = {
        "ec2:instancetype": parameters.get("InstanceType"),
        "ec2:metadatahttptokens": metadata.get("HttpTokens"),
        "ec2:metadatahttpendpoint": metadata.get("HttpEndpoint"),
        "ec2:instanceprofile": profile.arn if profile else None,
    }
    return {name: [str(value)] for name, value in keys.items() if value is not None}


def _volume_keys(parameters: Mapping[str, Any]) -> Keys:
    encrypted = {str(one["Ebs"].get("Encrypted", False)).lower() for one in _disks(parameters)}
    return {"ec2:encrypted": sorted(encrypted)} if encrypted else {}


def _disks(parameters: Mapping[str, Any]) -> list[Any]:
    return [one for one in parameters.get("BlockDeviceMappings", []) if "Ebs" in one]


def _network(request: Request, tags: Mapping[str, str]) -> Iterator[Need]:
    """The interface, its subnet and groups; EC2 takes the region's default ones where none is given."""
    interfaces = request.parameters.get("NetworkInterfaces") or [{}]
    for interface in interfaces:
        public = str(interface.get("AssociatePublicIpAddress", False)).lower()
        keys: Keys = {"ec2:associatepublicipaddress": [public], **tags_of("aws:RequestTag", tags)}
        yield Need("ec2:RunInstances", _arn(request, "network-interface", "*"), keys)
        subnet = interface.get("SubnetId") or request.parameters.get("SubnetId") or _default_subnet(request)
        of_subnet = {"ec2:subnetid": [subnet], **_tags(request, subnet)}
        yield Need("ec2:RunInstances", _subnet_arn(request, subnet), of_subnet)
        groups = interface.get("Groups") or request.parameters.get("SecurityGroupIds") or [_default_group(request)]
        for group in groups:
            yield Need("ec2:RunInstances", _arn(request, "security-group", group), _tags(request, group))


def _subnet_arn(request: Request, subnet_id: str) -> str:
    """Of its owner's account, which may share it."""
    zones = _backend(request).subnets.values()
    owner = next((str(zone[subnet_id].owner_id) for zone in zones if subnet_id in zone), None)
    return request.arn("ec2", f"subnet/{subnet_id}", account=owner)


def _default_subnet(request: Request) -> str:
    return next((str(subnet.id) for subnet in _backend(request).get_default_subnets().values()), "none")


def _default_group(request: Request) -> str:
    group = _backend(request).get_default_security_group()
    return str(group.id) if group else "none"


def _passed_role(request: Request, profile: Mapping[str, str] | None) -> Iterator[Need]:
    found = _profile_of(request, profile)
    for role in found.roles if found else ():
        yield Need("iam:PassRole", role.arn, {"iam:passedtoservice": ["ec2.amazonaws.com"]})


def _profile_of(request: Request, given: Mapping[str, str] | None) -> Any:
    """moto's instance profile of a request's name or ARN, or None."""
    from moto.iam.models import iam_backends

    if not given:
        return None
    profiles = iam_backends[request.account][request.partition].instance_profiles.values()
    return next((one for one in profiles if given.get("Name") == one.name or given.get("Arn") == one.arn), None)


def _terminate(request: Request) -> Iterator[Need]:
    """Of instances that exist; EC2 answers for the others that they do not."""
    backend = _backend(request)
    known = {instance.id for instance in backend.all_instances()}
    for instance in request.parameters["InstanceIds"]:
        if instance in known:
            association = backend.iam_instance_profile_associations.get(instance)
            profile = {"ec2:instanceprofile": [association.iam_instance_profile.arn]} if association else {}
            keys = {**_tags(request, instance), **profile}
            yield Need("ec2:TerminateInstances", _arn(request, "instance", instance), keys)


def _create_tags(request: Request) -> Iterator[Need]:
    given = tags_of("aws:RequestTag", {tag["Key"]: tag["Value"] for tag in request.parameters["Tags"]})
    for resource in request.parameters["Resources"]:
        if kind := _KINDS.get(resource.partition("-")[0]):  # of another id EC2 answers that it is not valid
            yield Need("ec2:CreateTags", _arn(request, kind, resource), {**given, **_tags(request, resource)})


TABLE: dict[str, Builder] = {
    **anywhere(
        "ec2",
        "ec2",
        "DescribeImages",
        "DescribeInstances",
        "DescribeInstanceTypeOfferings",
        "DescribeInstanceTypes",
        "DescribeSubnets",
        "GetAllowedImagesSettings",
        "GetImageFindings",
    ),
    "ec2:RunInstances": _run_instances,
    "ec2:TerminateInstances": _terminate,
    "ec2:CreateTags": _create_tags,
    **{
        action: on(action, lambda request: _arn(request, "image", request.parameters["ImageId"]))
        for action in ("ec2:DisableImageDeprecation", "ec2:EnableImageDeprecation")
    },
}
