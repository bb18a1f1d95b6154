"""The nouns of the domain, as stored in the ledger (DynamoDB), in S3 and in the configuration (JSON, camelCase)."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType, field

Engine = Literal["classic", "instance", "ami"]
ConfiguredEngine = Literal["classic", "instance", "ami", "auto"]
DEFAULT_ENGINE: Engine = "instance"
Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED"]
Verdict = Literal["PASS", "FAIL", "NOT_ASSESSED"]
EvidenceKind = Literal["operatingSystem", "packages", "languagePackages", "network", "cis", "findings", "exploitData"]
EvidenceStatus = Literal["COMPLETE", "PENDING", "PARTIAL", "MISSING", "NOT_APPLICABLE"]
# What a scan must have looked at to find something. A package of an unknown manager may be of either kind.
FindingKind = Literal["packages", "languagePackages", "anyPackages", "network", "cisLevel1", "cisLevel2", "classic"]
LineageRule = Literal[
    "", "configuration", "tag", "lineageTag", "parameter", "imageBuilder", "packer", "nameTag", "imageName", "amiId"
]
SEVERITIES: tuple[Severity, ...] = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")

LINEAGE_TAG = "golden-ami-lineage"  # by which an AMI says its lineage

# Tags that this system puts on what it launches. The first is the 2017 solution's; EC2 is asked by the others.
ASSESSMENT_TAG = "continuous-assessment-instance"
RUN_TAG = "continuous-assessment-run"
AMI_TAG = "continuous-assessment-ami"
EXPIRY_TAG = "continuous-assessment-expires-at"
STACK_TAG = "continuous-assessment-stack"
OWN_TAGS = frozenset({ASSESSMENT_TAG, RUN_TAG, AMI_TAG, EXPIRY_TAG, STACK_TAG})

# Tags that this system puts on AMIs (act.tagAmis). They are never taken for the AMI's own.
VERDICT_TAG = "assessment-verdict"
VERDICT_RUN_TAG = "assessment-run"
COMPLETED_TAG = "assessment-completed-at"
VERDICT_TAGS = frozenset({VERDICT_TAG, VERDICT_RUN_TAG, COMPLETED_TAG})


# gc=False (msgspec, "Structs", "Disabling Garbage Collection"): Python's garbage collector skips objects of the type.
# It is for types of which very many objects are made and none is ever part of a reference cycle.


class Data(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Base of all stored data: camelCase outside, snake_case inside; defaults are left out when stored."""


class Reason(Data, omit_defaults=False):
    """Why an AMI is NOT ASSESSED: a stable code, what happened, and what a person can do about it."""

    code: str
    message: str
    remedy: str


# ---------------------------------------------------------------- configuration


class Waits(Data, omit_defaults=False):
    """Every wait and bound of a run, in seconds."""

    boot_seconds: int = 240
    agent_poll_seconds: int = 30
    agent_deadline_seconds: int = 900  # counted from the end of the boot wait
    assessment_seconds: int = 3600  # the duration of a Classic assessment template
    poll_seconds: int = 300  # how often Inspector itself is asked while no completion arrives
    completion_deadline_seconds: int = 10800  # counted from the start of the assessment
    language_packages_seconds: int = 3600  # counted from the start of the assessment
    findings_seconds: int = 900  # counted from the first look at an AMI's findings


class Threshold(Data):
    """When a finding fails an AMI. A finding counts if it meets any of the given conditions."""

    severities: list[Severity] = field(default_factory=lambda: ["CRITICAL", "HIGH"])
    known_exploited: bool | None = None  # CISA KEV lists it; None: true, but for an engine that never tells
    exploit_available: bool = False
    epss: float | None = None  # probability 0..1; at or above it
    discontinued_os: bool = False  # Amazon Inspector's own finding that the operating system is out of support


class Policy(Data):
    """What makes a verdict FAIL."""

    fail_on: Threshold = field(default_factory=Threshold)
    only_fixable: bool = False
    grace_days: int = 0  # since the finding was first observed
    tolerate_known_exploited: bool = False  # onlyFixable and graceDays hold for known exploited findings too
    suppressed: Literal["judge", "tolerate"] = "judge"  # findings that a rule of Amazon Inspector suppresses
    require: list[EvidenceKind] | None = None  # evidence that PASS needs; None: see evidence.requirements
    report_only: bool = False  # findings are reported and none fails an AMI


