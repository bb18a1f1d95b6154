"""Reasons that Launch Instances gives. `instances.refusals` says which of them each of EC2's error codes is."""

from __future__ import annotations

from golden_ami.reasons import loading
from golden_ami.reasons.cause import Cause

_MESSAGE = "EC2 did not launch the AMI: {said} ({error})"
_QUOTA = "ask for a higher EC2 quota in Service Quotas, or assess fewer AMIs at once"
_OTHER_TYPE = "give another instanceType in the configuration"
_OTHER_ZONES = (
    "give subnets in other Availability Zones: the template's AvailabilityZones or SubnetIds, or placement of the "
    "region in the configuration"
)
_NETWORK = "correct the stack's subnet and security group, or placement of the region in the configuration"


def _refused(code: str, when: str, remedy: str) -> Cause:
    return Cause(code, f"Launch Instances: {when}", _MESSAGE, remedy)


INSUFFICIENT_CAPACITY = _refused(
    "INSUFFICIENT_CAPACITY",
    "EC2 has no capacity for the instance now",
    f"run the assessment again later, or {_OTHER_TYPE}, or {_OTHER_ZONES}",
)
SUBNET_FULL = _refused("SUBNET_FULL", "the subnet has no free address", _NETWORK)
NETWORK_MISSING = _refused("NETWORK_MISSING", "EC2 does not find the subnet or the security group", _NETWORK)

VCPU_QUOTA = Cause(
    "VCPU_LIMIT",
    when="Launch Instances: the quota of vCPUs has no room for the instance",
    message="EC2 did not launch the AMI as {type}[, which has {vcpus} vCPUs]: {why}[; the quota is {quota}, {code}, "
    "in {place}]",
    remedy="ask for a higher quota in the Service Quotas console[ (aws service-quotas request-service-quota-increase "
    "--service-code ec2 --quota-code {code} --region {region} --desired-value VCPUS)], give an instanceType with fewer "
    "vCPUs in the configuration, or assess fewer AMIs at once",
)
RUN_BUDGET_EXHAUSTED = Cause(
    "RUN_BUDGET_EXHAUSTED",
    when="Plan Wave: the time or the events that the execution has left are too few for another wave",
    message="the run ended before the AMI's turn came: {why}",
    remedy="ask for a higher quota of vCPUs in Service Quotas, so that more AMIs are assessed at once, or spread the "
    "AMIs over several configurations",
)
INSTANCE_LIMIT = _refused("INSTANCE_LIMIT", "the quota of instances is used up", _QUOTA)
VOLUME_LIMIT = _refused("VOLUME_LIMIT", "the quota of volumes or of their IOPS is used up", _QUOTA)
NETWORK_INTERFACE_LIMIT = _refused("NETWORK_INTERFACE_LIMIT", "the quota of network interfaces is used up", _QUOTA)

AMI_NOT_FOUND = loading.AMI_NOT_FOUND.also(
    "Launch Instances: EC2 does not find the AMI",
    _MESSAGE,
    "correct the AMI id in the configuration, share the AMI with this account, or let its Allowed AMIs name it",
)
AMI_NOT_AVAILABLE = loading.AMI_NOT_AVAILABLE.also("Launch Instances: the AMI is no longer available", _MESSAGE)
AMI_NOT_SHARED = _refused(
    "AMI_NOT_SHARED",
    "EC2 denies this account the AMI",
    "share the AMI, and the KMS key of its snapshots, with this account",
)
AMI_NOT_ALLOWED = loading.AMI_NOT_ALLOWED.also(
    "Launch Instances: a policy denies the AMI",
    _MESSAGE,
    "allow the AMI in the organization's and the account's policies",
)
SUBSCRIPTION_REQUIRED = _refused(
    "SUBSCRIPTION_REQUIRED",
    "the AMI needs a subscription in AWS Marketplace",
    "accept the AMI's terms in AWS Marketplace, from this account",
)
SNAPSHOT_MISSING = _refused(
    "SNAPSHOT_MISSING", "a snapshot of the AMI is gone", "create the AMI again; a snapshot of it is gone"
)
VOLUME_KEY_REFUSED = Cause(
    "VOLUME_KEY_REFUSED",
    when="Check Agents, Tag Findings: EC2 ended the instance at its launch, with StateReason Client.InternalError or "
    "Client.InvalidKMSKey",
    message="EC2 ended instance {instance} at its launch: {why}; the KMS key that encrypts its volumes is not enabled, "
    "or whoever launches may not use it",
    remedy="golden-ami doctor names the key, which is that of the AMI's snapshots or the account's default for EBS "
    "(aws ec2 get-ebs-default-kms-key-id): enable it, deploy with its ARN in AmiKeyArns (in another account in that of "
    "docs/member-role.yaml), and let its policy allow the role that launches",
)
VOLUME_REFUSED = _refused(
    "VOLUME_REFUSED",
    "EC2 does not take the AMI's block device mapping",
    "create the AMI again with a volume of each snapshot's size",
)

