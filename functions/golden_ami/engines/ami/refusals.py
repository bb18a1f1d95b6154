"""What an error of a call of Amazon Inspector's on-demand scan means for an AMI: a reason, or none. Pure."""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

from golden_ami.aws.errors import code_of
from golden_ami.engines.ami import coverage
from golden_ami.models import Ami, Reason
from golden_ami.reasons import inspector

# IAM's words in an AccessDeniedException (IAM User Guide, "Troubleshoot access denied error messages"). Inspector gives
# the same code where the account does not own the AMI (User Guide, "Running on-demand machine image scans").
_DENIED = re.compile(r"is not authorized to perform: ([\w-]+:\w+)")
_MAKES_ROLE = "iam:CreateServiceLinkedRole"
# How an endpoint answers an operation that it does not have, and a Region that is not enabled for the account: seen in
# public reports of other services (UnknownOperationException: boto/boto3#1542, #2359, aws-nuke#801; InvalidAction:
# aws/aws-cli#37; UnrecognizedClientException: nccgroup/ScoutSuite#1389); for Inspector inferred. "404" is botocore's
# code for such an answer without a body that names one (botocore.parsers, BaseJSONParser).
_NOT_IN_REGION = frozenset({
    "404", "InvalidAction", "InvalidClientTokenId", "MissingAuthenticationTokenException", "OptInRequired",
    "UnknownOperationException", "UnrecognizedClientException",
})  # fmt: skip
# Botocore's model of StartOnDemandScan and GetOnDemandScanStatus; its other errors are throttling and faults.
_REFUSALS = frozenset({
    "AccessDenied", "AccessDeniedException", "ConflictException", "ResourceNotFoundException", "ValidationException",
})  # fmt: skip


def reason_of(ami: Ami, error: ClientError) -> Reason | None:
    """Why the AMI is NOT ASSESSED; None for an error that is not the AMI's, and may pass."""
    code, message = code_of(error), str(error.response["Error"].get("Message", ""))
    if code in _NOT_IN_REGION:
        return not_in_region(ami, code)
    denied = _DENIED.search(message)
    if denied and denied[1] == _MAKES_ROLE:
        return inspector.AMI_SCAN_NEEDS_ROLE(resource=ami.ami_id, account=ami.account, detail=message)
    if denied:
        return inspector.AMI_SCAN_NOT_ALLOWED(resource=ami.ami_id, action=denied[1], detail=message)
    return coverage.refused(ami, code, message) if code in _REFUSALS else None


def not_in_region(ami: Ami, code: str) -> Reason:
    """The Region's endpoint lacks the call, or the Region has no endpoint."""
    return inspector.AMI_SCAN_NOT_IN_REGION(resource=ami.ami_id, region=ami.region, name=code)
