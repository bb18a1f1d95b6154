"""What Inspector Classic keeps: resource groups, targets, templates, subscriptions, runs, findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from golden_ami_emulator.inspector.instances import Tracked
from golden_ami_emulator.world import Timer

ENDS = ("COMPLETED", "COMPLETED_WITH_ERRORS", "CANCELED", "ERROR", "FAILED")  # the later, the worse
# The account and ids are those of us-east-1 in the Inspector Classic user guide's list of rules packages.
PACKAGES_ACCOUNT = "316112463485"
CVE, CIS, NETWORK, BEST_PRACTICES = "0-gEjTy7T7", "0-rExsr2X8", "0-PmNV0Tcd", "0-R01qwB5Q"
PACKAGES: dict[str, tuple[str, str]] = {
    CVE: ("Common Vulnerabilities and Exposures", "Packages with known vulnerabilities."),
    CIS: ("CIS Operating System Security Configuration Benchmarks", "Settings that differ from a CIS benchmark."),
    NETWORK: ("Network Reachability", "Ports that can be reached from outside the VPC."),
    BEST_PRACTICES: ("Security Best Practices", "Settings that weaken a Linux system."),
}


@dataclass
class ResourceGroup:
    """Tags that select instances."""

    arn: str
    tags: dict[str, str | None]
    created_at: datetime


@dataclass
class AssessmentTarget:
    """Instances to assess: those of a resource group, or all of the region."""

    arn: str
    name: str
    group: ResourceGroup | None
    created_at: datetime
    updated_at: datetime


@dataclass
class AssessmentTemplate:
    """What to assess of a target, and for how long."""

    arn: str
    name: str
    target: AssessmentTarget
    duration: int
    packages: list[str]
    attributes: list[dict[str, str]]
    created_at: datetime


@dataclass
class Subscription:
    """A topic that hears of a template's runs."""

    resource_arn: str
    topic_arn: str
    event: str
    subscribed_at: datetime


@dataclass
class AssessmentRun:
    """One run of a template on the agents that its target had when it started."""

    arn: str
    name: str
    template: AssessmentTemplate
    created_at: datetime
    agents: list[Tracked]
    attributes: list[dict[str, str]]
    packages: list[str]
    duration: int
    states: list[tuple[datetime, str]] = field(default_factory=list)
    notifications: list[dict[str, Any]] = field(default_factory=list)
    completed_at: datetime | None = None
    data_collected: bool = False
    healthy: list[Tracked] = field(default_factory=list)  # the agents that were up when collection ended
    finding_arns: list[str] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)

    @property
    def state(self) -> str:
        """The state it is in."""
        return self.states[-1][1]

    @property
    def active(self) -> bool:
        """Whether it holds its agents."""
        return self.state not in ENDS


@dataclass
class ClassicFinding:
    """A finding of a run, as DescribeFindings answers it; user attributes can be added."""

    run: AssessmentRun
    members: dict[str, Any]
    repeated: bool = False  # listed twice

    @property
    def agent_id(self) -> str:
        """The instance."""
        return str(self.members["assetAttributes"]["agentId"])


@dataclass
class Classic:
    """All of Inspector Classic in one region, by ARN."""

    groups: dict[str, ResourceGroup] = field(default_factory=dict)
    targets: dict[str, AssessmentTarget] = field(default_factory=dict)
    templates: dict[str, AssessmentTemplate] = field(default_factory=dict)
    subscriptions: list[Subscription] = field(default_factory=list)
    runs: dict[str, AssessmentRun] = field(default_factory=dict)
    findings: dict[str, ClassicFinding] = field(default_factory=dict)
    tags: dict[str, list[dict[str, str]]] = field(default_factory=dict)
