"""AWS Security Finding Format (2018-10-08): an array whose members BatchImportFindings of Security Hub takes.

Each is about the AMI, not the short-lived instance that Inspector's own findings in Security Hub are about, and is the
same finding in every run of a lineage. No text is blank; limits of length are those of botocore's model and its
documentation (securityhub, AwsSecurityFinding), and of 240 KB for a finding (Security Hub partner guide, "Guidelines
for using the BatchImportFindings API").
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
_TAGS, _KEY, _VALUE = 50, 128, 256  # of a resource; characters ("Tag your Amazon EC2 resources")
_URL = 512
_TEXT = 500  # characters of a text without a limit of its own, so that a finding stays below 240 KB
_REMEDY = "Build the AMI again with the packages upgraded."


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
    title = _cut(finding.title, 256) or _cut(finding.vulnerability_id, 256) or "Finding of Amazon Inspector"
    remedy = {"Text": _cut(finding.remedy, 512) or _REMEDY}
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
        "Title": title,
        "Description": _cut(finding.description, 1024) or title,
        "Remediation": {"Recommendation": remedy | ({"Url": url} if 0 < len(url) <= _URL else {})},
        "Resources": [_resource(partition, ami)],
        **({"Vulnerabilities": [_vulnerability(finding)]} if finding.vulnerability_id.strip() else {}),
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
    return _filled(fields, 1024)


def _cut(text: str, limit: int) -> str:
    """Text of so many characters at most; "" for one that is blank, which Security Hub refuses."""
    return text.strip()[:limit].rstrip()


def _filled(texts: dict[str, str], limit: int) -> dict[str, str]:
    """The texts that are not blank, cut."""
    return {name: cut for name, text in texts.items() if (cut := _cut(text, limit))}


def _is_tag(key: str, value: str) -> bool:
    """Whether a resource may have the tag in Security Hub: not blank, not too long, and not one of AWS's own."""
    return (
        bool(key.strip() and value.strip())
        and len(key) <= _KEY
        and len(value) <= _VALUE
        and not key.lower().startswith("aws:")
    )


def _resource(partition: str, ami: AmiReport) -> dict[str, Any]:
    tags = dict(islice(((key, value) for key, value in ami.tags.items() if _is_tag(key, value)), _TAGS))
    about = {"name": ami.name, "lineage": ami.lineage, "amiId": ami.ami_id}
    return {
        "Type": "Other",
        # Service Authorization Reference, "Amazon EC2": the ARN of an image names no account.
        "Id": f"arn:{partition}:ec2:{ami.region}::image/{ami.ami_id}",
        "Partition": partition,
        "Region": ami.region,
        **({"Tags": tags} if tags else {}),
        "Details": {"Other": _filled(about, 1024)},
    }


def _vulnerability(finding: Finding) -> dict[str, Any]:
    urls = [url for url in finding.urls if url.startswith("https://") and len(url) <= _URL][:20]
    return {
        "Id": _cut(finding.vulnerability_id, _TEXT),
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
    return _filled(found, _TEXT)