UNSUPPORTED = _refused(
    "UNSUPPORTED",
    "the Availability Zone does not offer the instance type, or the type does not support the request",
    f"{_OTHER_TYPE}, or {_OTHER_ZONES}",
)

_NOWHERE = "EC2 did not launch the AMI as {type} in any of its subnets: {said}"
NOWHERE_CAPACITY = INSUFFICIENT_CAPACITY.also(
    "Launch Instances: EC2 refuses the instance in every subnet, in some for lack of capacity", _NOWHERE
)
NOWHERE_FREE = SUBNET_FULL.also(
    "Launch Instances: EC2 refuses the instance in every subnet, in some for lack of a free address",
    _NOWHERE,
    "give larger subnets, or more of them: the template's SubnetBits, AvailabilityZones or SubnetIds, or placement of "
    "the region in the configuration",
)
NOWHERE_SUPPORTED = UNSUPPORTED.also(
    "Launch Instances: EC2 refuses the instance in every subnet, in some as not supported", _NOWHERE
)
NOWHERE_FOUND = NETWORK_MISSING.also(
    "Launch Instances: EC2 finds none of the subnets, or not the security group", _NOWHERE
)
INSTANCE_TYPE_UNKNOWN = loading.INSTANCE_TYPE_UNKNOWN.also(
    "Launch Instances: EC2 does not know the instance type", _MESSAGE, _OTHER_TYPE
)

ACCOUNT_NOT_VERIFIED = _refused(
    "ACCOUNT_NOT_VERIFIED",
    "AWS has not verified the account yet",
    "wait until AWS has verified the account, then run it again",
)
ACCOUNT_BLOCKED = _refused(
    "ACCOUNT_BLOCKED", "AWS has blocked the account", "settle it with AWS Support, then run the assessment again"
)
INSTANCE_PROFILE_MISSING = _refused(
    "INSTANCE_PROFILE_MISSING",
    "EC2 does not find the instance profile",
    "deploy the stack again, or in another account docs/member-role.yaml: it makes the instance profile",
)
INSTANCE_PROFILE_FOREIGN = Cause(
    "INSTANCE_PROFILE_FOREIGN",
    when="Launch Instances: placement in the configuration names another instance profile than the stack's own",
    message="placement.instanceProfile is {profile}; the stack terminates only what carries its own profile, {own}",
    remedy="leave instanceProfile out of the configuration's placement",
)

USER_DATA_REFUSED = _refused(
    "USER_DATA_REFUSED",
    "EC2 does not take the user data",
    "correct userData in the configuration: plain text, at most 16,384 bytes",
)
USER_DATA_GONE = Cause(
    "USER_DATA_GONE",
    when="Launch Instances: the version of the parameter or of the S3 object no longer exists",
    message="the version of the configuration that the run was opened with, and the user data in it, no longer exists",
    remedy="run the assessment again; it then reads the configuration as it is",
)
TAGS_REFUSED = _refused(
    "TAGS_REFUSED", "the instance would have too many tags", "take tags off the AMI; a resource carries 50 at most"
)
PARAMETER_REFUSED = _refused("LAUNCH_REFUSED", "EC2 does not take a value of the request", "correct what EC2 names")
LAUNCH_REFUSED = PARAMETER_REFUSED.also(
    "Launch Instances: any other refusal", remedy="correct what EC2 names, then run the assessment again"
)