class Scope(Data):
    """Where an exception holds; every given member must match, and at least one is given."""

    ami: str | None = None
    lineage: str | None = None
    package: str | None = None
    tag: dict[str, str] | None = None


class RiskException(Data, rename="camel"):
    """An accepted vulnerability; all members are required."""

    vulnerability: str
    scope: Scope
    reason: str
    owner: str
    expires: str  # ISO date, the last day on which it holds


class AmiEntry(Data):
    """One AMI of the configuration, normalised: every spelling folded into one, defaults filled in."""

    ami_id: str  # "ami-…" or "resolve:ssm:/path"
    instance_type: str = ""  # "": by the AMI's architecture; in the ledger it is always filled in
    user_data: str = ""  # not kept in the ledger, see Ami.user_data_sha256
    engine: ConfiguredEngine | None = None  # None: the run's
    region: str | None = None  # None: the stack's
    account: str | None = None  # None: the stack's
    lineage: str | None = None
    policy: Policy | None = None


class Placement(Data):
    """Where instances are launched in one region; empty members come from the stack."""

    subnet_ids: list[str] = field(default_factory=list)
    subnet_id: str = ""  # one more
    security_group_id: str = ""
    instance_profile: str = ""
    public_address: bool = False


class Act(Data):
    """What may be done with a verdict; everything is off, and a dry run, unless asked for."""

    dry_run: bool = True
    tag_amis: bool = False
    events: bool = False
    deprecate: bool = False


class Config(Data):
    """A validated configuration. Its JSON form is the parameter's object form."""

    version: int = 1
    engine: ConfiguredEngine = DEFAULT_ENGINE
    waits: Waits = field(default_factory=Waits)
    policy: Policy = field(default_factory=Policy)
    exceptions: list[RiskException] = field(default_factory=list)
    amis: list[AmiEntry] = field(default_factory=list)
    enable_inspector: bool = False
    cis: Literal["LEVEL_1", "LEVEL_2"] | None = None
    security_hub: bool = False
    rules_packages: list[str] = field(default_factory=list)  # Classic: ARNs; empty means all of the region
    finding_tags: list[str] = field(default_factory=list)  # Classic: tag keys to prefer among the 10 attributes
    public_address: bool = False
    placement: dict[str, Placement] = field(default_factory=dict)  # by region, or account/region
    lineage_tag: str | None = None  # None: no tag of theirs tells lineages
    owner_tag: str = "Owner"
    routes: dict[str, str] = field(default_factory=dict)  # owner -> SNS topic ARN
    act: Act = field(default_factory=Act)

    def policy_of(self, ami: Ami) -> Policy:
        """The policy that holds for an AMI: its own, else this one's."""
        return ami.entry.policy or self.policy


# ---------------------------------------------------------------- the ledger

BATCHES = 40  # iterations that an inline Map runs, so that a history stays short whatever the number of AMIs
NO_BATCH = "none"  # the batch of AMIs that are NOT ASSESSED from the start


class Source(Data):
    """The very text that a configuration was read from, so that it can be read again."""

    parameter: str = ""  # "name:version", as GetParameter takes it
    document: str = ""  # "s3://bucket/config/name" that the parameter points to; "" when it holds all
    document_version: str = ""  # S3's version id
    sha256: str = ""  # of the text


class Run(Data):
    """One execution of the state machine. `run_id` is the execution's name."""

    run_id: str
    execution_arn: str
    started_at: str  # ISO 8601, UTC
    account: str
    region: str
    parameter: str
    config: Config  # without AMIs, which have rows of their own, and so without user data
    batches: list[str]
    ami_count: int
    needs_instances: bool
    started_by: str = ""  # a schedule's ARN, or what the starter said of himself; "" when nobody said
    source: Source = field(default_factory=Source)
    expires_at: str = ""  # after this instant `reap` may terminate what is left; moves on with each wave
    collects_at_end: bool = False  # its events run short: findings are collected when no scan runs any more
    waves: int = 0  # that were launched
    closed: bool = False  # what scanners made for this run only is removed
    verdict: Verdict | None = None
    completed_at: str = ""
    report_key: str = ""  # S3 key of report.json
    manifest_sha256: str = ""  # of the manifest of its objects (storage.digests); "" after a last report
    terms_key: str = ""  # S3 key of config.exceptions and config.routes, where the row has no room for them
    error: str = ""
    ended_at: str = ""  # when its execution ended other than succeeded; what follows is a redrive


