"""The one model that every format is made from. Its JSON form is `report.json`.

Lists that could grow with findings are cut to the most urgent and stand beside their full count; the findings
themselves are in the NDJSON objects that each AMI names.
"""

from __future__ import annotations

from typing import Literal

from msgspec import field

from golden_ami.characters import printable
from golden_ami.evaluation.model import Comparison, ExceptionStatus, Failing, FindingStatus, Item, Upgrade
from golden_ami.evaluation.policy import DISCONTINUED_OS
from golden_ami.models import (
    Data,
    Engine,
    Evidence,
    Finding,
    LineageRule,
    Point,
    Policy,
    Reason,
    RiskException,
    SeverityCounts,
    Verdict,
)
from golden_ami.usage.lines import UsageLine


def _no_evidence() -> list[Evidence]:
    """Not `list`, for then an empty list would be left out of report.json."""
    return []


ActionName = Literal["tag", "event", "deprecate", "undeprecate"]


class AmiAction(Data, omit_defaults=False):
    """What was done with the verdict of an AMI, or would have been in a dry run."""

    action: ActionName
    outcome: Literal["DONE", "WOULD", "KEPT", "REFUSED"]  # KEPT: it is as asked, or another's doing, and was left so
    detail: str


class Covered(Data, omit_defaults=False):
    """What an exception comes to for one AMI."""

    exception: int  # its index in the report's exceptions; it may have expired
    findings: int  # that it covers; 0 of an AMI in its scope that could not be assessed


class LastVerdict(Data, omit_defaults=False):
    """What the last run that assessed an AMI said."""

    verdict: str
    completed_at: str  # ISO 8601, UTC
    run_id: str


class AmiReport(Data):
    """One AMI of the run."""

    key: str
    ami_id: str
    name: str
    lineage: str
    owner: str
    account: str
    region: str
    engine: Engine
    verdict: Verdict
    lineage_rule: LineageRule = ""  # what told the lineage
    tags: dict[str, str] = field(default_factory=dict)
    reason: Reason | None = None
    last_verdict: LastVerdict | None = None  # of an AMI that is NOT ASSESSED, where an earlier run has assessed it
    counts: SeverityCounts = field(default_factory=dict)
    total: int = 0
    known_exploited: int = 0
    known_exploited_critical: int = 0  # of these
    exploit_available: int = 0
    fixable: int = 0
    excepted: int = 0
    tolerated: int = 0  # a rule names them, yet they do not fail the AMI
    grace: int = 0  # of these, those that graceDays keeps from failing it
    grace_until: str = ""  # ISO date from which the first of them fails it
    exceptions: list[Covered] = field(default_factory=list)  # those that are about the AMI
    failing: int = 0
    failing_by_severity: list[Failing] = field(default_factory=list)  # the worst severity first
    suppressed: int = 0  # by rules of Amazon Inspector
    closed: int = 0  # after boot: Amazon Inspector closed them before they were collected
    report_only: bool = False  # PASS says nothing: no finding can fail the AMI (policy.reportOnly)
    evidence: list[Evidence] = field(default_factory=_no_evidence)  # what the verdict rests on
    rules: dict[str, int] = field(default_factory=dict)  # rule -> findings that it fails the AMI on
    failures: list[Item] = field(default_factory=list)  # the worst first
    upgrades: list[Upgrade] = field(default_factory=list)
    since_last_run: Comparison | None = None
    since_previous_ami: Comparison | None = None
    own_policy: Policy | None = None
    notes: list[str] = field(default_factory=list)
    instance_id: str = ""
    launched_at: str = ""
    terminated_at: str = ""  # its instance; "" when it has none, or the run does not know its end
    instance_minutes: float | None = None  # from the launch of its instance to its termination
    idle_minutes: float | None = None  # of these, after the start of its assessment and the end of its scan
    scanned_at: str = ""
    findings_key: str = ""
    standings_key: str = ""
    actions: list[AmiAction] = field(default_factory=list)  # in the order in which they were done

    @property
    def system_fails(self) -> bool:
        """Whether its operating system fails it, and no finding says so."""
        return DISCONTINUED_OS in self.rules and sum(self.rules.values()) > self.failing


