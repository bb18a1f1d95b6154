"""What the embedded account holds and how it behaves: given as data, so that a person or a test can say it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

ACCOUNT = "123456789012"  # moto's default account
REGION = "us-east-1"


DeepInspection = Literal["ACTIVATED", "DEACTIVATED", "PENDING", "FAILED"]


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Forget the call."""


class Timers(Protocol):
    """The part of the clock that emulated services use."""

    def now(self) -> datetime:
        """The emulated instant, aware, UTC. The process's own clock (`datetime.now`) shows the same."""

    def call_later(self, seconds: float, action: Callable[[], None], *, name: str = "") -> Timer:
        """Call `action` when the emulated time has come."""


# What an image of a `platform` runs that does not say so: PlatformName and PlatformVersion of Systems Manager.
_SYSTEMS = {"windows": ("Microsoft Windows Server 2022 Datacenter", "10.0.20348"), "mac": ("macOS", "15.5")}
_AMAZON_LINUX = ("Amazon Linux", "2023")


@dataclass(frozen=True)
class Image:
    """An AMI that the embedded account holds. Tags may be what EC2 allows: up to 50, empty values.

    `platform_name` and `platform_version` are what ssm DescribeInstanceInformation reports of an instance of it. An
    empty name: the agent reports none. Where `platform` alone is given, they are those of a system of that platform,
    and the other way round.
    """

    image_id: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    state: Literal["available", "pending", "failed", "deregistered", "disabled"] = "available"
    owner: str = ACCOUNT
    platform: str = "Linux/UNIX"
    key_arn: str = ""  # of the customer managed KMS key that encrypts its snapshots
    allowed: bool = True  # whether the criteria of the account's Allowed AMIs name it; an account's own always are
    platform_name: str = "Amazon Linux"
    platform_version: str = "2023"

    def __post_init__(self) -> None:
        named = (self.platform_name, self.platform_version)
        for word, system in _SYSTEMS.items():
            if word in self.platform.lower() and named == _AMAZON_LINUX:
                self._become(*system)
            elif word in self.platform_name.lower() and self.platform == "Linux/UNIX":
                object.__setattr__(self, "platform", {"windows": "windows", "mac": "macOS"}[word])
        if not self.platform_name:
            self._become("", "")

    def _become(self, name: str, version: str) -> None:
        object.__setattr__(self, "platform_name", name)
        object.__setattr__(self, "platform_version", version)


@dataclass
class Behaviour:
    """How EC2 and Inspector treat one AMI and what is launched from it. The defaults are a good day.

    Durations are emulated seconds.
    """

    agent_after: float | None = 100  # until the agent (SSM or Classic) answers; None: never
    instance_dies_after: float | None = None  # the instance terminates by itself
    scan_seconds: float = 900  # `instance` and `ami` engines; Classic takes the template's duration
    scan_result: str = "SUCCESSFUL"  # else a reason of ListCoverage or of GetOnDemandScanStatus
    classic_result: str = "COMPLETED"  # final state of a Classic run; the worst of its AMIs counts
    # What is sent at the end: () lost, ("complete", "complete") twice; "uncounted": one that tells no numbers (`ami`).
    events: tuple[str, ...] = ("complete",)
    findings_events_lost: int = 0  # of the on-demand scan's findings events, the first n
    listing_late: float = 0  # for so long after each of its scans, an instance's last finding is not listed
    listing_lag: int = 0  # so many times ListFindings answers one finding fewer than the scan announced
    cis_checks: int = 5  # checks that a CIS scan reports
    cis_failed: int = 1  # of those, the first n fail
    cis_result: Literal["COMPLETED", "FAILED", "CANCELLED"] = "COMPLETED"  # the worst of the scan's AMIs counts
    repeat_arns: int = 0  # so many findings are listed a second time, on a later page
    language_packages_after: float | None = 0  # from an instance's first scan to its deep inspection; None: never
    suppressed: int = 0  # so many of an instance's findings, the first ones, a suppression rule of Inspector's hides
    # An instance updates its packages for which there is a fix: so long after its launch, or after its first scan.
    updates_after: float | None = None
    updates_after_scan: float | None = None
    coverage_late: float = 0  # an instance's rows of coverage are so late, beside rows of an earlier use of its id
    rows_after: float | None = 0  # from an on-demand scan's end until EC2 tells what it found; None: never
    internal_errors: int = 0  # so many of the on-demand scans to come end with INTERNAL_ERROR; each uses one up
    imported_after: float = 300  # from a scan of an instance until Security Hub has imported its findings


@dataclass
class World:
    """The account's content at the start of a local run."""

    images: Sequence[Image]
    # What Inspector finds on an AMI, in the shape of `aws inspector2 list-findings`; key "*" is for every other AMI.
    findings: Mapping[str, Sequence[Mapping[str, Any]]]
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    inspector_enabled: bool = True  # Amazon Inspector's EC2 scanning, at the start
    security_hub_enabled: bool = True
    security_hub_imports: bool = True  # whether its integration with Amazon Inspector accepts findings
    deep_inspection: DeepInspection = "ACTIVATED"  # of EC2 instances; with any other status none takes place
    listed_after: float = 0  # emulated seconds until EC2 tells functions of an instance; see `launches`
    allowed_images: Literal["disabled", "audit-mode", "enabled"] = "disabled"  # the account's Allowed AMIs setting
    metadata_tags: bool = False  # the account's default for InstanceMetadataTags (ModifyInstanceMetadataDefaults)
    subnet_owner: str = ""  # the account that shares its subnets with this one through RAM; "" is this one
    lacking_types: Mapping[str, Collection[str]] = field(default_factory=dict)  # by zone, beside AWS's own; "*" is all
    full_zones: Collection[str] = ()  # names of zones without capacity
    vcpu_quota: int | None = None  # of running On-Demand Standard instances; None: no limit
    vcpu_quota_told: bool = True  # whether Service Quotas knows it
    scan_mode: Literal["EC2_SSM_AGENT_BASED", "EC2_HYBRID"] = "EC2_SSM_AGENT_BASED"
    vm_scanner: bool = False  # Enhanced EC2 Scanning is activated
    # What ListUsageTotals answers: by usage type the amount and its cost in US dollars, of the last 30 days.
    inspector_usage: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)  # SSM: NAME or NAME:VERSION or NAME:LABEL to AMI id

    def findings_of(self, image_id: str) -> Sequence[Mapping[str, Any]]:
        """The findings on an AMI."""
        return self.findings.get(image_id, self.findings.get("*", ()))

    def behaviour_of(self, image_id: str) -> Behaviour:
        """How the world treats an AMI; the key "*" is for every other AMI."""
        return self.behaviours.get(image_id, self.behaviours.get("*", Behaviour()))
