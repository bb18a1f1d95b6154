"""Accepted vulnerabilities: which findings an exception covers, and until when it is in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from golden_ami.evaluation.model import ExceptionStatus
from golden_ami.models import Ami, Finding, RiskException, Scope

EXPIRY_WARNING_DAYS = 14


class ExceptionIndex:
    """The exceptions of a run, by vulnerability."""

    def __init__(self, exceptions: Sequence[RiskException]) -> None:
        self.exceptions = exceptions
        self._by_vulnerability: dict[str, list[int]] = {}
        for index, exception in enumerate(exceptions):
            self._by_vulnerability.setdefault(_vulnerability_key(exception.vulnerability), []).append(index)

    def covering(self, finding: Finding, ami: Ami) -> int | None:
        """Index of the exception that covers a finding, of several the one that lasts longest; None without any."""
        if not self._by_vulnerability:
            return None
        candidates = self._by_vulnerability.get(_vulnerability_key(finding.vulnerability_id))
        if not candidates:
            return None
        found = [index for index in candidates if covers(self.exceptions[index], finding, ami)]
        return max(found, key=lambda index: date.fromisoformat(self.exceptions[index].expires), default=None)

    def in_force(self, index: int | None, today: date) -> RiskException | None:
        """The exception of this index; None without an index, and after the exception's last day."""
        if index is None or is_expired(self.exceptions[index], today):
            return None
        return self.exceptions[index]


def covers(exception: RiskException, finding: Finding, ami: Ami) -> bool:
    """Whether vulnerability and every given member of the scope match; a package must be the only one affected."""
    vulnerability = _vulnerability_key(exception.vulnerability)
    if not vulnerability or vulnerability != _vulnerability_key(finding.vulnerability_id):  # blank: no id, no exception
        return False
    package = exception.scope.package
    return in_scope(exception.scope, ami) and (
        package is None or {affected.name for affected in finding.packages} == {package}
    )


def _vulnerability_key(vulnerability: str) -> str:
    """A vulnerability's id as exceptions are compared with it: without blanks around it, in lower case."""
    return vulnerability.strip().lower()


def in_scope(scope: Scope, ami: Ami) -> bool:
    """Whether an AMI is within a scope, its package aside."""
    return (
        scope.ami in (None, ami.ami_id)
        and scope.lineage in (None, ami.lineage)
        and all(ami.tags.get(key) == value for key, value in (scope.tag or {}).items())
    )


def is_expired(exception: RiskException, today: date) -> bool:
    """Whether the last day on which the exception is in force has passed."""
    return today > date.fromisoformat(exception.expires)


def is_due(exception: RiskException, today: date) -> bool:
    """Whether the exception has expired, or has 14 days or fewer to go."""
    return date.fromisoformat(exception.expires) <= today + timedelta(days=EXPIRY_WARNING_DAYS)


def exception_status(exception: RiskException, matches: int, today: date) -> ExceptionStatus:
    """The status of an exception that covers so many findings; EXPIRING during its last 14 days."""
    if is_expired(exception, today):
        return "EXPIRED"
    if not matches:
        return "UNUSED"
    return "EXPIRING" if is_due(exception, today) else "ACTIVE"
