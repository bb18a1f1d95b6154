"""AWS Security Finding Format (2018-10-08): an array whose members BatchImportFindings of Security Hub takes.

Each is about the AMI, not the short-lived instance that Inspector's own findings in Security Hub are about, and is the
same finding in every run of a lineage. Limits of length: the AWS Security Finding Format's syntax.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any

from golden_ami.evaluation.model import FindingStatus
from golden_ami.evaluation.packages import fixed_version
from golden_ami.models import Finding, Package
from golden_ami.report.evidence import summary
from golden_ami.report.findings import closed_words, every_finding
from golden_ami.report.formats.sarif import fingerprint
from golden_ami.report.formats.streaming import array
from golden_ami.report.links import finding_url, partition_of
from golden_ami.report.model import AmiReport, Report
from golden_ami.report.verdicts import value_of_ami
from golden_ami.storage.objects import Store

_TYPES = {
    "NETWORK_REACHABILITY": "Software and Configuration Checks/AWS Security Best Practices/Network Reachability",
    "END_OF_SUPPORT": "Software and Configuration Checks/AWS Security Best Practices",
    "CIS": "Software and Configuration Checks/Industry and Regulatory Standards/CIS Host Hardening Benchmarks",
}
_CVE = "Software and Configuration Checks/Vulnerabilities/CVE"
_PACKAGES = 10  # that a vulnerability may list


def write(report: Report, store: Store, out: IO[bytes]) -> None:
    """All findings."""
    array(out, _findings(report, store))
    out.write(b"\n")


def _findings(report: Report, store: Store) -> Iterator[dict[str, Any]]:
    met: Counter[tuple[str, str]] = Counter()
    for ami, finding, status in every_finding(report, store):
        identity = (ami.key, fingerprint(ami, status))
        met[identity] += 1
        yield _finding(report, ami, finding, status, met[identity])


def _finding(
    report: Report, ami: AmiReport, finding: Finding, status: FindingStatus, occurrence: int
) -> dict[str, Any]:
    """Security Hub keeps one finding of each Id (AWS Security Hub User Guide, "Required top-level ASFF attributes")."""
    run = report.run
    partition = partition_of(run.execution_arn)
    url = finding_url(finding)
    remedy = {"Text": (finding.remedy or "Build the AMI again with the packages upgraded.")[:512]}
    accepted = report.accepted_by(status) is not None or report.tolerates_suppressed(ami, finding)
    label = "INFORMATIONAL" if finding.severity == "UNTRIAGED" else finding.severity
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"golden-ami-assessment/{ami.ami_id}/{fingerprint(ami, status)}/{occurrence}",
        "ProductArn": f"arn:{partition}:securityhub:{ami.region}:{ami.account}:product/{ami.account}/default",
        "GeneratorId": "golden-ami-assessment",
        "AwsAccountId": ami.account,
        "Types": [_TYPES.get(finding.type, _CVE)],
        "FirstObservedAt": f"{status.since}T00:00:00Z",
        "CreatedAt": f"{status.since}T00:00:00Z",
        "UpdatedAt": run.completed_at,
        "Severity": {"Label": label, "Original": finding.severity},
        "Title": finding.title[:256],
        "Description": (finding.description or finding.title)[:1024],
        "Remediation": {"Recommendation": remedy | ({"Url": url} if 0 < len(url) <= 512 else {})},
        "Resources": [_resource(partition, ami)],
        **({"Vulnerabilities": [_vulnerability(finding)]} if finding.vulnerability_id else {}),
        "Workflow": {"Status": "SUPPRESSED" if accepted else "NEW"},
        "RecordState": "ACTIVE",
        "UserDefinedFields": _fields(report, ami, finding, status),
    }


def _fields(report: Report, ami: AmiReport, finding: Finding, status: FindingStatus) -> dict[str, str]:
    fields = {
        "verdict": value_of_ami(ami),
        "run": report.run.run_id,
        "lineage": ami.lineage,
        "owner": ami.owner,
        "rule": status.rule,
        "tolerated": status.tolerated,
        "suppressed": "by a rule of Amazon Inspector" if finding.suppressed else "",
        "closed": closed_words(finding),
        "evidence": summary(ami),
    }
    return {name: value[:1024] for name, value in fields.items() if value}


def _resource(partition: str, ami: AmiReport) -> dict[str, Any]:
    tags = {key: value for key, value in islice(ami.tags.items(), 50) if value}
    about = {"name": ami.name, "lineage": ami.lineage, "amiId": ami.ami_id}
    return {
        "Type": "Other",
        "Id": f"arn:{partition}:ec2:{ami.region}:{ami.account}:image/{ami.ami_id}",
        "Partition": partition,
        "Region": ami.region,
        **({"Tags": tags} if tags else {}),
        "Details": {"Other": {name: value for name, value in about.items() if value}},
    }


def _vulnerability(finding: Finding) -> dict[str, Any]:
    urls = [url for url in finding.urls if url.startswith("https://")][:20]
    return {
        "Id": finding.vulnerability_id,
        "VulnerablePackages": [_package(package) for package in finding.packages[:_PACKAGES]],
        "ExploitAvailable": "YES" if finding.exploit_available else "NO",
        **({"FixAvailable": finding.fix_available} if finding.fix_available else {}),
        **({} if finding.epss is None else {"EpssScore": finding.epss}),
        **({} if finding.score is None else {"Cvss": [{"BaseScore": finding.score}]}),
        **({"ReferenceUrls": urls} if urls else {}),
    }


def _package(package: Package) -> dict[str, str]:
    found = {
        "Name": package.name,
        "Version": package.version,
        "Architecture": package.architecture,
        "PackageManager": package.manager,
        "FilePath": package.path,
        "FixedInVersion": fixed_version(package.fixed_in),
        "Remediation": package.remediation,
    }
    return {name: value for name, value in found.items() if value}
