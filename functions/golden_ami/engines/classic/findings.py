"""Inspector Classic's findings as `models.Finding`."""

from __future__ import annotations

from golden_ami import times
from golden_ami.engines.findings import arn_of, known, listed, mapping, number, severity, text
from golden_ami.models import Finding, Package

DESCRIBE_FINDINGS = "inspector:DescribeFindings"


def from_classic(raw: object) -> Finding:
    """A finding of Inspector Classic. It has no CRITICAL of its own; Undefined is UNTRIAGED unless it has a score."""
    finding = mapping(raw)
    attributes = {
        text(one.get("key")).upper(): text(one.get("value"))
        for one in map(mapping, listed(finding.get("attributes")))
        if one.get("key")
    }
    package = attributes.get("PACKAGE_NAME", "")
    rated = number(attributes.get("CVSS3_SCORE")) or number(attributes.get("CVSS2_SCORE"))
    return Finding(
        arn=arn_of(finding.get("arn"), finding),
        severity=severity(finding.get("severity"), rated),
        title=text(finding.get("title")) or text(finding.get("id")) or "untitled",
        type="CLASSIC",
        source=DESCRIBE_FINDINGS,
        vulnerability_id=attributes.get("CVE_ID") or text(finding.get("id")),
        description=text(finding.get("description")),
        score=rated or number(finding.get("numericSeverity")),
        first_observed_at=times.read(finding.get("createdAt")),
        packages=[Package(name=package)] if package else [],
        remedy=known(finding.get("recommendation")),
    )
