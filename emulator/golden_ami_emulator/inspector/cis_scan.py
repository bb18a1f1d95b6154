"""A CIS scan: its configuration, its targets, and what it checks on each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from golden_ami_emulator.inspector.instances import Tracked

# Section numbers and subjects in the manner of the CIS benchmark for Amazon Linux 2023, in our own words.
_CHECKS = (
    ("1.1.1.1", "LEVEL_1", "cramfs cannot be mounted"),
    ("1.1.2.1", "LEVEL_1", "/tmp is a partition of its own"),
    ("1.2.1", "LEVEL_1", "Package signatures are verified everywhere"),
    ("1.3.1", "LEVEL_1", "AIDE is installed"),
    ("1.5.1", "LEVEL_1", "Address space layout randomization is on"),
    ("1.6.1.5", "LEVEL_2", "SELinux is enforcing"),
    ("3.3.1", "LEVEL_1", "Source-routed packets are refused"),
    ("4.1.1.1", "LEVEL_2", "auditd is installed"),
    ("4.2.1.1", "LEVEL_1", "rsyslog is installed"),
    ("5.2.7", "LEVEL_1", "Root cannot log in over SSH"),
    ("5.4.1", "LEVEL_1", "Passwords expire"),
    ("6.1.3", "LEVEL_1", "/etc/shadow is readable by root only"),
)


@dataclass(frozen=True)
class CisCheck:
    """One check on one target."""

    id: str
    level: str
    title: str
    status: str


@dataclass(frozen=True)
class TargetResult:
    """The checks of one target."""

    tracked: Tracked
    checks: tuple[CisCheck, ...]
    managed: bool

    @classmethod
    def of(cls, tracked: Tracked, level: str, managed: bool) -> TargetResult:
        """What a scan of `level` finds: Level 1 is a part of Level 2."""
        known = [check for check in _CHECKS if level == "LEVEL_2" or check[1] == "LEVEL_1"]
        wanted = tracked.behaviour.cis_checks if managed else 0
        checks = []
        for number in range(wanted):
            again, index = divmod(number, len(known))
            check_id, check_level, title = known[index]
            status = "FAILED" if number < tracked.behaviour.cis_failed else "PASSED"
            checks.append(CisCheck(f"{check_id}.{again}" if again else check_id, check_level, title, status))
        return cls(tracked, tuple(checks), managed)

    @property
    def failed(self) -> int:
        """How many checks failed."""
        return sum(check.status == "FAILED" for check in self.checks)


@dataclass
class Configuration:
    """A CIS scan configuration, as its listing answers it."""

    arn: str
    members: dict[str, Any]


@dataclass
class CisScan:
    """One scan of a configuration; it outlives the configuration."""

    arn: str
    configuration: Configuration
    began: datetime
    targets: list[Tracked]
    status: str = "IN_PROGRESS"
    results: list[TargetResult] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """As ListCisScans answers it."""
        members = self.configuration.members
        return {
            "scanArn": self.arn,
            "scanConfigurationArn": self.configuration.arn,
            "status": self.status,
            "scanName": members["scanName"],
            "scanDate": self.began,
            "failedChecks": sum(result.failed for result in self.results),
            "totalChecks": sum(len(result.checks) for result in self.results),
            "targets": members["targets"],
            "scheduledBy": members["ownerId"],
            "securityLevel": members["securityLevel"],
            "_resources": [tracked.id for tracked in self.targets],
        }
