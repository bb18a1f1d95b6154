"""Addresses that a person can open."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from golden_ami.models import Finding
from golden_ami.report.model import Report
from golden_ami.storage.keys import report_key
from golden_ami.storage.objects import Store

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def console(region: str, partition: str = "aws") -> str:
    """The AWS console's address in a region."""
    return f"https://{region}.{_CONSOLES.get(partition, _CONSOLES['aws'])}"


def partition_of(arn: str) -> str:
    """The partition in an ARN; "aws" when the text is none."""
    return arn.split(":")[1] if arn.startswith("arn:") else "aws"


def execution_url(arn: str) -> str:
    """The execution in the Step Functions console; "" when the ARN is none."""
    parts = arn.split(":")
    if len(parts) < 8:
        return ""
    return f"{console(parts[3], parts[1])}/states/home?region={parts[3]}#/v2/executions/details/{arn}"


def object_url(uri: str, region: str, partition: str = "aws") -> str:
    """An S3 object in the console; any other address as it is."""
    if not uri.startswith("s3://"):
        return uri
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return f"{console(region, partition)}/s3/object/{quote(bucket)}?region={region}&prefix={quote(key)}"


# RFC 3986: nothing but its characters, an escape is a percent sign and two digits, and a web address has a host.
_URI = re.compile(
    r"https?://(?:\[[0-9A-F:.]+\])?(?:[A-Z0-9._~!$&'()*+,;=:/?#@-]|%[0-9A-F]{2})*", re.ASCII | re.IGNORECASE
)


def is_web_address(url: str) -> bool:
    """Whether the text is an absolute http or https URI with a host and without user information (RFC 3986)."""
    if not _URI.fullmatch(url) or url.count("#") > 1:
        return False
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:  # a port or an address that is none
        return False


def finding_url(finding: Finding) -> str:
    """Where a finding is explained: its own web address, else the NVD's page of its CVE, else ""."""
    for url in finding.urls:
        if is_web_address(url):
            return url
    if re.fullmatch(r"CVE-[0-9]{4}-[0-9]+", finding.vulnerability_id):
        return f"https://nvd.nist.gov/vuln/detail/{finding.vulnerability_id}"
    return ""


def report_links(report: Report, store: Store) -> list[str]:
    """Lines that say where the whole report is."""
    run = report.run
    html = store.uri(report_key(run.run_id, "report.html"))
    execution = [f"Execution: {run.execution_url}"] if run.execution_url else []
    return [
        f"Read: {object_url(html, run.region, partition_of(run.execution_arn))}",
        f"Data: {store.uri(report_key(run.run_id))}",
        *execution,
    ]
