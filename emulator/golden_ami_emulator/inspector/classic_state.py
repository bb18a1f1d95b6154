"""What Inspector Classic keeps: resource groups, targets, templates, subscriptions, runs, findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from golden_ami_emulator.inspector.errors import Refusal

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.classic_runs import AssessmentRun
    from golden_ami_emulator.inspector.region import Region

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
class Target:
    """Instances to assess: those of a resource group, or all of the region."""

    arn: str
    name: str
    group: ResourceGroup | None
    created_at: datetime
    updated_at: datetime


@dataclass
class Template:
    """What to assess of a target, and for how long."""

    arn: str
    name: str
    target: Target
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
    targets: dict[str, Target] = field(default_factory=dict)
    templates: dict[str, Template] = field(default_factory=dict)
    subscriptions: list[Subscription] = field(default_factory=list)
    runs: dict[str, AssessmentRun] = field(default_factory=dict)
    findings: dict[str, ClassicFinding] = field(default_factory=dict)
    tags: dict[str, list[dict[str, str]]] = field(default_factory=dict)


def new_id() -> str:
    """The part of an ARN that Classic makes up, such as `0-44oJJkCM`."""
    return f"0-{uuid4().hex[:8]}"


def arn(region: Region, rest: str) -> str:
    """An ARN of the region's Inspector Classic."""
    return f"arn:{region.partition}:inspector:{region.name}:{region.account}:{rest}"


def package_arn(region: Region, package: str) -> str:
    """The ARN of a rules package; it belongs to Inspector's account."""
    return f"arn:{region.partition}:inspector:{region.name}:{PACKAGES_ACCOUNT}:rulespackage/{package}"


def package_arns(region: Region) -> list[str]:
    """The region's rules packages."""
    return [package_arn(region, package) for package in PACKAGES]


def invalid(code: str, message: str) -> Refusal:
    """InvalidInputException."""
    return Refusal("InvalidInputException", message, errorCode=code, canRetry=False)


def no_such(noun: str, name: str) -> Refusal:
    """NoSuchEntityException; `noun` as in its error codes, such as ASSESSMENT_RUN."""
    text = f"The {noun.lower().replace('_', ' ')} {name} does not exist"
    return Refusal("NoSuchEntityException", text, errorCode=f"{noun}_DOES_NOT_EXIST", canRetry=False)


def found(items: Mapping[str, Any], key: str, noun: str) -> Any:
    """The item of an ARN. Raises Refusal."""
    if not key.startswith("arn:"):
        raise invalid(f"INVALID_{noun}_ARN", f"{key} is not an ARN")
    if key not in items:
        raise no_such(noun, key)
    return items[key]


def described(items: Mapping[str, Any], arns: list[str]) -> tuple[list[Any], dict[str, dict[str, Any]]]:
    """The items that exist, once each, and the failure of each other ARN."""
    failed: dict[str, dict[str, Any]] = {}
    good: dict[str, Any] = {}
    for key in arns:
        if key in good:
            failed[key] = {"failureCode": "DUPLICATE_ARN", "retryable": False}
        elif key in items:
            good[key] = items[key]
        else:
            code = "ITEM_DOES_NOT_EXIST" if key.startswith("arn:") else "INVALID_ARN"
            failed[key] = {"failureCode": code, "retryable": False}
    return list(good.values()), failed
