"""EC2's refusals of RunInstances, as reasons with remedies. Pure.

Codes as in "Error codes for the Amazon EC2 API" (EC2 API Reference).
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from golden_ami.models import Ami, Reason

_QUOTA = "ask for a higher EC2 quota in Service Quotas, or assess fewer AMIs at once"
_OTHER_TYPE = "give another instanceType in the configuration"
_CAPACITY = "run the assessment again later, or give another instanceType or subnet in the configuration"
_SHARE = "share the AMI, and the KMS key of its snapshots, with this account"
_PROFILE = "deploy the stack again, or in another account docs/member-role.yaml: it makes the instance profile"
_NETWORK = "correct the stack's subnet and security group, or placement of the region in the configuration"
_SUPPORT = "settle it with AWS Support, then run the assessment again"

# By EC2's code, or by its part before the first dot: our code and the remedy.
_TABLE = {
    "InsufficientInstanceCapacity": ("INSUFFICIENT_CAPACITY", _CAPACITY),
    "InsufficientHostCapacity": ("INSUFFICIENT_CAPACITY", _CAPACITY),
    "InsufficientFreeAddressesInSubnet": ("SUBNET_FULL", _NETWORK),
    "InsufficientVolumeCapacity": ("INSUFFICIENT_CAPACITY", _CAPACITY),
    "VcpuLimitExceeded": ("VCPU_LIMIT", _QUOTA),
    "InstanceLimitExceeded": ("INSTANCE_LIMIT", _QUOTA),
    "VolumeLimitExceeded": ("VOLUME_LIMIT", _QUOTA),
    "MaxIOPSLimitExceeded": ("VOLUME_LIMIT", _QUOTA),
    "NetworkInterfaceLimitExceeded": ("NETWORK_INTERFACE_LIMIT", _QUOTA),
    "PrivateIpAddressLimitExceeded": ("SUBNET_FULL", _NETWORK),
    "InvalidAMIID": ("AMI_NOT_FOUND", "correct the AMI id in the configuration, or share the AMI with this account"),
    "UnavailableAMI": ("AMI_NOT_AVAILABLE", "configure an AMI that is available"),
    "AuthFailure": ("AMI_NOT_SHARED", _SHARE),
    "UnauthorizedOperation": ("AMI_NOT_ALLOWED", "allow the AMI in the organization's and the account's policies"),
    "Unsupported": ("UNSUPPORTED", _OTHER_TYPE),
    "UnsupportedOperation": ("UNSUPPORTED", _OTHER_TYPE),
    "InvalidInstanceType": ("INSTANCE_TYPE_UNKNOWN", _OTHER_TYPE),
    "OptInRequired": ("SUBSCRIPTION_REQUIRED", "accept the AMI's terms in AWS Marketplace, from this account"),
    "PendingVerification": ("ACCOUNT_NOT_VERIFIED", "wait until AWS has verified the account, then run it again"),
    "Blocked": ("ACCOUNT_BLOCKED", _SUPPORT),
    "InvalidIamInstanceProfile": ("INSTANCE_PROFILE_MISSING", _PROFILE),
    "InvalidParameterValue": ("LAUNCH_REFUSED", "correct what EC2 names"),
    "InvalidSubnetID": ("NETWORK_MISSING", _NETWORK),
    "InvalidSubnet": ("NETWORK_MISSING", _NETWORK),
    "InvalidGroup": ("NETWORK_MISSING", _NETWORK),
    "InvalidGroupId": ("NETWORK_MISSING", _NETWORK),
    "InvalidSecurityGroupID": ("NETWORK_MISSING", _NETWORK),
    "VPCIdNotSpecified": ("NETWORK_MISSING", _NETWORK),
    "MissingInput": ("NETWORK_MISSING", _NETWORK),
    "InvalidSnapshot": ("SNAPSHOT_MISSING", "create the AMI again; a snapshot of it is gone"),
    "InvalidBlockDeviceMapping": ("VOLUME_REFUSED", "create the AMI again with a volume of each snapshot's size"),
    "InvalidUserData": ("USER_DATA_REFUSED", "correct userData in the configuration: plain text, at most 16,384 bytes"),
    "TagLimitExceeded": ("TAGS_REFUSED", "take tags off the AMI; a resource carries 50 at most"),
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
    known = _TABLE.get(code) or _TABLE.get(code.partition(".")[0])
    if known is None and status >= 500:
        return None
    ours, remedy = known or ("LAUNCH_REFUSED", "correct what EC2 names, then run the assessment again")
    return Reason(code=ours, message=f"EC2 did not launch the AMI: {message or 'no message'} ({code})", remedy=remedy)
