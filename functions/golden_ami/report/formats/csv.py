"""One row a finding, the worst of all AMIs first; one row for an AMI without any or that is not assessed.

Safe to open in a spreadsheet.
"""

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
from golden_ami.evaluation.priority import Priority
from golden_ami.models import Finding
from golden_ami.report.evidence import summary
from golden_ami.report.findings import closed_words, findings_of, remedy_of
from golden_ami.report.links import finding_url
from golden_ami.report.model import AmiReport, Report
from golden_ami.report.order import VERDICT_RANK, urgency, urgency_of_ami
from golden_ami.report.urgent import SHOWN
from golden_ami.report.verdicts import last_words, words_of_ami
from golden_ami.storage.objects import Store

COLUMNS = (
    "verdict", "account", "region", "ami", "name", "lineage", "owner", "severity", "vulnerability", "title", "packages",
    "installed", "fixed_in", "architecture", "path", "score", "epss", "known_exploited_since", "exploit_available",
    "fix_available", "since", "change", "rule", "tolerated", "remedy", "url", "arn", "suppressed", "evidence", "closed",
    "known_exploited",
)  # fmt: skip

# What a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection), in full width and as a minus sign too,
# whatever a reader skips before it: blanks, and marks that are not drawn, which are escaped, too.
_FORMULA = re.compile(r"^\s*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe63\ufe62\ufe66\ufe6b|%]")


def write(report: Report, store: Store, out: IO[bytes]) -> None:
    """UTF-8 with a byte order mark, for Excel; RFC 4180 quoting."""
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for amis in _sorted_together(report):
        found = [row for ami in amis for row in _rows(store, ami)]
        found.sort(key=lambda row: row[:2], reverse=True)
        rows.writerows([safe(cell) for cell in cells] for _, _, cells in found)
    text.detach()


def _sorted_together(report: Report) -> list[list[AmiReport]]:
    """The AMIs whose findings are in one order: all; of a run whose findings memory may not hold, each by itself."""
    return [report.amis] if report.totals.findings <= SHOWN else [[ami] for ami in report.amis]


def safe(value: object) -> str:
    """A cell on one line that no spreadsheet calculates."""
    text = "" if value is None else re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", str(value))
    bare = "".join(one for one in text if printable(one) == one)
    return f"'{printable(text)}" if _FORMULA.match(bare) else printable(text)


def _rows(store: Store, ami: AmiReport) -> Iterator[tuple[int, Priority, list[object]]]:
    """Each with what it is sorted by, greater first."""
    verdict = ami.verdict if ami.verdict != "PASS" else words_of_ami(ami)
    head: list[object] = [verdict, ami.account, ami.region, ami.ami_id, ami.name, ami.lineage, ami.owner]
    evidence, rank = summary(ami), -VERDICT_RANK[ami.verdict]
    if ami.reason or ami.system_fails or not ami.total:
        yield rank, urgency_of_ami(ami), [*head, *_cells_of_ami(ami), evidence, "", ""]
    for finding, status in findings_of(store, ami):
        exploited = "YES" if finding.known_exploited_since else ""
        cells = [*head, *_cells(finding, status), evidence, closed_words(finding), exploited]
        yield rank, urgency(finding, status), cells


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
