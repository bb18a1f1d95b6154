"""Events as AWS's documents show them, by the rule of the stack that has to take them."""

from __future__ import annotations

from typing import Any

from golden_ami_cli.account import Account

Event = dict[str, Any]

_AMI, _INSTANCE, _SCAN = "ami-0abcdef1234567890", "i-087d63509b8c97098", "9f1c4b8d2e6a4f0b7c3d5e1a8b2f6c4d"
_ENDS = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


def sample_events(rule: str, account: Account) -> list[Event]:
    """What a rule has to take, by its logical id.

    Inspector user guide, "Amazon EventBridge event schema for Amazon Inspector events"; Step Functions developer guide,
    "Step Functions events". The example of a finding of an AMI has no envelope there; it gets that of the others.
    """
    made = {
        "ExecutionEnded": lambda: [_execution_ended(account, status) for status in _ENDS],
        "InstanceScanned": lambda: [_instance_scanned(account)],
        "AmiScanned": lambda: [_ami_scanned(account, status) for status in ("SUCCESSFUL", "FAILED")],
        "AmiFinding": lambda: [_ami_finding(account)],
    }
    return made[rule]()


def _event(account: Account, source: str, kind: str, resource: str, detail: Event) -> Event:
    return {
        "version": "0",
        "id": "7bf7f4b1-9f6c-4d3e-8a2b-5c1d0e9f3a44",
        "detail-type": kind,
        "source": source,
        "account": account.settings.account,
        "time": "2026-06-12T01:30:00Z",
        "region": account.region,
        "resources": [resource],
        "detail": detail,
    }


def _execution_ended(account: Account, status: str) -> Event:
    arn = account.execution_arn("execution-name")
    detail = {
        "executionArn": arn,
        "stateMachineArn": account.state_machine,
        "name": "execution-name",
        "status": status,
        "startDate": 1547148840101,
        "stopDate": 1547148840122,
        "input": "{}",
        "output": None,
    }
    return _event(account, "aws.states", "Step Functions Execution Status Change", arn, detail)


def _instance_scanned(account: Account) -> Event:
    detail = {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "finding-severity-counts": {"CRITICAL": 0, "HIGH": 0, "MEDIUM": 0, "TOTAL": 0},
        "instance-id": _INSTANCE,
        "version": "1.0",
    }
    return _event(account, "aws.inspector2", "Inspector2 Scan", _INSTANCE, detail)


def _ami_scanned(account: Account, status: str) -> Event:
    told: dict[str, Event] = {
        "SUCCESSFUL": {"findingSeverityCounts": {"CRITICAL": 0, "HIGH": 2, "MEDIUM": 5, "LOW": 1, "TOTAL": 8}},
        "FAILED": {"scanStatusReason": "UNSUPPORTED_OS"},
    }
    detail = {
        "scanId": _SCAN,
        "awsAccountId": account.settings.account,
        "resourceId": _AMI,
        "resourceType": "MACHINE_IMAGE",
        "scanStatus": status,
        "startedAt": "2026-06-12T00:00:00.000Z",
        "completedAt": "2026-06-12T01:30:00.000Z",
        "version": "1.0",
    }
    return _event(account, "aws.inspector2", "Inspector2 OnDemand Scan Complete", _AMI, detail | told[status])


def _ami_finding(account: Account) -> Event:
    owner, region = account.settings.account, account.region
    detail = {
        "findingArn": f"arn:aws:inspector2:{region}:{owner}:finding/ondemand/{_SCAN}/cea7c73a3d57d9c142992e845644d317",
        "scanId": _SCAN,
        "awsAccountId": owner,
        "type": "PACKAGE_VULNERABILITY",
        "title": "CVE-2022-3171 - com.google.protobuf:protobuf-java",
        "severity": "HIGH",
        "status": "ACTIVE",
        "resources": [{"type": "MACHINE_IMAGE", "id": _AMI, "partition": "aws", "region": region}],
        "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2022-3171", "source": "NVD"},
    }
    return _event(account, "inspector2.ami.ondemand", "OnDemand AMI Scan Findings", _AMI, detail)
