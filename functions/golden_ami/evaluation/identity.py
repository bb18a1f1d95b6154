"""Which finding is the same one as in another run: by what it is about, never by its ARN or its instance."""

from __future__ import annotations

import re

from golden_ami.evaluation.model import FindingIdentity
from golden_ami.evaluation.packages import Affected
from golden_ami.models import Ami, Finding

# Titles of Inspector Classic and of reachability findings name the instance, which is another one in every run.
_RESOURCE = re.compile(r"\b(?:i|eni|ami|sg|vol)-[0-9a-f]{8,17}\b")


def identities_of(finding: Finding, affected: Affected) -> list[FindingIdentity]:
    """The identities of a finding: one for each package that it names, else one for its ports."""
    vulnerability = finding.vulnerability_id or _RESOURCE.sub("*", finding.title)
    locations = affected.locations or (("", "", _ports(finding)),)
    return [(vulnerability, *location) for location in locations]


def _ports(finding: Finding) -> str:
    """Protocol and ports of a reachability finding, for example "TCP 22"; "" for any other."""
    network = finding.network or {}
    return " ".join(network[member] for member in ("protocol", "ports") if network.get(member))


def lineage_key(ami: Ami) -> str:
    """The key under which assessments of an AMI's lineage are indexed: "account/region/lineage"."""
    return f"{ami.account}/{ami.region}/{ami.lineage or ami.name or ami.ami_id}"
