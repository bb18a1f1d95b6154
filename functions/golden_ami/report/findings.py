"""The findings of a report, AMI by AMI, each with how it stands."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from golden_ami.models import Finding
from golden_ami.report.model import AmiReport, Report, Standing
from golden_ami.storage.objects import Store

_FINDING = msgspec.json.Decoder(Finding)
_STANDING = msgspec.json.Decoder(Standing)


def findings_of(store: Store, ami: AmiReport) -> Iterator[tuple[Finding, Standing]]:
    """An AMI's findings in the stored order; none when it was not assessed. Raises store.Missing."""
    if not ami.standings_key:
        return
    findings = filter(None, store.lines(ami.findings_key))
    standings = filter(None, store.lines(ami.standings_key))
    for finding, standing in zip(findings, standings, strict=True):
        yield _FINDING.decode(finding), _STANDING.decode(standing)


def every_finding(report: Report, store: Store) -> Iterator[tuple[AmiReport, Finding, Standing]]:
    """The findings of every AMI. Raises store.Missing."""
    for ami in report.amis:
        for finding, standing in findings_of(store, ami):
            yield ami, finding, standing
