"""EC2's refusals of RunInstances, as reasons with remedies. Pure.

Codes as in "Error codes for the Amazon EC2 API" (EC2 API Reference). A zone that lacks the type gives Unsupported with
status 400 ("Your requested instance type (t3.micro) is not supported in your requested Availability Zone (us-east-1e)",
ned1313/Getting-Started-Terraform#44), one without capacity InsufficientInstanceCapacity with 500 ("We currently do not
have sufficient m6a.xlarge capacity in the Availability Zone you requested (us-east-1d)", openshift/installer#7088).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from botocore.exceptions import ClientError

from golden_ami.instances.quotas import quota_of
from golden_ami.models import Ami, Reason
from golden_ami.places import Place, named
from golden_ami.reasons import launching
from golden_ami.reasons.cause import Cause

# By EC2's code, or by its part before the first dot.
TABLE = {
    "InsufficientInstanceCapacity": launching.INSUFFICIENT_CAPACITY,
    "InsufficientHostCapacity": launching.INSUFFICIENT_CAPACITY,
    "InsufficientFreeAddressesInSubnet": launching.SUBNET_FULL,
    "InsufficientVolumeCapacity": launching.INSUFFICIENT_CAPACITY,
    "InstanceLimitExceeded": launching.INSTANCE_LIMIT,
    "VolumeLimitExceeded": launching.VOLUME_LIMIT,
    "MaxIOPSLimitExceeded": launching.VOLUME_LIMIT,
    "NetworkInterfaceLimitExceeded": launching.NETWORK_INTERFACE_LIMIT,
    "PrivateIpAddressLimitExceeded": launching.SUBNET_FULL,
    "InvalidAMIID": launching.AMI_NOT_FOUND,
    "UnavailableAMI": launching.AMI_NOT_AVAILABLE,
    "AuthFailure": launching.AMI_NOT_SHARED,
    "UnauthorizedOperation": launching.AMI_NOT_ALLOWED,
    "Unsupported": launching.UNSUPPORTED,
    "UnsupportedOperation": launching.UNSUPPORTED,
    "InvalidInstanceType": launching.INSTANCE_TYPE_UNKNOWN,
    "OptInRequired": launching.SUBSCRIPTION_REQUIRED,
    "PendingVerification": launching.ACCOUNT_NOT_VERIFIED,
    "Blocked": launching.ACCOUNT_BLOCKED,
    "InvalidIamInstanceProfile": launching.INSTANCE_PROFILE_MISSING,
    "InvalidParameterValue": launching.PARAMETER_REFUSED,
    "InvalidSubnetID": launching.NETWORK_MISSING,
    "InvalidSubnet": launching.NETWORK_MISSING,
    "InvalidGroup": launching.NETWORK_MISSING,
    "InvalidGroupId": launching.NETWORK_MISSING,
    "InvalidSecurityGroupID": launching.NETWORK_MISSING,
    "VPCIdNotSpecified": launching.NETWORK_MISSING,
    "MissingInput": launching.NETWORK_MISSING,
    "InvalidSnapshot": launching.SNAPSHOT_MISSING,
    "InvalidBlockDeviceMapping": launching.VOLUME_REFUSED,
    "InvalidUserData": launching.USER_DATA_REFUSED,
    "TagLimitExceeded": launching.TAGS_REFUSED,
}
# What another subnet may heal, and the cause when none did; of several the first.
ELSEWHERE = {
    launching.INSUFFICIENT_CAPACITY: launching.NOWHERE_CAPACITY,
    launching.SUBNET_FULL: launching.NOWHERE_FREE,
    launching.UNSUPPORTED: launching.NOWHERE_SUPPORTED,
    launching.NETWORK_MISSING: launching.NOWHERE_FOUND,
}
# What instances that end heal, by EC2's code.
LATER = {"VcpuLimitExceeded": launching.VCPU_QUOTA}
_FAULTS = frozenset({"InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable"})
_CREDENTIALS = frozenset({
    "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException",
    "SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken", "AccessDenied", "InvalidAction",
    "AccessDeniedException", "IdempotentParameterMismatch", "ConcurrentTagAccess",
})  # fmt: skip


class Refusal(NamedTuple):
    """Why EC2 does not launch an AMI, in a subnet."""

    cause: Cause
    said: str  # EC2's own words, which name the Availability Zone
    error: str  # its code


class Deferred(NamedTuple):
    """EC2 launches no further instance of the type until others of its quota have ended: the vCPUs are used up."""

    said: str  # EC2's own words
    error: str  # its code


def refusal(fault: ClientError, ami: Ami) -> Refusal | Deferred | None:
    """Why EC2 does not launch this AMI; None for what concerns the caller or the service, not the AMI: a fault."""
    details = fault.response.get("Error", {})
    error, message = str(details.get("Code", "")), str(details.get("Message", ""))
    code = error.removeprefix("Server.").removeprefix("Client.")  # as some of EC2's answers have it
    status = int(fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _CREDENTIALS or code in _FAULTS:
        return None
    if code in ("AuthFailure", "UnauthorizedOperation") and ami.ami_id not in message:
        return None  # the function's own role, unless EC2 names the AMI
    if code in LATER:
        return Deferred(message or "no message", error)
    known = TABLE.get(code) or TABLE.get(code.partition(".")[0])
    if known is None and status >= 500:
        return None
    return Refusal(known or launching.LAUNCH_REFUSED, message or "no message", error)


def over_quota(ami: Ami, why: str) -> Reason:
    """Why an AMI was not launched whose instance the quota of vCPUs has no room for."""
    quota = quota_of(ami.entry.instance_type)
    return launching.VCPU_QUOTA(
        type=ami.entry.instance_type,
        vcpus=ami.vcpus or "",
        why=why,
        place=named(Place(ami.account, ami.region)),
        region=ami.region,
        quota=quota.name,
        code=quota.code,
    )


def reason_of(refused: Mapping[str, Refusal], lacking: Sequence[str], instance_type: str) -> Reason:
    """Why an AMI was not launched: by subnet, as tried; `lacking` are those in zones without the type, not tried."""
    last = [*refused.values()][-1]
    if last.cause not in ELSEWHERE or len(refused) + len(lacking) < 2:
        return last.cause(said=last.said, error=last.error)
    said = [f"{subnet}: {one.said} ({one.error})" for subnet, one in refused.items()]
    said += [f"{subnet}: not tried, as its Availability Zone does not offer the type" for subnet in lacking]
    causes = {one.cause for one in refused.values()}
    cause = next(nowhere for here, nowhere in ELSEWHERE.items() if here in causes)
    return cause(type=instance_type, said="; ".join(said))
