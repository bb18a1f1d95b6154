"""What evaluation gives: the status of a finding, an upgrade, and the comparison with an earlier assessment."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from golden_ami.models import Data, Severity
from golden_ami.register.model import FindingIdentity
from golden_ami.register.past import Change

ExceptionStatus = Literal["ACTIVE", "EXPIRING", "EXPIRED", "UNUSED"]


class Answered(Data, gc=False):
    """What is known of a finding's vulnerability beside what is stored of the finding itself."""

    known_exploited_since: str = ""
    known_exploited_due: str = ""
    epss: float | None = None
    exploit_available: bool = False
    last_known_exploit_at: str = ""
    unanswered: list[Literal["knownExploited", "exploitAvailable", "epss"]] = field(default_factory=list)


class FindingStatus(Data, gc=False):
    """The status of one finding in one run: a line of the NDJSON object under `standings/`, in the findings' order.

    What later runs compare with is the register of the lineage.
    """

    identities: list[FindingIdentity]  # one for each package that the finding names, at least one
    severity: Severity
    type: str
    since: str  # ISO date of the first observation in this lineage
    change: Change = ""
    rule: str = ""  # the rule of the policy that names the finding, for example "severity CRITICAL"
    tolerated: str = ""  # why a rule that names the finding does not fail the AMI
    exception: int | None = None  # index in the report's exceptions; that exception may have expired
    answered: Answered | None = None  # None: the finding is as it is stored

    @property
    def fails(self) -> bool:
        """Whether this finding fails its AMI."""
        return bool(self.rule) and not self.tolerated


class Item(Data):
    """One finding in a list of the report."""

    vulnerability: str
    severity: Severity
    package: str = ""
    fixed_in: str = ""
    rule: str = ""
    since: str = ""
    known_exploited: bool = False
    exploit_available: bool = False
    epss: float | None = None  # 0 to 1
    suppressed: bool = False  # by a rule of Amazon Inspector
    closed: bool = False  # after boot


class Failing(Data):
    """The findings of one severity that fail an AMI."""

    severity: Severity
    findings: int
    because: dict[str, int] = field(default_factory=dict)  # what else than the severity -> of these, how many


class Target(Data):
    """A package and the version to upgrade it to."""

    package: str
    to: str
    manager: str = ""  # Inspector's packageManager


class Together(Data):
    """What an upgrade closes only if these packages are upgraded as well."""

    packages: list[Target]
    closes: int
    known_exploited: int = 0
    exploit_available: int = 0
    failing: int = 0  # of the findings that it closes, how many fail an AMI


class UpgradedAmi(Data):
    """An AMI that an upgrade is for."""

    key: str
    name: str
    owner: str = ""


class Upgrade(Data):
    """What one command does: a package, the version that it gets, and what that closes.

    Lists are cut and stand beside their full count: `together` beside `findings`, `images` and `owners` beside `amis`.
    """

    package: str
    to: str  # the highest version that any of the findings needs
    installed: list[str]
    closes: int  # findings that it closes by itself
    manager: str = ""  # Inspector's packageManager
    system: str = ""  # of an operating system's package: "amzn2", "el8", "Ubuntu 22.04"; "" where it is not known
    also: list[str] = field(default_factory=list)  # packages of the same source, which the command upgrades as well
    packages: list[Target] = field(default_factory=list)  # all that the command upgrades
    command: str = ""  # or, of what is compiled in, what to change; "" where it is not known or a name is not plain
    findings: int = 0  # that name it: those that it closes by itself and those that it closes with others
    together: list[Together] = field(default_factory=list)  # what it closes with which others
    amis: int = 1
    images: list[UpgradedAmi] = field(default_factory=list)  # of a run's upgrade; in the order of their names
    owners: list[str] = field(default_factory=list)  # of a run's upgrade
    known_exploited: int = 0  # of the findings that it closes by itself, as the two that follow
    exploit_available: int = 0
    failing: int = 0  # how many fail an AMI
    worst: Severity = "UNTRIAGED"  # of the findings that name it, as the two that follow
    epss: float = 0.0
    score: float = 0.0
    remediation: str = ""


class Comparison(Data):
    """What changed since an earlier assessment. `fixed` counts nothing that this scan could not have seen."""

    run_id: str
    ami_id: str
    completed_at: str
    new: int = 0
    open: int = 0
    fixed: int = 0
    oldest_days: int = 0  # age of the oldest finding still open
    note: str = ""
    new_items: list[Item] = field(default_factory=list)
    fixed_items: list[Item] = field(default_factory=list)
