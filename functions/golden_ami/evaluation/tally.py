"""What findings come to that an upgrade closes."""

from __future__ import annotations

from msgspec import Struct

from golden_ami.evaluation.priority import SEVERITY_RANK
from golden_ami.models import Finding, Severity


class Tally(Struct):
    """A count of findings, and the worst of each kind of danger."""

    closes: int = 0
    known_exploited: int = 0
    exploit_available: int = 0
    failing: int = 0
    worst: Severity = "UNTRIAGED"
    epss: float = 0.0
    score: float = 0.0

    def count(self, finding: Finding, *, fails: bool) -> None:
        """Count one more finding."""
        self.closes += 1
        if finding.known_exploited_since:
            self.known_exploited += 1
        if finding.exploit_available:
            self.exploit_available += 1
        if fails:
            self.failing += 1
        if SEVERITY_RANK[finding.severity] > SEVERITY_RANK[self.worst]:
            self.worst = finding.severity
        if finding.epss and finding.epss > self.epss:
            self.epss = finding.epss
        if finding.score and finding.score > self.score:
            self.score = finding.score

    def add(self, other: Tally) -> None:
        """Count the findings of another one too."""
        self.closes += other.closes
        self.known_exploited += other.known_exploited
        self.exploit_available += other.exploit_available
        self.failing += other.failing
        self.worst = max(self.worst, other.worst, key=SEVERITY_RANK.__getitem__)
        self.epss, self.score = max(self.epss, other.epss), max(self.score, other.score)
