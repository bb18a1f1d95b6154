"""Reasons for which an AMI is NOT ASSESSED though it was scanned: the scan did not see what PASS needs."""

from __future__ import annotations

from collections.abc import Sequence

from golden_ami.models import Evidence, EvidenceKind, EvidenceStatus, Reason
from golden_ami.reasons.cause import Cause

_ACTIVATE = "run `aws inspector2 update-ec2-deep-inspection-configuration --activate-deep-inspection`"

OS_FINDINGS_STOPPED = Cause(
    "OS_FINDINGS_STOPPED",
    when="Check Run: the operating system is one for which Amazon Inspector has stopped making findings",
    message="Amazon Inspector makes no findings for {system} since {day}: no finding means nothing",
    remedy="move the image to a supported version of its operating system",
)
OS_DISCONTINUED = Cause(
    "OS_DISCONTINUED",
    when="Check Run, as a note: the system is out of standard support, and Inspector still makes findings for it",
    message="{system}: discontinued {since} {day}[, Amazon Inspector's findings stop on {stop}]",
    remedy="move the image to a supported version of its operating system before that day",
)
OS_UNSUPPORTED = Cause(
    "OS_UNSUPPORTED",
    when="Check Run: the operating system is one that Amazon Inspector's table names as not scanned",
    message="Amazon Inspector does not support {system}",
    remedy="assess this AMI by other means, or move it to a supported operating system",
)
OS_UNKNOWN = Cause(
    "OS_UNKNOWN",
    when="Check Run: the operating system that the agent reports is in no table of Amazon Inspector's",
    message="the operating system ({system}) is in no table of what Amazon Inspector supports",
    remedy="see that Amazon Inspector supports it, then take operatingSystem out of policy.require",
)
LANGUAGE_PACKAGES_INCOMPLETE = Cause(
    "LANGUAGE_PACKAGES_INCOMPLETE",
    when="Aggregate: deep inspection did not see all packages of programming languages",
    message="packages of programming languages were not fully inspected: {detail}",
    remedy="raise waits.languagePackagesSeconds, see the association InvokeInspectorLinuxSsmPlugin-do-not-delete, or "
    "take languagePackages out of policy.require",
)
LANGUAGE_PACKAGES_OF_VM_SCANNER = LANGUAGE_PACKAGES_INCOMPLETE.also(
    when="Aggregate: likewise, and Enhanced EC2 Scanning is activated, which collects them every three hours",
    message="packages of programming languages were not fully inspected: {detail}; Enhanced EC2 Scanning is activated, "
    "whose scanner runs every three hours",
    remedy="raise waits.languagePackagesSeconds and waits.completionDeadlineSeconds above 10800, or take "
    "languagePackages out of policy.require",
)
DEEP_INSPECTION_OFF = Cause(
    "DEEP_INSPECTION_OFF",
    when="Aggregate: deep inspection is not ACTIVATED in the account, so no packages of languages were looked at",
    message="deep inspection is {state} in the account, so packages of programming languages were not looked at",
    remedy=f"{_ACTIVATE}; or take languagePackages out of policy.require",
)
DEEP_INSPECTION_UNKNOWN = Cause(
    "DEEP_INSPECTION_UNKNOWN",
    when="Check Run: Amazon Inspector does not let the function read whether deep inspection is on",
    message="whether deep inspection is on cannot be read: {error}",
    remedy="allow inspector2:GetEc2DeepInspectionConfiguration, or take languagePackages out of policy.require",
)
NETWORK_NOT_SCANNED = Cause(
    "NETWORK_NOT_SCANNED",
    when="Check Run: ListCoverage has no successful NETWORK row of the instance",
    message="network reachability was not scanned: {detail}",
    remedy="start a new run, or take network out of policy.require",
)
PACKAGES_INCOMPLETE = Cause(
    "PACKAGES_INCOMPLETE",
    when="Check Run: the scan ended and did not see all packages of the operating system",
    message="packages of the operating system were not fully scanned: {detail}",
    remedy="see what kept the agent from the whole scan, then start a new run",
)
PACKAGES_CHANGED_AT_BOOT = Cause(
    "PACKAGES_CHANGED_AT_BOOT",
    when="Tag Findings: packages were installed after the launch and before the scan, and not by user data",
    message="{count} packages were installed between the launch and the scan, which did not see the image's: {names}",
    remedy="use engine `ami`, which scans the image itself; or turn updates at first boot off in the image; or take "
    "packages out of policy.require",
)
PACKAGES_CHANGED_BY_USER_DATA = PACKAGES_CHANGED_AT_BOOT.also(
    when="Tag Findings, as a note: packages were installed before the scan of an AMI that has user data",
    message="{count} packages were installed between the launch and the scan ({names}); the AMI has user data, so what "
    "was scanned is the image with them",
    remedy="see that user data installs what belongs to the image and updates nothing else",
)
INVENTORY_UNKNOWN = PACKAGES_CHANGED_AT_BOOT.also(
    when="Tag Findings, as a note: Systems Manager does not tell the instance's inventory",
    message="whether packages were installed between the launch and the scan cannot be read: {error}",
    remedy="allow ssm:ListInventoryEntries and see that Systems Manager manages the instance",
)
INSTALLATIONS_NOT_DATED = PACKAGES_CHANGED_AT_BOOT.also(
    when="Tag Findings, as a note: the system's packages do not say when they were installed (dpkg, Windows)",
    message="whether packages were updated between the launch and the scan is not known: the inventory does not date "
    "installations",
    remedy="use engine `ami`, or see that the image does not update itself at first boot",
)
FINDINGS_INCOMPLETE = Cause(
    "FINDINGS_INCOMPLETE",
    when="Tag Findings: after waits.findingsSeconds Amazon Inspector lists fewer findings than it announced",
    message="{announced} findings were announced, {received} received from {source}",
    remedy="start a new run; raise waits.findingsSeconds if this lasts",
)
FINDINGS_UNSETTLED = FINDINGS_INCOMPLETE.also(
    when="Tag Findings: no message tells how many findings the last scan has, and it has just ended",
    message="no message tells how many findings the last scan has; {received} are listed, and are believed in {left} s",
)
FINDINGS_NOT_CONFIRMED = Cause(
    "FINDINGS_NOT_CONFIRMED",
    when="Tag Findings: after waits.findingsSeconds EC2 shows no results of this scan of the AMI",
    message="EC2 shows no results of this scan yet (FindingScanDate {date}): {received} findings may not be all",
    remedy="start a new run; raise waits.findingsSeconds if this lasts",
)
EXPLOIT_DATA_MISSING = Cause(
    "EXPLOIT_DATA_MISSING",
    when="Aggregate: of findings that do not fail otherwise it is not known what a rule of failOn asks",
    message="it is not known of {count} findings {what}",
    remedy="start a new run; or leave the rule out of policy.failOn, or take exploitData out of policy.require",
)
DETAILS_NOT_ANSWERED = EXPLOIT_DATA_MISSING.also(
    when="Tag Findings: BatchGetFindingDetails answers INTERNAL_ERROR for findings",
    message="Amazon Inspector does not answer the details of {count} findings",
)
DETAILS_REFUSED = EXPLOIT_DATA_MISSING.also(
    when="Tag Findings: BatchGetFindingDetails is refused",
    message="Amazon Inspector refuses the details of findings: {error}",
    remedy="allow inspector2:BatchGetFindingDetails, or take exploitData out of policy.require",
)
NO_EXPLOIT_DATA = EXPLOIT_DATA_MISSING.also(
    when="Aggregate: engine classic, and the configuration sets a rule on exploitation, of which it tells nothing",
    message="engine {engine} tells nothing of exploitation, and failOn asks for {rules}",
    remedy="use engine `instance` or `ami`, or leave the rule out of policy.failOn",
)
NOT_RECORDED = Cause(
    "EVIDENCE_NOT_RECORDED",
    when="Aggregate: nothing is recorded of an evidence that the policy requires",
    message="nothing is recorded of {kind}",
    remedy="start a new run; or take {kind} out of policy.require",
)


def evidence(kind: EvidenceKind, status: EvidenceStatus, reason: Reason, at: str = "") -> Evidence:
    """Evidence with a reason: that its lack is, or what is to be known of it although it is complete."""
    return Evidence(kind=kind, status=status, detail=reason.message, at=at, code=reason.code, remedy=reason.remedy)


def reason_for(lack: Sequence[Evidence]) -> Reason:
    """Why an AMI that lacks this is NOT ASSESSED: the first one's code, and what is to say of all."""
    remedies = dict.fromkeys(one.remedy for one in lack if one.remedy)
    return Reason(lack[0].code, "; ".join(one.detail for one in lack), "; ".join(remedies))