class Scan(Data):
    """What one completion is awaited for.

    Its key is the assessment run's ARN for Classic (many AMIs), the instance id for `instance`, the scan id for `ami`.
    """

    key: str
    ami_keys: list[str]


SeverityCounts = dict[Severity, int]


class Evidence(Data):
    """What a run knows of one thing that a verdict rests on."""

    kind: EvidenceKind
    status: EvidenceStatus
    detail: str = ""  # what was seen
    at: str = ""  # ISO 8601, UTC
    code: str = ""  # of the reason, where the AMI is NOT ASSESSED for the lack of it
    remedy: str = ""


class Failure(Data):
    """A step that failed for an AMI: the name of its error, and its text where the function could tell it."""

    step: str  # the state's name
    error: str
    cause: str = ""


class Ami(Data):
    """One AMI in one run: a row of the ledger, from lookup to verdict."""

    run_id: str
    batch: str
    key: str  # unique in the run: the AMI id, with "account/region/" before it when not the stack's own
    ami_id: str
    entry: AmiEntry
    engine: Engine
    region: str
    account: str
    user_data_sha256: str = ""  # of the entry's user data, which is read again for the launch; "" when there is none
    engine_reason: str = ""  # why `auto` chose this engine
    name: str = ""
    parameter: str = ""  # SSM parameter that its id was read from, without version or label; "": the entry has the id
    lineage: str = ""
    lineage_rule: LineageRule = ""  # what told it; "": it was not looked up, or by a release that did not say
    architecture: str = ""
    platform: str = ""
    owner_id: str = ""  # account that owns the image, which may be another one than where it was looked up
    root_device: str = ""
    volumes: dict[str, int] = field(default_factory=dict)  # EBS volumes of the AMI: device name -> GiB
    tags: dict[str, str] = field(default_factory=dict)  # the AMI's own, unchanged; without VERDICT_TAGS
    notes: list[str] = field(default_factory=list)  # what was left out or changed, for the reader of the report
    reason: Reason | None = None  # set: NOT ASSESSED, and no later step touches this AMI
    last_fault: Failure | None = None  # of a step's last attempt that failed for it; a later one may have done the work
    failure: Failure | None = None  # set: no later step touches this AMI, which is judged by what is stored of it
    lacking_subnets: list[str] = field(default_factory=list)  # in zones where EC2 does not offer its type; not tried
    wave: int = 0  # in which its instance is launched, counted from 1; 0: in none yet
    deferred_since: str = ""  # when EC2 first refused its launch for the quota of vCPUs
    deferred_at: str = ""  # when it last did
    vcpus: int = 0  # of its instance type; 0: not known
    launch_token: str = ""  # ClientToken of RunInstances, written before the call
    instance_id: str = ""
    launched_at: str = ""  # written before the call, so that a lost answer can be told from a launch that never was
    terminated_at: str = ""  # when its instance was terminated, or found to have ended
    scan: str = ""  # key of its Scan
    assessment_started_at: str = ""  # when Start Run had its scan started; its completion deadline counts from here
    failed_scan: str = ""  # key of the one that it took the place of, as that one failed by a fault of the service's
    scan_status: Literal["", "PENDING", "COMPLETED", "PARTIAL"] = ""
    scanned_at: str = ""
    platform_name: str = ""  # of the operating system, as its agent reports it
    platform_version: str = ""
    scan_started_at: str = ""  # as Inspector says; "" where it does not
    evidence: list[Evidence] = field(default_factory=list)  # one of a kind
    findings_total: int | None = None  # announced by the completion, where the engine says it
    findings_key: str = ""  # S3 key of the NDJSON object; set when findings were collected, even none
    findings_sha256: str = ""  # of that object
    findings_source: str = ""  # the API or event the findings were read from
    counts: SeverityCounts = field(default_factory=dict)
    tags_written: Literal["", "PARTIAL", "DONE"] = ""  # on its findings; PARTIAL: what is left is tried once more
    tag_notes: list[str] = field(default_factory=list)  # what of the tags is not on findings, and what to do


