"""EC2's refusals of RunInstances, as reasons with remedies. Pure.

Codes as in "Error codes for the Amazon EC2 API" (EC2 API Reference).
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from golden_ami.models import Ami, Reason
from golden_ami.reasons import launching

# By EC2's code, or by its part before the first dot.
TABLE = {
    "InsufficientInstanceCapacity": launching.INSUFFICIENT_CAPACITY,
    "InsufficientHostCapacity": launching.INSUFFICIENT_CAPACITY,
    "InsufficientFreeAddressesInSubnet": launching.SUBNET_FULL,
    "InsufficientVolumeCapacity": launching.INSUFFICIENT_CAPACITY,
    "VcpuLimitExceeded": launching.VCPU_LIMIT,
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
_FAULTS = frozenset({"InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable"})
_CREDENTIALS = frozenset({
    "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException",
    "SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken", "AccessDenied", "InvalidAction",
    "AccessDeniedException", "IdempotentParameterMismatch", "ConcurrentTagAccess",
})  # fmt: skip


def refusal(error: ClientError, ami: Ami) -> Reason | None:
    """Why EC2 does not launch this AMI; None for what concerns the caller or the service, not the AMI: a fault."""
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _CREDENTIALS or code in _FAULTS:
        return None
    if code in ("AuthFailure", "UnauthorizedOperation") and ami.ami_id not in message:
        return None  # the function's own role, unless EC2 names the AMI
    known = TABLE.get(code) or TABLE.get(code.partition(".")[0])
    if known is None and status >= 500:
        return None
    return (known or launching.LAUNCH_REFUSED)(said=message or "no message", error=code)
