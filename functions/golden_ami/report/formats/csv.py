"""One row a finding; one row for an AMI without any or that is not assessed. Safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import IO

from golden_ami.characters import printable
from golden_ami.evaluation.model import FindingStatus
from golden_ami.evaluation.packages import fixed_version
from golden_ami.evaluation.policy import DISCONTINUED_OS
from golden_ami.models import Finding
from golden_ami.report.evidence import summary
from golden_ami.report.findings import closed_words, findings_of, remedy_of
from golden_ami.report.links import finding_url
from golden_ami.report.model import AmiReport, Report
from golden_ami.report.verdicts import last_words, words_of_ami
from golden_ami.storage.objects import Store

COLUMNS = (
    "verdict", "account", "region", "ami", "name", "lineage", "owner", "severity", "vulnerability", "title", "packages",
    "installed", "fixed_in", "architecture", "path", "score", "epss", "known_exploited_since", "exploit_available",
    "fix_available", "since", "change", "rule", "tolerated", "remedy", "url", "arn", "suppressed", "evidence", "closed",
)  # fmt: skip

# What a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection), in full width and as a minus sign too,
# whatever a reader skips before it: blanks, and marks that are not drawn, which are escaped, too.
_FORMULA = re.compile(r"^\s*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe63\ufe62\ufe66\ufe6b|%]")


def write(report: Report, store: Store, out: IO[bytes]) -> None:
    """UTF-8 with a byte order mark, for Excel; RFC 4180 quoting."""
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for ami in report.amis:
        rows.writerows([safe(cell) for cell in row] for row in _rows(store, ami))
    text.detach()


def safe(value: object) -> str:
    """A cell on one line that no spreadsheet calculates."""
    text = "" if value is None else re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", str(value))
    bare = "".join(one for one in text if printable(one) == one)
    return f"'{printable(text)}" if _FORMULA.match(bare) else printable(text)


def _rows(store: Store, ami: AmiReport) -> Iterator[list[object]]:
    verdict = ami.verdict if ami.verdict != "PASS" else words_of_ami(ami)
    head: list[object] = [verdict, ami.account, ami.region, ami.ami_id, ami.name, ami.lineage, ami.owner]
    evidence = summary(ami)
    if ami.reason or ami.system_fails or not ami.total:
        yield [*head, *_cells_of_ami(ami), evidence, ""]
    for finding, status in findings_of(store, ami):
        yield [*head, *_cells(finding, status), evidence, closed_words(finding)]


def _cells_of_ami(ami: AmiReport) -> list[object]:
    """What there is to say of an AMI and of no finding."""
    title, rule, remedy = "no findings", "", ""
    if ami.system_fails:
        title, rule = "the operating system is out of standard support", DISCONTINUED_OS
    if ami.reason:
        title, remedy = f"{ami.reason.code}: {ami.reason.message}", ami.reason.remedy
        title += f" ({last})" if (last := last_words(ami)) else ""
    return ["", "", title, *[""] * 12, rule, "", remedy, "", "", ""]


def _cells(finding: Finding, status: FindingStatus) -> list[object]:
    packages = finding.packages
    return [
        finding.severity,
        finding.vulnerability_id,
        finding.title,
        "; ".join(package.name for package in packages),
        "; ".join(package.version for package in packages),
        "; ".join(fixed_version(package.fixed_in) for package in packages),
        "; ".join(sorted({package.architecture for package in packages})),
        "; ".join(sorted({package.path for package in packages if package.path})),
        finding.score,
        finding.epss,
        finding.known_exploited_since,
        "YES" if finding.exploit_available else "",
        finding.fix_available,
        status.since,
        status.change,
        status.rule,
        status.tolerated,
        remedy_of(finding),
        finding_url(finding),
        finding.arn,
        "YES" if finding.suppressed else "",
    ]
