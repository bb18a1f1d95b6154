"""Reasons that Amazon Inspector gives. Their codes come from its own names, which the tables of the engines map here.

See `engines.instance.coverage` and `engines.ami.coverage`.
"""

from __future__ import annotations

from golden_ami.reasons.cause import Cause

_CODE = "INSPECTOR_{name}"
_MESSAGE = "Inspector says {name} of {resource}: "
_OTHER_ENGINE = 'use engine `instance` for this AMI: "engine": "instance"'
_NO_AGENT_NEEDED = "or use engine `ami`, which needs no agent"


def _instance(what: str, remedy: str) -> Cause:
    return Cause(_CODE, "Check Agents, Check Run: ListCoverage gives {name} for the instance", _MESSAGE + what, remedy)


def _unmanaged(what: str, remedy: str) -> Cause:
    when = "Check Run: ListCoverage still gives {name} for the instance an hour after its launch"
    return Cause(_CODE, when, _MESSAGE + what, remedy)


def _ami(what: str, remedy: str = _OTHER_ENGINE, when: str = "") -> Cause:
    usual = "Check Run: GetOnDemandScanStatus gives {name} for the scan of the AMI"
    return Cause(_CODE, when or usual, f"{_MESSAGE}{what}[ ({{detail}})]", remedy)


_AGENTLESS_STORAGE = "the volumes are larger than an agentless scan takes"
_AGENTLESS_TIME = "collecting the inventory took longer than an agentless scan may"
_STORAGE = "the volumes are larger than Inspector scans"
_TIME = "collecting the inventory took longer than Inspector allows"

# ---------------------------------------------------------------- engine instance

UNMANAGED_INSTANCE = _unmanaged(
    "Systems Manager does not manage the instance",
    f"give it an instance profile with AmazonSSMManagedInstanceCore and a route to SSM, {_NO_AGENT_NEEDED}",
)
UNMANAGED = _unmanaged(
    "the machine is not managed",
    f"give it an instance profile with AmazonSSMManagedInstanceCore, {_NO_AGENT_NEEDED}",
)
NO_INVENTORY = _unmanaged(
    "Inspector found no software inventory in Systems Manager",
    "see whether the State Manager association InspectorInventoryCollection-do-not-delete ran on the instance",
)
STALE_INVENTORY = _unmanaged(
    "the software inventory in Systems Manager is older than Inspector accepts",
    "see whether the SSM agent stays online while the AMI runs",
)
UNSUPPORTED_OS = _instance(
    "Inspector does not support the operating system",
    "see the list of operating systems that Inspector supports; assess this AMI by other means",
)
EXCLUDED = _instance(
    "the tag InspectorEc2Exclusion excludes the instance from scans",
    "remove the tag, or the tag policy that adds it, from what this stack launches",
)
DENIED = _instance(
    "Inspector was denied access to the instance or its volumes",
    "see Inspector's service-linked role and the policies of the account and of the volume's key",
)
KEY_DENIED = _instance(
    "Inspector may not use the key that encrypts the volume",
    "allow AWSServiceRoleForAmazonInspector2 in the key's policy",
)
INSTANCE_STOPPED = _instance(
    "the instance stopped before its first scan", "see the instance's console output for what stopped it"
)
STOPPED = _instance(
    "the machine stopped before its first scan", "see the instance's console output for what stopped it"
)
TERMINATED = _instance(
    "the instance was terminated before its first scan", "see CloudTrail for who called TerminateInstances"
)
AGENTLESS_TOO_LARGE = _instance(_AGENTLESS_STORAGE, "install the SSM agent in the AMI")
AGENTLESS_TOO_LONG = _instance(_AGENTLESS_TIME, "install the SSM agent in the AMI")
TOO_LARGE = _instance(_STORAGE, "make the AMI's volumes smaller")
TOO_LONG = _instance(_TIME, "make the AMI's volumes smaller")
BEING_DISABLED = _instance(
    "Inspector is being turned off for this account",
    "turn EC2 scanning on: aws inspector2 enable --resource-types EC2",
)
NO_LONGER_ELIGIBLE = _instance("Inspector no longer scans the resource", "start a new run")
NOTHING_FOUND = _instance(
    "Inspector found nothing to scan on the instance", "see whether the AMI has a package database"
)

# ---------------------------------------------------------------- engine ami

AMI_DENIED = _ami(
    "Inspector may not read the AMI or its snapshots: this account must own both, and Inspector must be allowed "
    "to use the key that encrypts them",
    f"copy the AMI into this account, or {_OTHER_ENGINE}",
)
AMI_UNSUPPORTED_OS = _ami(
    "Inspector's AMI scan does not support the operating system or the file system (LVM, macOS)",
    f"move the image to a supported system; if Inspector still makes findings for it on instances, {_OTHER_ENGINE}",
)
AMI_SCAN_FAILED = _ami(
    "Inspector's AMI scan failed internally",
    f"run again, or {_OTHER_ENGINE}",
    "Check Run: GetOnDemandScanStatus gives {name} for the second scan of the AMI, too, or for one at the deadline",
)
AMI_REMOVED = _ami(
    "the AMI or its snapshot was removed during the scan", "remove the AMI from the configuration, or restore it"
)
AMI_AGENTLESS_TOO_LARGE = _ami(_AGENTLESS_STORAGE)
AMI_AGENTLESS_TOO_LONG = _ami(_AGENTLESS_TIME)
AMI_TOO_LARGE = _ami(_STORAGE)
AMI_TOO_LONG = _ami(_TIME)
AMI_SCAN_REFUSED = _ami(
    "Inspector refused or failed the scan of the AMI",
    when="Start Run, Check Run: StartOnDemandScan or GetOnDemandScanStatus gives any other error or reason",
)
AMI_SCAN_NOT_ALLOWED = Cause(
    "AMI_SCAN_NOT_ALLOWED",
    when="Start Run, Check Run: IAM denies a call of the on-demand scan",
    message="the on-demand scan of {resource} needs {action}, which is denied: {detail}",
    remedy="allow {action} in the function's role (template.yaml), in a member account in docs/member-role.yaml, and "
    "in the organization's service control policies, then start a new run",
)
AMI_SCAN_NEEDS_ROLE = Cause(
    "AMI_SCAN_NEEDS_ROLE",
    when="Start Run: IAM denies iam:CreateServiceLinkedRole, which the first on-demand scan in an account needs",
    message="the first on-demand scan in account {account} creates Inspector's service-linked roles, and "
    "iam:CreateServiceLinkedRole is denied, so {resource} is not scanned: {detail}",
    remedy="create AWSServiceRoleForAmazonInspector2Ami and AWSServiceRoleForAmazonInspector2: `aws iam "
    "create-service-linked-role --aws-service-name ami.inspector2.amazonaws.com`, and the same with "
    "inspector2.amazonaws.com; or allow iam:CreateServiceLinkedRole, also in service control policies",
)
AMI_SCAN_NOT_IN_REGION = Cause(
    "AMI_SCAN_NOT_IN_REGION",
    when="Start Run, Check Run: the Region's endpoint lacks the call of the on-demand scan, or there is none",
    message="Amazon Inspector's on-demand scan of AMIs is not available in {region}, or the Region is not enabled for "
    "the account ({name}); {resource} was not scanned",
    remedy=f"copy the AMI to a Region that has it, or {_OTHER_ENGINE}",
)
