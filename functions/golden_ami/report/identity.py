"""Which finding is the same one as in another run: by what it is about, never by its ARN or its place."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import NamedTuple

from golden_ami.models import Ami, Finding

# Titles of Inspector Classic and of reachability findings name the instance, which is another one in every run.
_RESOURCE = re.compile(r"\b(?:i|eni|ami|sg|vol)-[0-9a-f]{8,17}\b")


class Identity(NamedTuple):
    """A vulnerability in one place of an image. With the AMI's lineage, it is the same in every run."""

    vulnerability: str
    package: str = ""
    architecture: str = ""
    path: str = ""


def identities(finding: Finding) -> list[Identity]:
    """The identities of a finding: one for each package that it names; at least one."""
    vulnerability = finding.vulnerability_id or _RESOURCE.sub("*", finding.title)
    if finding.packages:
        found = {Identity(vulnerability, pkg.name, pkg.architecture, pkg.path) for pkg in finding.packages}
        return sorted(found)
    network = finding.network or {}
    ports = " ".join(network[member] for member in ("protocol", "ports") if network.get(member))
    return [Identity(vulnerability, path=ports)]


def lineage_of(ami: Ami) -> str:
    """The key under which assessments of an AMI's lineage are indexed: "account/region/lineage"."""
    return f"{ami.account}/{ami.region}/{ami.lineage or ami.name or ami.ami_id}"


def day_of(instant: str) -> date | None:
    """The UTC day of an ISO 8601 instant or date; None when it is none."""
    try:
        parsed = datetime.fromisoformat(instant)
    except ValueError:
        return None
    return (parsed.astimezone(UTC) if parsed.tzinfo else parsed).date()