class ExceptionReport(Data):
    """An accepted vulnerability and what came of it in this run."""

    exception: RiskException
    status: ExceptionStatus
    matches: int
    message: str


class Owner(Data):
    """The AMIs of one owner."""

    owner: str
    amis: int = 0
    passed: int = 0
    failed: int = 0
    not_assessed: int = 0
    topic: str = ""
    upgrades: list[Upgrade] = field(default_factory=list)  # the first few of their AMIs


class Fault(Data, omit_defaults=False):
    """What went wrong with the run itself."""

    where: str
    error: str
    cause: str


class Instances(Data, omit_defaults=False):
    """Instances of the run, as EC2 said at its end; None where nobody could ask."""

    launched: int | None = 0
    terminated: int | None = 0
    running: int | None = 0


class Action(Data):
    """What was, or in a dry run would have been, done with a verdict; `AmiReport.actions` has it of each AMI."""

    action: ActionName
    amis: int  # with which it was done, or would have been
    done: bool  # with all of them, and no dry run
    detail: str = ""
    asked: int = 0  # AMIs with which it was to be done
    kept: int = 0  # of these, those that were left as they were
    refused: int = 0  # of these


class Totals(Data, omit_defaults=False):
    """Sums over the AMIs of the run."""

    amis: int = 0
    passed: int = 0
    report_only: int = 0  # of those that passed: no finding can fail them
    failed: int = 0
    not_assessed: int = 0
    findings: int = 0
    counts: SeverityCounts = field(default_factory=dict)
    known_exploited: int = 0
    exploit_available: int = 0
    fixable: int = 0
    excepted: int = 0
    failing: int = 0
    suppressed: int = 0  # by rules of Amazon Inspector
    closed: int = 0  # after boot: Amazon Inspector closed them before they were collected
    compared: int = 0  # AMIs that had an earlier assessment
    new: int = 0
    open: int = 0
    fixed: int = 0


class About(Data):
    """How the run went."""

    run_id: str
    execution_arn: str
    execution_url: str
    account: str
    region: str
    started_at: str
    completed_at: str
    duration_seconds: int
    succeeded: bool
    parameter: str = ""
    started_by: str = ""  # a schedule's ARN, or what the starter said of himself; "" when nobody said
    engines: list[Engine] = field(default_factory=list)
    instances: Instances = field(default_factory=Instances)
    faults: list[Fault] = field(default_factory=list)
    incomplete: list[Fault] = field(default_factory=list)  # parts that no verdict needs, and that could not be made

    @property
    def starter(self) -> str:
        """Who started the run, in words."""
        return printable(self.started_by) or "not told; the event StartExecution in AWS CloudTrail names who"


class Report(Data):
    """A run, ready to be read."""

    run: About
    verdict: Verdict
    totals: Totals
    policy: Policy
    amis: list[AmiReport]
    version: int = field(default=1)
    upgrades: list[Upgrade] = field(default_factory=list)
    exceptions: list[ExceptionReport] = field(default_factory=list)
    owners: list[Owner] = field(default_factory=list)
    trend: list[Point] = field(default_factory=list)  # oldest first, this run last
    actions: list[Action] = field(default_factory=list)
    usage: list[UsageLine] = field(default_factory=list)  # what was estimated, with what was used beside it
    allowed_amis: str = ""  # EC2 Allowed AMIs criteria that admit the AMIs that passed; "" when none did
    legacy: list[dict[str, str | int]] = field(default_factory=list)  # the 2017 result, an object per AMI

    def accepted_by(self, status: FindingStatus) -> RiskException | None:
        """The exception in force that covers a finding; None without one."""
        if status.exception is None or self.exceptions[status.exception].status == "EXPIRED":
            return None
        return self.exceptions[status.exception].exception

    def tolerates_suppressed(self, ami: AmiReport, finding: Finding) -> bool:
        """Whether a rule of Amazon Inspector suppresses a finding, and the AMI's policy lets that hold."""
        return finding.suppressed and (ami.own_policy or self.policy).suppressed == "tolerate"
