"""What a register holds."""

from __future__ import annotations

from msgspec import Struct, field

from golden_ami.models import Ami, Assessment, Data, FindingKind, Severity

# Vulnerability, ecosystem, package; for a reachability finding "network" and its protocol and ports. "" is what the
# source did not say. With the AMI's lineage, it is the same in every run.
FindingIdentity = tuple[str, ...]


class Entry(Struct, array_like=True, gc=False):
    """One finding of a lineage. Dates are ISO dates, UTC."""

    vulnerability: str
    packages: list[tuple[str, str]]  # ecosystem and name of each, at least one
    kind: FindingKind
    severity: Severity
    first_seen: str
    last_seen: str
    gone_since: str = ""  # the lineage's newest AMI has it no more; "" while it has, or none was seen without it
    source: str = ""  # the API or event that told of it first
    occurrences: int = 1  # findings of one scan that it stands for: other paths, architectures, versions
    uncertain: bool = False  # seen after a loss: it may be older than `first_seen`, and has no grace
    on: int = 0  # bit n: it was found by the assessment n of the register. In the object, the index of such a number

    @property
    def identities(self) -> list[FindingIdentity]:
        """One for each package."""
        return [(self.vulnerability, *package) for package in self.packages]


class Header(Data):
    """The first line of a register's object; each further line is an entry."""

    version: int = 1
    lineage: str = ""  # "account/region/lineage"
    assessments: list[Assessment] = field(default_factory=list)  # the newest of each AMI, by time
    lost_at: str = ""  # when it was last found that a part of the past was lost; "": never
    sets: list[str] = field(default_factory=list)  # numbers of `Entry.on`, hexadecimal


class KnownAmi(Data):
    """What the last assessment of an AMI knew of it; found by its id when nothing else is left of it.

    `ami_id` is one of `configuration.known.known_ids`.
    """

    ami_id: str
    account: str
    region: str
    lineage: str  # without account and region
    name: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    owner_id: str = ""
    run_id: str = ""
    verdict: str = ""  # as report.verdicts.value_of_ami
    completed_at: str = ""

    @property
    def lineage_key(self) -> str:
        """As the function of this name."""
        return f"{self.account}/{self.region}/{self.lineage}"


def lineage_key(ami: Ami) -> str:
    """The lineage of an AMI: "account/region/lineage"."""
    return f"{ami.account}/{ami.region}/{lineage_name(ami)}"


def lineage_name(ami: Ami) -> str:
    """Its lineage within account and region; what is left of it where it could not be looked up."""
    return ami.lineage or ami.name or ami.ami_id


class RegisterNote(Data):
    """Where a lineage's register is: the ledger's row."""

    key: str  # of the object
    sha256: str
    at: str = ""
