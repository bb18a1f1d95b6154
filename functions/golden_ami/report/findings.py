"""Stored findings and their status, read line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import asdict, replace

from golden_ami.evaluation.model import FindingStatus
from golden_ami.models import END_OF_SUPPORT, Finding
from golden_ami.report.model import AmiReport, Report
from golden_ami.storage.objects import Store

_FINDING = msgspec.json.Decoder(Finding)
_STATUS = msgspec.json.Decoder(FindingStatus)


def decoded_findings(lines: Iterable[bytes]) -> Iterator[Finding]:
    """The findings of an NDJSON object. Raises msgspec's MsgspecError for a line that holds no finding.

    One on the end of the operating system's support is about no package and no vulnerability, whatever Amazon Inspector
    puts there: it goes by its title.
    """
    for finding in map(_FINDING.decode, filter(None, lines)):
        if finding.type == END_OF_SUPPORT:
            yield replace(finding, vulnerability_id="", packages=[])
        else:
            yield finding


def decoded_statuses(lines: Iterable[bytes]) -> Iterator[FindingStatus]:
    """The statuses of an NDJSON object. Raises msgspec's MsgspecError for a line that holds no status."""
    return map(_STATUS.decode, filter(None, lines))


def findings_of(store: Store, ami: AmiReport) -> Iterator[tuple[Finding, FindingStatus]]:
    """An AMI's findings in the stored order, with what is known of their vulnerabilities; none of one without any.

    Raises store.Missing.
    """
    if ami.standings_key:
        findings = decoded_findings(store.lines(ami.findings_key))
        for finding, status in zip(findings, decoded_statuses(store.lines(ami.standings_key)), strict=True):
            yield replace(finding, **asdict(status.answered)) if status.answered else finding, status


def every_finding(report: Report, store: Store) -> Iterator[tuple[AmiReport, Finding, FindingStatus]]:
    """The findings of every AMI. Raises store.Missing."""
    for ami in report.amis:
        for finding, status in findings_of(store, ami):
            yield ami, finding, status


def closed_words(finding: Finding) -> str:
    """That Amazon Inspector closed a finding before it was collected; "" for any other."""
    return "after boot" if finding.closed else ""


def remedy_of(finding: Finding) -> str:
    """What to do about a finding, in Inspector's words; "" when it does not say."""
    return finding.remedy or next((package.remediation for package in finding.packages if package.remediation), "")