class Completion(Data):
    """What an engine's completion message (or its API, when asked) says of one scan."""

    scan: str
    status: Literal["COMPLETED", "PARTIAL", "FAILED", "RUNNING"]
    account: str = ""
    reason: Reason | None = None
    findings_total: int | None = None
    at: str = ""


class Assessment(Data):
    """A completed assessment of one AMI, in the register of its lineage: what later runs compare with."""

    run_id: str
    key: str
    ami_id: str
    name: str
    lineage: str  # "account/region/lineage"
    engine: Engine
    completed_at: str
    verdict: Verdict
    counts: SeverityCounts = field(default_factory=dict)
    partial: bool = False  # the scan did not see all: nothing is compared with it
    first_at: str = ""  # when the AMI was first assessed in the lineage; "": then
    looked_at: list[FindingKind] = field(default_factory=list)  # of which it would have shown each
    # Of a release that had no registers:
    standings_key: str = ""  # S3 key of the NDJSON object of evaluation.model.FindingStatus
    standings_sha256: str = ""  # of the object; "": a still earlier one noted none


class Deprecation(Data):
    """A deprecation that this system asked for. It is ours as long as EC2 has the same date."""

    ami_id: str
    account: str
    region: str
    at: str  # ISO 8601, UTC, a whole minute
    run_id: str
    parameter: str = ""  # whose configuration asked for it; only this one takes it back
    taken_back: str = ""  # the run that asked to take it back


class Point(Data):
    """One completed run in the trend, of the same parameter."""

    run_id: str
    completed_at: str
    amis: int = 0
    failed: int = 0
    counts: SeverityCounts = field(default_factory=dict)


# ---------------------------------------------------------------- findings


class Package(Struct, frozen=True, gc=False, rename="camel", kw_only=True, omit_defaults=True):
    """A vulnerable package and, where known, the version that fixes it ("" when none)."""

    name: str
    version: str = ""
    fixed_in: str = ""
    architecture: str = ""
    manager: str = ""
    path: str = ""
    remediation: str = ""


END_OF_SUPPORT = "END_OF_SUPPORT"


class Finding(Data, gc=False):
    """One finding of any engine, one line of an AMI's NDJSON object."""

    arn: str
    severity: Severity
    title: str
    type: str  # PACKAGE_VULNERABILITY | NETWORK_REACHABILITY | CODE_VULNERABILITY | CIS | CLASSIC | END_OF_SUPPORT
    source: str  # the API or event that it was read from
    vulnerability_id: str = ""  # CVE id, rule id or check id
    description: str = ""
    score: float | None = None  # Inspector score, else CVSS base score; 0..10
    epss: float | None = None  # 0..1
    exploit_available: bool = False
    last_known_exploit_at: str = ""
    known_exploited_since: str = ""  # CISA KEV date added
    known_exploited_due: str = ""  # CISA KEV due date
    fix_available: Literal["YES", "NO", "PARTIAL", ""] = ""
    first_observed_at: str = ""
    packages: list[Package] = field(default_factory=list)
    network: dict[str, str] | None = None  # protocol, ports and path of a reachability finding
    urls: list[str] = field(default_factory=list)
    cwes: list[str] = field(default_factory=list)
    remedy: str = ""
    suppressed: bool = False  # by a rule of Amazon Inspector
    closed: bool = False  # by Amazon Inspector after the instance had booted: it was in the image
    related: list[str] = field(default_factory=list)  # ids of vulnerabilities that Inspector names beside its own
    # Members that no service has told: "" and False of these are no answers. An unknown EPSS is None; with "epss" here
    # it may be higher than `epss` says.
    unanswered: list[Literal["knownExploited", "exploitAvailable", "epss"]] = field(default_factory=list)
    tags: dict[str, str] | UnsetType = UNSET  # the AMI's tags, joined on when stored
